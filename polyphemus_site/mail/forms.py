"""What a recipient may wish, as a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from polyphemus_site.mail.kinds import Kind
from polyphemus_site.mail.models import Mailbox


class WishesForm(forms.ModelForm[Mailbox]):
    """Quiet hours, zone and cap, and which kinds."""

    kinds = forms.MultipleChoiceField(
        label=_("Kinds of mail you want"), widget=forms.CheckboxSelectMultiple, required=False
    )

    class Meta:
        """The wishes a recipient sets; blocking is not among them."""

        model = Mailbox
        fields = ("language", "quiet_from", "quiet_until", "zone", "daily_cap")
        labels: ClassVar[dict[str, Any]] = {
            "language": _("Language of your mail"),
            "quiet_from": _("Quiet from"),
            "quiet_until": _("until"),
            "zone": _("in the time zone"),
            "daily_cap": _("At most so many mails a day"),
        }
        widgets: ClassVar[dict[str, Any]] = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def offer(self, offered: Iterable[Kind], *, unwanted: set[str]) -> None:
        """The kinds there are, with the wanted ones marked."""
        field = cast("forms.MultipleChoiceField", self.fields["kinds"])
        choices = [(kind.name, gettext(kind.label)) for kind in offered]
        field.choices = choices
        self.initial["kinds"] = [name for name, _label in choices if name not in unwanted]

    def clean(self) -> dict[str, Any]:
        """Quiet hours have two ends or none."""
        cleaned = super().clean() or {}
        if (cleaned.get("quiet_from") is None) != (cleaned.get("quiet_until") is None):
            self.add_error("quiet_until", _("Give both ends of the quiet hours, or neither."))
        return cleaned
