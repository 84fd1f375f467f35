"""Operators look at suggestions, changes and scans here; nothing is changed by hand but a cursor."""

from __future__ import annotations

import json
from datetime import timedelta

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loaders import knowledge
from loaders.errors import unquoting
from loaders.models import ScanCursor, ScanRun, Suggestion, SuggestionEvent
from loaders.querysets import SuggestionQuerySet
from loaders.serializers import receipt_json
from loaders.services import mappings
from loaders.tables import ListedBucket, RedcapMapping
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.janus.admin import ProjectAdmin
from polyphemus_site.janus.people import Person
from polyphemus_site.sentences import told


class LookOnly(admin.ModelAdmin[Model]):
    """Rows that the program alone writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 — Django's signature
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 — the same
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 — the same
        """Nobody deletes."""
        return False


def seen_by(request: HttpRequest) -> SuggestionQuerySet:
    """The suggestions whoever asks may see."""
    person = getattr(request, "person", None)
    projects = Suggestion.objects.order_by().values_list("project", flat=True).distinct()
    if isinstance(person, Person):
        return Suggestion.objects.visible_to(person, projects)
    return Suggestion.objects.filter(restricted=False, shadow=False)


@admin.register(Suggestion)
class SuggestionAdmin(ProjectAdmin[Suggestion]):
    """What was suggested, and what became of it, for the admins of its project."""

    list_display = ("id", "project", "loader", "anchor", "status", "due", "why", "opened_at")
    list_filter = ("status", "project", "loader", "due")
    search_fields = ("anchor", "request_name")
    exclude = ("reason", "because", "receipt")
    readonly_fields = ("why", "ending", "evidence")

    @admin.display(description=gettext_lazy("Why"))
    def why(self, suggestion: Suggestion) -> str:
        """The reason, in the reader's language."""
        return told(suggestion.reason)

    @admin.display(description=gettext_lazy("because"))
    def ending(self, suggestion: Suggestion) -> str:
        """Why it ended, the same."""
        return told(suggestion.because)

    @admin.display(description=gettext_lazy("Receipt"))
    def evidence(self, suggestion: Suggestion) -> str:
        """The frozen why, the same."""
        receipt = json.dumps(receipt_json(suggestion.receipt), indent=1, ensure_ascii=False)
        return format_html("<pre>{}</pre>", receipt)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Suggestion]:
        """Restricted ones only for people who may see restricted data, here as everywhere."""
        return super().get_queryset(request).filter(pk__in=seen_by(request).values("pk"))


@admin.register(SuggestionEvent)
class SuggestionEventAdmin(ProjectAdmin[SuggestionEvent]):
    """Their history."""

    project_lookup = "suggestion__project"

    list_display = ("at", "suggestion", "kind", "actor", "words")
    list_filter = ("kind",)
    exclude = ("note",)
    readonly_fields = ("words",)

    @admin.display(description=gettext_lazy("Why"))
    def words(self, event: SuggestionEvent) -> str:
        """The note, in the reader's language."""
        return told(event.note)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SuggestionEvent]:
        """Those of suggestions that may be seen."""
        return super().get_queryset(request).filter(suggestion__in=seen_by(request))


@admin.register(ScanRun)
class ScanRunAdmin(LookOnly):
    """How scans went."""

    list_display = (
        "started_at",
        "kind",
        "project",
        "model",
        "pages",
        "records",
        "judged",
        "expected",
        "progress",
        "concluded",
        "ended_at",
        "trouble",
    )
    list_filter = ("kind", "project", "error_code")
    exclude = ("error", "faults")
    readonly_fields = ("trouble", "failed")

    @admin.display(description=gettext_lazy("verdicts"))
    def concluded(self, run: ScanRun) -> str:
        """How many of each kind so far, whatever the loader."""
        return knowledge.concluded(run)

    @admin.display(description=gettext_lazy("error"))
    def trouble(self, run: ScanRun) -> str:
        """What ended it, without what that may quote: rows of all projects are here."""
        return unquoting(run.error)

    @admin.display(description=gettext_lazy("faults"))
    def failed(self, run: ScanRun) -> str:
        """The loaders that failed, the same."""
        return "\n".join(f"{loader}: {unquoting(fault)}" for loader, fault in run.faults.items())

    @admin.display(description=gettext_lazy("how far"))
    def progress(self, run: ScanRun) -> str:
        """Of one under way how far, how fast, and how long still."""
        now = clock.now()  # noqa: TID251 — the admin is a view
        left = knowledge.left_of(run, now=now)
        rate = f"{knowledge.rate_of(run, now=now):,.0f}/s"
        if run.ended_at or left is None:
            return rate
        return _("%(share).0f%% at %(rate)s, %(left)s left") % {
            "share": 100 * run.records / (run.expected or 1),
            "rate": rate,
            "left": timedelta(seconds=round(left)),
        }


@admin.register(ScanCursor)
class ScanCursorAdmin(admin.ModelAdmin[ScanCursor]):
    """How far scans have read; setting one back makes them read again, which does no harm."""

    list_display = ("project", "model", "disconnected", "since", "read_at", "found", "missed")
    readonly_fields = ("project", "model", "disconnected", "read_at", "found", "missed")
    list_filter = ("project",)


@admin.register(ListedBucket)
class ListedBucketAdmin(LookOnly):
    """How far Metis has been listed."""

    list_display = ("project", "bucket", "read_at", "whole_at", "since", "error")
    list_filter = ("project",)


@admin.register(RedcapMapping)
class RedcapMappingAdmin(admin.ModelAdmin[RedcapMapping]):
    """Which fields fill which attributes; strict mode wants a confirmation of the mapping as it is."""

    list_display = ("project", "name", "model", "version", "strict", "is_confirmed", "confirmed_by")
    readonly_fields = ("version", "confirmed_version", "confirmed_by", "updated_at")
    list_filter = ("project",)
    actions = ("confirm_strict",)

    def save_model(self, request: HttpRequest, obj: RedcapMapping, form: object, change: bool) -> None:  # noqa: ARG002, FBT001 — Django's signature
        """By the service: a changed mapping is another version."""
        mappings.save(obj, now=clock.now())  # noqa: TID251 — a form's view stands here

    @admin.action(
        description=gettext_lazy("Confirm: strict mode may empty attributes"), permissions=["change"]
    )
    def confirm_strict(self, request: HttpRequest, chosen: QuerySet[RedcapMapping]) -> None:
        """Of each mapping chosen, as it is now."""
        person, now = request.user.get_username(), clock.now()  # noqa: TID251 — an action's view stands here
        for mapping in chosen:
            try:
                mappings.confirm(mapping, version=mapping.version, person=person, now=now)
            except PolyphemusError as refusal:
                self.message_user(request, f"{mapping}: {refusal.message}", messages.ERROR)
