"""Endpoints and the log of deliveries, for admins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin, TabularInline
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.webhooks.models import Attempt, Delivery, Endpoint, EndpointEvent
from dispatch.webhooks.services import delivery, endpoints
from dispatch.webhooks.states import TYPES
from polyphemus_site import clock
from polyphemus_site.errors import MoveRefusedError


class Kept:
    """Rows that services write, and nobody deletes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """No."""
        return False


class EndpointForm(ModelForm[Endpoint]):
    """Knows the types there are."""

    def clean_types(self) -> Any:
        """A list of types of events."""
        types = self.cleaned_data["types"] or []
        if not isinstance(types, list) or (unknown := [one for one in types if one not in TYPES.values()]):
            known = ", ".join(TYPES.values())
            told = unknown[0] if isinstance(types, list) else types
            raise ValidationError(
                _("Give a list of these: %(known)s. Not one of them: %(told)s.")
                % {"known": known, "told": told}
            )
        return types


class EndpointEventInline(Kept, TabularInline[EndpointEvent, Endpoint]):
    """What happened to the endpoint."""

    model = EndpointEvent
    extra = 0
    readonly_fields = ("kind", "actor", "at")


@admin.register(Endpoint)
class EndpointAdmin(Kept, ModelAdmin[Endpoint]):
    """Endpoints without their secrets: those are told once, by `manage.py create_webhook`."""

    form = EndpointForm
    list_display = ("id", "owner", "url", "state", "created_at")
    list_filter = ("state",)
    search_fields = ("id", "owner", "url")
    fields = ("id", "owner", "url", "types", "state", "old_until", "created_at", "created_by")
    readonly_fields = ("id", "owner", "url", "state", "old_until", "created_at", "created_by")
    inlines = (EndpointEventInline,)
    actions = ("send_test", "pause", "resume")

    @admin.action(description=gettext_lazy("Send a test event"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Owe each a test; its try shows at Deliveries within seconds."""
        for endpoint in queryset:
            try:
                endpoints.send_test(endpoint, now=clock.now())  # noqa: TID251 — the edge: an admin's click
            except MoveRefusedError as refusal:
                self.message_user(request, refusal.message, "ERROR")
                continue
            self.message_user(request, _("%(endpoint)s is told; see Deliveries.") % {"endpoint": endpoint})

    @admin.action(description=gettext_lazy("Pause the selected endpoints"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Tell them nothing more."""
        now, actor = clock.now(), str(request.user)  # noqa: TID251 — the edge: an admin's click
        count = sum(endpoints.pause(endpoint, actor=actor, now=now) for endpoint in queryset)
        self.message_user(request, _("Paused: %(count)s.") % {"count": count})

    @admin.action(description=gettext_lazy("Resume the selected endpoints"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Tell them again."""
        now, actor = clock.now(), str(request.user)  # noqa: TID251 — the edge: an admin's click
        count = sum(endpoints.resume(endpoint, actor=actor, now=now) for endpoint in queryset)
        self.message_user(request, _("Resumed: %(count)s.") % {"count": count})


class AttemptInline(Kept, TabularInline[Attempt, Delivery]):
    """Every try, and what came of it."""

    model = Attempt
    extra = 0
    readonly_fields = ("at", "status", "error", "milliseconds")


@admin.register(Delivery)
class DeliveryAdmin(Kept, ModelAdmin[Delivery]):
    """The log; the one thing to do is to owe a delivery again."""

    list_display = ("id", "type", "endpoint", "status", "attempts", "created_at", "delivered_at")
    list_filter = ("status", "type", "endpoint")
    search_fields = ("id", "body")
    list_select_related = ("endpoint",)
    show_full_result_count = False
    inlines = (AttemptInline,)
    actions = ("deliver_again",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """No: what was sent stays as it was."""
        return False

    def has_redelivery_permission(self, request: HttpRequest) -> bool:
        """Whoever may change deliveries, if they could be changed."""
        return request.user.has_perm("webhooks.change_delivery")

    @admin.action(description=gettext_lazy("Deliver again"), permissions=["redelivery"])
    def deliver_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Owe the selected deliveries again, as they were."""
        now = clock.now()  # noqa: TID251 — the edge: an admin's click
        count = sum(delivery.redeliver(one, now=now) for one in queryset)
        self.message_user(request, _("Delivered again: %(count)s.") % {"count": count})
