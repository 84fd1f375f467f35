"""The questions asked of the loaders' rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from loaders.states import STANDING, ScanKind, SuggestionStatus
from polyphemus_site.janus.people import Person

if TYPE_CHECKING:
    from loaders.models import Change, ScanRun, Suggestion  # noqa: F401 — named in the strings below


class SuggestionQuerySet(QuerySet["Suggestion"]):
    """Questions about suggestions."""

    def standing(self) -> SuggestionQuerySet:
        """Open or snoozed: at most one an anchor and loader."""
        return self.filter(status__in=STANDING)

    def visible_to(self, person: Person, projects: Iterable[str]) -> SuggestionQuerySet:
        """Those of these projects that the person may see; restricted ones only with the right to it."""
        return self.seen_with_shadows(person, projects).filter(shadow=False)

    def seen_with_shadows(self, person: Person, projects: Iterable[str]) -> SuggestionQuerySet:
        """The same, with those that loaders made which are only tried out."""
        viewable = [project for project in projects if person.can_view(project)]
        cleared = [project for project in viewable if person.can_see_restricted(project)]
        return self.filter(Q(project__in=cleared) | Q(project__in=viewable, restricted=False))

    def offered_to(self, email: str) -> SuggestionQuerySet:
        """Open, and not waved away by this person for these inputs, in this suggestion or an earlier one."""
        same = {f"suggestion__{name}": OuterRef(name) for name in ("project", "loader", "model", "anchor")}
        waved = apps.get_model("loaders", "Dismissal").objects.filter(
            person=email, fingerprint=OuterRef("fingerprint"), **same
        )
        return self.filter(~Exists(waved), status=SuggestionStatus.OPEN)

    def with_alternatives(self, suggestion: Suggestion) -> SuggestionQuerySet:
        """What stands on a suggestion's card: itself, and those that would make the same output."""
        card = {name: getattr(suggestion, name) for name in ("project", "model", "anchor", "output_key")}
        return self.filter(Q(pk=suggestion.pk) | Q(status__in=STANDING, shadow=False, **card))

    def to_wake(self, *, now: datetime) -> SuggestionQuerySet:
        """Snoozed until an instant that has come."""
        return self.filter(status=SuggestionStatus.SNOOZED, snoozed_until__lte=now)

    def resting_on(self, project: str, records: Iterable[str]) -> SuggestionQuerySet:
        """Standing suggestions that were drawn from any of these records (`model/name`)."""
        return self.standing().filter(project=project, records__overlap=list(records))


class ChangeQuerySet(QuerySet["Change"]):
    """Questions about changes."""

    def pending(self, project: str, *, now: datetime) -> ChangeQuerySet:
        """Those nobody has judged since, and whose time has come, the oldest first."""
        return self.filter(project=project, pending=True, ripe_at__lte=now).order_by("ripe_at", "pk")


class ScanRunQuerySet(QuerySet["ScanRun"]):
    """Questions about scans."""

    def latest_each(self) -> ScanRunQuerySet:
        """The last run of each project, model and kind."""
        return self.order_by("project", "model", "kind", "-started_at").distinct("project", "model", "kind")

    def latest_each_way(self) -> ScanRunQuerySet:
        """The last run of each that came to its end, and the last of each that didn't, at once."""
        complete = ExpressionWrapper(Q(error="", ended_at__isnull=False), output_field=BooleanField())
        each = ("project", "model", "kind", "is_complete")
        return self.annotate(is_complete=complete).order_by(*each, "-started_at").distinct(*each)

    def complete(self) -> ScanRunQuerySet:
        """The last full scan of each project and model that came to its end."""
        return self.filter(kind=ScanKind.FULL, error="", ended_at__isnull=False).latest_each()

    def since(self, run: ScanRun) -> ScanRunQuerySet:
        """Of the same project and kind, later ones."""
        return self.filter(project=run.project, kind=run.kind, started_at__gt=run.started_at)

    def failing(self) -> list[ScanRun]:
        """The last runs that failed, but for failures to start that a later start has made good."""
        ended_well = self.filter(error="", ended_at__isnull=False)
        return [
            run
            for run in self.latest_each()
            if run.error and (run.model or not ended_well.since(run).exists())
        ]
