"""Keys in the admin: made, replaced, revoked, and told what they may do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import ModelAdmin, TabularInline
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import QuerySet
from django.forms import BooleanField, CharField, ModelForm, Textarea
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.admin.reading import ReadOnly
from dispatch.models import ApiKey, KeyEvent, KeyScope
from dispatch.services import keys
from dispatch.services.keys import NewKey, Terms
from polyphemus_site import clock
from polyphemus_site.api.addresses import networks
from polyphemus_site.api.models import SignedCall
from polyphemus_site.errors import PolyphemusError


class ScopeInline(TabularInline[KeyScope, ApiKey]):
    """What the key may do."""

    model = KeyScope
    extra = 1


class KeyEventInline(ReadOnly, TabularInline[KeyEvent, ApiKey]):
    """What happened to the key."""

    model = KeyEvent
    extra = 0


class PlaceForm(ModelForm[ApiKey]):
    """What may be said of a key that is there."""

    def clean_addresses(self) -> list[str]:
        """As they are kept; refused beside the field, where one is none."""
        try:
            return networks(self.cleaned_data["addresses"])
        except PolyphemusError as refusal:
            raise ValidationError(str(refusal)) from refusal


class KeyForm(PlaceForm):
    """What is said of a new key; its secret is made, never typed."""

    public_key = CharField(
        required=False,
        widget=Textarea,
        label=gettext_lazy("Public key"),
        help_text=gettext_lazy(
            "The analyst's own Ed25519 public key, PEM or base64. Without it a secret is made."
        ),
    )

    pending = BooleanField(
        required=False,
        label=gettext_lazy("Pending"),
        help_text=gettext_lazy("Not believed until an admin lets it in."),
    )

    def clean(self) -> dict[str, Any]:
        """Refused here, beside the fields, if it could not be made."""
        cleaned = super().clean() or {}
        if not {"analyst", "scheme", "public_key"} <= cleaned.keys():
            return cleaned
        cleaned["analyst"] = cleaned["analyst"].lower()
        said = {name: cleaned[name] for name in ("analyst", "scheme", "public_key")}
        try:
            keys.usable(settings.POLYPHEMUS_KEK)
            keys.refuse_impossible(**said, now=clock.now())  # noqa: TID251 — the edge: an admin's click
        except (PolyphemusError, ImproperlyConfigured) as refusal:
            raise ValidationError(str(refusal)) from refusal
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin[ApiKey]):
    """Keys without their secrets: one is shown by the page that made it, and never again."""

    list_display = ("id", "analyst", "scheme", "algorithm", "state", "expires_at", "created_at")
    list_filter = ("state", "scheme")
    search_fields = ("id", "analyst")
    exclude = ("ciphertext", "nonce", "kek_version")
    new_fields = ("analyst", "scheme", "public_key", "not_before", "expires_at", "addresses", "pending")
    readonly_fields = (
        *("id", "analyst", "scheme", "algorithm", "fingerprint", "state", "created_at", "created_by"),
        *("not_before", "expires_at", "last_used_at"),
    )
    inlines = (ScopeInline, KeyEventInline)
    actions = ("rotate", "activate", "revoke")

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, **kwargs: Any) -> Any:  # type: ignore[override]  # Django's own signature has more names for the same
        """A form for a new key; of one that is there only scopes and addresses change."""
        return super().get_form(request, obj, **(kwargs | {"form": PlaceForm if obj else KeyForm}))

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """What is typed, or what is shown."""
        return super().get_fields(request, obj) if obj else self.new_fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:  # noqa: ARG002 — Django's signature
        """Nearly all of a key that is there."""
        return self.readonly_fields if obj else ()

    @admin.display(description=gettext_lazy("last used"))
    def last_used_at(self, obj: ApiKey) -> datetime | None:
        """When a call with it was last believed, as the audit has it."""
        used = SignedCall.objects.filter(key_id=obj.pk, accepted=True).order_by("-at")
        return used.values_list("at", flat=True).first()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001 — Django's signature
        """Make a new key; of one that is there nothing but its addresses and scopes is saved."""
        now, actor = clock.now(), str(request.user)  # noqa: TID251 — the edge: an admin's click
        if change:
            keys.bind(obj, form.cleaned_data["addresses"], actor=actor, now=now)
            return
        made = keys.create(
            analyst=obj.analyst,
            scheme=obj.scheme,
            public_key=form.cleaned_data["public_key"],
            kek=settings.POLYPHEMUS_KEK,
            actor=actor,
            now=now,
            terms=Terms(
                not_before=obj.not_before,
                expires_at=obj.expires_at,
                addresses=obj.addresses,
                is_pending=form.cleaned_data["pending"],
            ),
        )
        obj.__dict__.update(made.key.__dict__)
        form.told = made

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 — Django's signature
        """The scopes, and a line of history about them."""
        before = keys.scopes_of(form.instance)
        super().save_related(request, form, formsets, change)
        now = clock.now()  # noqa: TID251 — the edge: an admin's click
        keys.note_scopes(form.instance, before, actor=str(request.user), now=now)
        request.told = getattr(form, "told", None)  # type: ignore[attr-defined]  # for the answer, which knows no form

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> Any:  # noqa: ARG002 — Django's signature
        """The one page that shows the secret."""
        return self._shown(request, request.told)  # type: ignore[attr-defined]  # set just before

    def _shown(self, request: HttpRequest, made: NewKey) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Key %(key)s") % {"key": made.key.pk},
            "made": made,
        }
        return TemplateResponse(request, "dispatch/key_told.html", context)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:  # noqa: ARG002 — Django's signature
        """Keys are revoked; what they did stays known."""
        return False

    @admin.action(description=gettext_lazy("Replace the selected key by a new one"), permissions=["change"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> TemplateResponse | None:
        """Show the new one's secret; the old one goes on for a week."""
        try:
            made = keys.rotate(
                queryset.get(),
                keep=keys.OVERLAP,
                kek=settings.POLYPHEMUS_KEK,
                actor=str(request.user),
                now=clock.now(),  # noqa: TID251 — the edge: an admin's click
            )
        except ApiKey.MultipleObjectsReturned:
            self.message_user(request, _("Select one key."), "ERROR")
        except (PolyphemusError, ImproperlyConfigured) as refusal:
            self.message_user(request, str(refusal), "ERROR")
        else:
            return self._shown(request, made)
        return None

    @admin.action(description=gettext_lazy("Let the selected pending keys in"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Believe them from now on."""
        for key in queryset:
            try:
                keys.activate(key, actor=str(request.user), now=clock.now())  # noqa: TID251 — the edge: an admin's click
            except PolyphemusError as refusal:
                self.message_user(request, str(refusal), "ERROR")

    @admin.action(description=gettext_lazy("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Refuse them from now on."""
        now = clock.now()  # noqa: TID251 — the edge: an admin's click
        for key in queryset:
            keys.revoke(key, actor=str(request.user), now=now)
        self.message_user(request, _("Revoked."))
