"""Questions asked of the rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

from django.db.models import Count, F, Min, Q, QuerySet, Sum, Window
from django.db.models.functions import Coalesce, RowNumber

from orphans.states import LIVE, BundleStatus, Cause, Fate, OrphanStatus, ReviewStatus, StrikeStatus

if TYPE_CHECKING:
    from orphans.models import Bundle, Orphan, Review, ReviewItem  # noqa: F401 — named by the querysets' parameters


#: Groups shown of a review; the rest is found by filtering.
MOST_GROUPS = 50


class Onlooker(Protocol):
    """A person, as far as these questions need one."""

    def can_see_restricted(self, project: str) -> bool:
        """Whether restricted records of the project are for this person's eyes."""
        ...


class OrphanQuerySet(QuerySet["Orphan"]):
    """Orphans asked for by what matters."""

    def live(self) -> Self:
        """Those that are orphans still."""
        return self.filter(status__in=LIVE)

    def waiting(self) -> Self:
        """Those nobody has decided on."""
        return self.filter(status=OrphanStatus.OPEN)

    def of_project(self, project: str, *, onlooker: Onlooker) -> Self:
        """A project's, without the restricted ones unless they are for these eyes."""
        rows = self.filter(project=project)
        return rows if onlooker.can_see_restricted(project) else rows.filter(restricted=False)

    def named(self, *, model: str, records: list[str]) -> Self:
        """Records of one model by identifier."""
        return self.filter(model=model, record__in=records)

    def put_off_until(self, *, now: datetime) -> Self:
        """Those put off whose time has come; exactly at the instant counts."""
        return self.filter(status=OrphanStatus.LATER, later_until__lte=now)

    def groups(self) -> list[dict[str, Any]]:
        """How many by model, cause and state, the largest first, with the words for both."""
        rows = self.values("model", "cause", "status").annotate(count=Count("pk")).order_by("-count", "model")
        return [
            {**row, "cause_text": Cause(row["cause"]).label, "status_text": OrphanStatus(row["status"]).label}
            for row in rows
        ]


class ReviewQuerySet(QuerySet["Review"]):
    """Reviews asked for by what matters."""

    def to_advance(self, *, now: datetime) -> Self:
        """Removals with a next step whose time has come."""
        steps = Q(status__in=[ReviewStatus.APPROVED, ReviewStatus.REMOVING, ReviewStatus.HANDED_OVER])
        due = steps & (Q(try_again_at=None) | Q(try_again_at__lte=now))
        unsettled = Q(status=ReviewStatus.CANCELLED, strikes__status=StrikeStatus.COMMITTING)
        return self.filter(due | unsettled).distinct().order_by("pk")

    def to_gather(self) -> Self:
        """Reviews whose records were never read to the end."""
        return self.filter(status=ReviewStatus.GATHERING).order_by("pk")

    def unfinished(self) -> Self:
        """Reviews that still want somebody."""
        return self.exclude(status__in=[ReviewStatus.DONE, ReviewStatus.CANCELLED])


class ReviewItemQuerySet(QuerySet["ReviewItem"]):
    """The orphans of a review."""

    def pending(self) -> Self:
        """Those whose fate is open."""
        return self.filter(fate=Fate.PENDING)

    def for_eyes(self, onlooker: Onlooker, *, project: str) -> Self:
        """Without those of restricted orphans, unless they are for these eyes."""
        return self if onlooker.can_see_restricted(project) else self.filter(orphan__restricted=False)

    def groups(self) -> list[dict[str, Any]]:
        """How many by model, cause, batch and fate, with their records, the largest first."""
        rows = (
            self.values("orphan__model", "orphan__cause", "orphan__batch", "fate")
            .annotate(
                count=Count("pk"),
                records=Sum("records"),
                since=Min(Coalesce("orphan__appeared_at", "orphan__found_at")),
                by=Min("orphan__appeared_by"),
            )
            .order_by("-count", "orphan__model", "orphan__batch")
        )
        return [
            {
                "model": row["orphan__model"],
                "cause": row["orphan__cause"],
                "cause_text": Cause(row["orphan__cause"]).label,
                "batch": row["orphan__batch"],
                "fate": row["fate"],
                "fate_text": Fate(row["fate"]).label,
                "count": row["count"],
                "records": row["records"],
                "since": row["since"],
                "by": row["by"],
            }
            for row in rows[:MOST_GROUPS]
        ]

    def sizes(self, orphans: list[int]) -> dict[int, int]:
        """How many records each of these orphans' trees held when last reviewed, by the orphan's id."""
        rows = self.filter(orphan__in=orphans, records__gt=0).order_by("pk")
        return dict(rows.values_list("orphan_id", "records"))

    def sample(self, most: int) -> list[ReviewItem]:
        """Some of every group before more of any."""
        place = Window(
            RowNumber(),
            partition_by=[F("orphan__model"), F("orphan__cause"), F("orphan__batch"), F("fate")],
            order_by="pk",
        )
        ranked = self.order_by().annotate(place=place).order_by("place", "pk")
        chosen = list(ranked.values_list("pk", flat=True)[:most])
        found = self.model.objects.select_related("orphan").in_bulk(chosen)
        return [found[pk] for pk in chosen if pk in found]

    def removed(self) -> Self:
        """Those that are gone by this review."""
        return self.filter(fate=Fate.REMOVED)


class BundleQuerySet(QuerySet["Bundle"]):
    """Copies asked for by what matters."""

    def unspent(self) -> Self:
        """Those with records still to decide, in order."""
        return self.exclude(status=BundleStatus.SPENT).order_by("number")

    def past_keeping(self, *, now: datetime) -> Self:
        """Those that may be deleted by hand."""
        return self.filter(keep_until__lt=now)
