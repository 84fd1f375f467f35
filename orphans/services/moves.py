"""The one place where an orphan or a review changes its state, always with its line of history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from orphans.errors import AlreadyDecidedError
from orphans.models import AuditEntry, Orphan, Review
from orphans.states import LIVE, ORPHAN_MOVES, REVIEW_MOVES, Decision, OrphanStatus, ReviewStatus
from polyphemus_site.moves import sources_of

#: Rows locked, updated and written down at once: bounds memory, not correctness.
CHUNK = 2000


@dataclass(frozen=True)
class By:
    """Who moves something, when, and why."""

    actor: str
    now: datetime
    note: str = ""
    review: Review | None = None
    bundle_sha256: str = ""


def move_orphans(
    ids: Iterable[int],
    *,
    to: OrphanStatus,
    by: By,
    sources: Collection[OrphanStatus] | None = None,
    **fields: Any,
) -> set[int]:
    """Move those of the orphans that may go there; return which did.

    `fields` are written with the move. One transaction a chunk of ids, each row conditional on its state.
    """
    wanted = sorted(set(ids))
    allowed = sources_of(ORPHAN_MOVES, to) & frozenset(sources if sources is not None else OrphanStatus)
    if to not in LIVE:
        fields["closed_at"] = by.now
    moved: set[int] = set()
    for start in range(0, len(wanted), CHUNK):
        moved |= _move_chunk(wanted[start : start + CHUNK], to=to, allowed=allowed, by=by, fields=fields)
    return moved


def _move_chunk(
    ids: list[int], *, to: OrphanStatus, allowed: frozenset[OrphanStatus], by: By, fields: dict[str, Any]
) -> set[int]:
    with transaction.atomic():
        rows = Orphan.objects.filter(pk__in=ids, status__in=allowed).only("project", "status")
        rows = rows.select_for_update().order_by("pk")
        before = {row.pk: row for row in rows}
        Orphan.objects.filter(pk__in=before, status__in=allowed).update(status=to, **fields)
        AuditEntry.objects.bulk_create(_line(row, to=to, by=by) for row in before.values())
    return set(before)


def _line(row: Orphan, *, to: OrphanStatus, by: By) -> AuditEntry:
    return AuditEntry(
        at=by.now,
        project=row.project,
        actor=by.actor,
        action=f"orphan {to.value}",
        orphan=row,
        review=by.review,
        source=row.status,
        target=to,
        note=by.note,
        bundle_sha256=by.bundle_sha256,
    )


def move_review(
    review: Review,
    *,
    to: ReviewStatus,
    by: By,
    sources: Collection[ReviewStatus] | None = None,
    **fields: Any,
) -> Review:
    """Move the review, or raise AlreadyDecidedError saying where it stands and by whom."""
    allowed = sources_of(REVIEW_MOVES, to) & frozenset(sources if sources is not None else ReviewStatus)
    if to in (ReviewStatus.DONE, ReviewStatus.CANCELLED):
        fields["finished_at"] = by.now
    with transaction.atomic():
        source = review.status
        moved = Review.objects.filter(pk=review.pk, status=source, status__in=allowed).update(
            status=to, **fields
        )
        review.refresh_from_db()
        if not moved:
            raise already_decided(review)
        note_review(review, action=f"review {to.value}", by=by, source=source, target=to)
    return review


def note_review(review: Review, *, action: str, by: By, source: str = "", target: str = "") -> None:
    """Write a line of history about a review."""
    AuditEntry.objects.create(
        at=by.now,
        project=review.project,
        actor=by.actor,
        action=action,
        review=review,
        source=source,
        target=target,
        note=by.note,
        bundle_sha256=by.bundle_sha256,
    )


def already_decided(review: Review) -> AlreadyDecidedError:
    """The refusal for whoever came second, with what was decided and by whom."""
    status = ReviewStatus(review.status)
    sentence = _("Review %(review)s no longer waits for that: it is “%(status)s”. Look at it again.")
    if review.decided_by:
        sentence = _(
            "Review %(review)s no longer waits for that: it is “%(status)s”. "
            "%(who)s decided: “%(decision)s”. Look at it again."
        )
    return AlreadyDecidedError(
        sentence
        % {
            "review": review.pk,
            "status": _(status.label),
            "who": review.decided_by,
            "decision": _(Decision(review.decision).label) if review.decision else "",
        },
        state=status.value,
        decided_by=review.decided_by,
        decision=review.decision,
    )
