"""What became of each loader's suggestions: the figures that tell its author whether it is of use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q

from loaders.models import Dismissal, SuggestionEvent
from loaders.querysets import SuggestionQuerySet
from loaders.states import STANDING, SuggestionEventKind, SuggestionStatus

#: What nobody has done anything about for so long counts as ignored.
IGNORED_AFTER = timedelta(days=14)
MOST_REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Usefulness:
    """One loader's suggestions by what became of them: each counts once, under the first that fits."""

    loader: str
    offered: int
    accepted: int
    #: Dismissed for the project.
    dismissed: int
    #: Put away by somebody for themselves, and by nobody accepted.
    waved: int
    #: Open for two weeks without anybody doing anything.
    ignored: int
    #: Over before anybody did anything: the output appeared, or the inputs changed.
    overtaken: int
    #: Why people had no use for them, the most frequent first.
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def waiting(self) -> int:
        """Those it is too early to count."""
        told = self.accepted + self.dismissed + self.waved + self.ignored + self.overtaken
        return self.offered - told

    @property
    def judged(self) -> int:
        """Those that people have accepted, put away or ignored."""
        return self.accepted + self.dismissed + self.waved + self.ignored

    @property
    def percent(self) -> int | None:
        """How many of a hundred judged ones were accepted; None while there are none."""
        return round(100 * self.accepted / self.judged) if self.judged else None


def measured(rows: SuggestionQuerySet, *, now: datetime) -> list[Usefulness]:
    """The figures of every loader among these suggestions, by its name."""
    known = rows.filter(shadow=False)
    touched = SuggestionEvent.objects.filter(suggestion=OuterRef("pk"), kind=SuggestionEventKind.SNOOZED)
    counted = (
        known.annotate(
            is_waved=Exists(Dismissal.objects.filter(suggestion=OuterRef("pk"))), is_touched=Exists(touched)
        )
        .values("loader")
        .annotate(
            offered=Count("pk"),
            accepted=Count("pk", filter=Q(status=SuggestionStatus.ACCEPTED)),
            dismissed=Count("pk", filter=Q(status=SuggestionStatus.DISMISSED)),
            waved=Count("pk", filter=Q(is_waved=True, status__in=[*STANDING, SuggestionStatus.CLOSED])),
            ignored=Count("pk", filter=_ignored(now)),
            overtaken=Count("pk", filter=Q(status=SuggestionStatus.CLOSED, is_waved=False)),
        )
        .order_by("loader")
    )
    reasons = _reasons(known)
    return [Usefulness(**counts, reasons=reasons.get(counts["loader"], ())) for counts in counted]


def _ignored(now: datetime) -> Q:
    return Q(
        status=SuggestionStatus.OPEN, is_waved=False, is_touched=False, opened_at__lte=now - IGNORED_AFTER
    )


def _reasons(rows: SuggestionQuerySet) -> dict[str, tuple[tuple[str, int], ...]]:
    """Loader -> what people gave as reasons, and how often; letter case makes no difference."""
    waved = Dismissal.objects.filter(suggestion__in=rows).exclude(reason="")
    dismissed = rows.filter(status=SuggestionStatus.DISMISSED).exclude(because="")
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for loader, reason in _said(waved.values_list("suggestion__loader", "reason")):
        counts[loader][reason] += 1
    for loader, reason in _said(dismissed.values_list("loader", "because")):
        counts[loader][reason] += 1
    return {loader: _most(said) for loader, said in counts.items()}


def _said(rows: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((loader, " ".join(reason.split()).capitalize()) for loader, reason in rows)


def _most(said: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(said.items(), key=lambda item: (-item[1], item[0]))[:MOST_REASONS])
