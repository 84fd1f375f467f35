"""What a project's admins may decide, as a form: each loader, a limit, the digest's hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from loaders.loader import Loader
from polyphemus_site.mail.models import validate_zone
from polyphemus_site.projects.decisions import Decided

ON, SHADOW, OFF = "on", "shadow", "off"
CHOICES = [(ON, _("on")), (SHADOW, _("tried out")), (OFF, _("off"))]
PREFIX = "loader-"


@dataclass(frozen=True, slots=True)
class Line:
    """One loader of the form: what it is, and its field."""

    loader: Loader
    field: BoundField


class SettingsForm(forms.Form):
    """The fields every project has; those of its loaders are added when it is made."""

    most_open_requests = forms.IntegerField(
        label=_("Requests that are not over, at most"),
        help_text=_("Empty: any number. Beyond it nobody can publish another in this project."),
        min_value=1,
        max_value=1_000_000,
        required=False,
    )
    digest_hour = forms.IntegerField(label=_("Hour of the digest"), min_value=0, max_value=23)
    digest_zone = forms.CharField(label=_("in the time zone"), max_length=50, validators=[validate_zone])
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self, data: Mapping[str, Any] | None, *, decided: Decided, loaders: Iterable[Loader]
    ) -> None:
        """Show what holds now, or what was typed."""
        self.loaders = tuple(loaders)
        standing = {PREFIX + loader.name: _standing(decided, loader.name) for loader in self.loaders}
        super().__init__(data, initial=decided.plain() | {"version": decided.version} | standing)
        for loader in self.loaders:
            self.fields[PREFIX + loader.name] = forms.ChoiceField(
                label=loader.name, choices=CHOICES, widget=forms.RadioSelect
            )

    @property
    def lines(self) -> list[Line]:
        """The loaders with their fields."""
        return [Line(loader, self[PREFIX + loader.name]) for loader in self.loaders]

    @property
    def others(self) -> list[BoundField]:
        """The fields every project has, without the hidden one."""
        return [self[name] for name in ("most_open_requests", "digest_hour", "digest_zone")]

    def wanted(self, decided: Decided) -> Decided:
        """What was chosen; what concerns loaders that aren't shown stays as it was decided."""
        shown = {loader.name for loader in self.loaders}
        return Decided(
            loaders_off=self._chosen(OFF, kept=set(decided.loaders_off) - shown),
            loaders_shadow=self._chosen(SHADOW, kept=set(decided.loaders_shadow) - shown),
            most_open_requests=self.cleaned_data["most_open_requests"],
            digest_hour=self.cleaned_data["digest_hour"],
            digest_zone=self.cleaned_data["digest_zone"],
            version=self.cleaned_data["version"],
        )

    def _chosen(self, choice: str, *, kept: set[str]) -> tuple[str, ...]:
        names = {loader.name for loader in self.loaders if self.cleaned_data[PREFIX + loader.name] == choice}
        return tuple(sorted(names | kept))


def loaders_for(project: str, known: Iterable[Loader]) -> Sequence[Loader]:
    """Those that may concern a project, but for those that are nothing but shadows of others."""
    wanted = [one for one in known if not one.is_shadow and (not one.projects or project in one.projects)]
    return sorted(wanted, key=lambda loader: loader.name)


def _standing(decided: Decided, loader: str) -> str:
    if loader in decided.loaders_off:
        return OFF
    return SHADOW if loader in decided.loaders_shadow else ON
