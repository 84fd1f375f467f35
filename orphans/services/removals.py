"""The removal's way: a bundle at a time, each written, verified, and only then struck.

Every step begins from what the rows say, so a worker killed anywhere is followed by another that goes on. The
one thing our rows can't know is whether a commit that was under way in Magma's database took place: its
transaction's number was kept before, and that database is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from magma.errors import MagmaError
from magma.removal.adapters import Doomed
from magma.removal.errors import CalledOffError, RemovalError, TooSlowError
from magma.removal.witness import Witness
from magma.trees import Tree
from orphans.errors import CopyDiffersError, StorageError
from orphans.models import Bundle, Review, ReviewItem
from orphans.services import bundles, notices, strikes, watching
from orphans.services.bundles import Tools
from orphans.services.decisions import spare
from orphans.services.moves import By, move_orphans, move_review
from orphans.services.sights import mentions
from orphans.services.standing import halves
from orphans.services.strikes import SELF
from orphans.states import BundleStatus, Fate, OrphanStatus, ReviewStatus, StrikeStatus
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.sentences import in_a_row
from polyphemus_site.sentences import say as _

FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
#: How often Magma is asked whether what was handed over is gone.
WATCH = timedelta(minutes=1)
#: A strike nobody knows the end of is asked about this soon again.
ASK_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Step:
    """What one call did; `more` when the next step may follow at once."""

    status: ReviewStatus
    more: bool = False


@contextmanager
def alone(review_id: int) -> Iterator[bool]:
    """Whether this worker is the only one at the review; the database lets go when the worker dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('orphans.removal'), %s)", [review_id])
        (mine,) = cursor.fetchone()
        try:
            yield bool(mine)
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('orphans.removal'), %s)", [review_id])


def advance(review_id: int, tools: Tools, *, now: datetime) -> Step:
    """Do the next step of a removal; troubles are kept on the review and never raised."""
    with alone(review_id) as mine:
        review = Review.objects.get(pk=review_id)
        status = ReviewStatus(review.status)
        step = STEPS.get(status)
        if not mine or step is None:
            return Step(status)
        try:
            more = step(review, tools, By(SELF, now, review=review))
        except (MagmaError, RemovalError, StorageError, CopyDiffersError) as error:
            more = _troubled(review, error, now=now)
        except Exception:
            _wait(review, LONGEST_WAIT, now=now, error=_unexpected())
            raise  # a fault of ours: the log has its trace, the review its sentence
    review.refresh_from_db()
    return Step(ReviewStatus(review.status), more)


def _unexpected() -> PolyphemusError:
    return PolyphemusError(
        _(
            "Something went wrong that nobody foresaw; nothing is removed without its copy. "
            "The worker's log says what it was; it will be tried again."
        ),
        code="unexpected",
    )


def _begin(review: Review, tools: Tools, by: By) -> bool:
    """Share the orphans out among bundles; a copy made before a stop is made anew."""
    with transaction.atomic():
        fields = {"adapter": tools.adapter.key, "trouble": "", "trouble_code": ""}
        move_review(review, to=ReviewStatus.REMOVING, by=by, sources={ReviewStatus.APPROVED}, **fields)
        for bundle in review.bundles.unspent():
            if not bundle.strikes.filter(status=StrikeStatus.COMMITTING).exists():
                bundles.again(bundle)
        bundles.plan(review)
    return True


def _go_on(review: Review, tools: Tools, by: By) -> bool:
    """Settle what may have committed, then do one thing with the first bundle that has any left to do."""
    for strike in review.strikes.filter(status=StrikeStatus.COMMITTING):
        if not strikes.settle(strike, tools, now=by.now):
            _wait(review, ASK_AGAIN, now=by.now)
            return False
    bundle = next(iter(_unfinished(review, tools)), None)
    if bundle is None:
        return _finish(review, tools, by)
    _bundle_step(bundle, tools, by)
    Review.objects.filter(pk=review.pk).update(trouble="", trouble_code="", attempts=0, try_again_at=None)
    return True


def _unfinished(review: Review, tools: Tools) -> list[Bundle]:
    rows = review.bundles.unspent()
    if not tools.adapter.immediate:
        rows = rows.exclude(status=BundleStatus.VERIFIED)
    return list(rows[:1])


def _bundle_step(bundle: Bundle, tools: Tools, by: By) -> None:
    match BundleStatus(bundle.status):
        case BundleStatus.PLANNED:
            bundles.write(bundle, tools, by=by)
        case BundleStatus.WRITTEN:
            _verify(bundle, tools, by)
        case BundleStatus.VERIFIED:
            strike_bundle(bundle, tools, by=by)


def _verify(bundle: Bundle, tools: Tools, by: By) -> None:
    """A copy that can't be read back, or isn't what was written, is made anew once somebody has looked."""
    try:
        bundles.verify(bundle, tools, by=by)
    except (StorageError, CopyDiffersError):
        bundles.again(bundle)
        raise


def strike_bundle(bundle: Bundle, tools: Tools, *, by: By) -> None:
    """Remove what the verified bundle holds; a batch that would lock for too long is halved."""
    items = bundles.pending(bundle)
    kept = bundles.read(bundle)
    blocked = _in_flight(bundle, {pk: kept.trees[pk] for pk in items if pk in kept.trees})
    if blocked:
        spare(bundle.review, [items[pk] for pk in blocked], note=blocked, by=by)
    doomed = [Doomed(pk, kept.trees[pk].names) for pk in items if pk in kept.trees and pk not in blocked]
    _strike(bundle, tools, doomed, items, by=by)
    if bundles.is_spent(bundle):
        bundles.spend(bundle)


def _in_flight(bundle: Bundle, trees: Mapping[int, Tree]) -> dict[int, str]:
    """Work that began after the copy was compared, in words, by item."""
    found = mentions(bundle.review.project, trees)
    said = {pk: [one.sentence for one in ones if one.blocks] for pk, ones in found.items()}
    return {pk: in_a_row(sentences) for pk, sentences in said.items() if sentences}


def _strike(
    bundle: Bundle, tools: Tools, doomed: Sequence[Doomed], items: Mapping[int, ReviewItem], *, by: By
) -> None:
    may_commit = partial(strikes.may_commit, bundle, now=by.now)
    try:
        outcome = tools.adapter.remove(
            bundle.review.project, doomed, witness=Witness.from_json(bundle.witness), may_commit=may_commit
        )
    except TooSlowError:
        first, second = halves([tree.key for tree in doomed], {pk: item.group for pk, item in items.items()})
        if not second:
            raise
        for part in (first, second):
            _strike(bundle, tools, [tree for tree in doomed if tree.key in part], items, by=by)
        return
    if outcome.spared:
        spare(bundle.review, [items[pk] for pk in outcome.spared], note=outcome.spared, by=by)
    for strike in bundle.strikes.filter(status=StrikeStatus.COMMITTING):
        strikes.committed(strike, now=by.now)


def _finish(review: Review, tools: Tools, by: By) -> bool:
    if tools.adapter.immediate or not review.items.pending().exists():
        _end(review, by, source=ReviewStatus.REMOVING)
        return False
    note = _("The script waits for the administrator of Magma's database; Magma is watched.")
    move_review(
        review,
        to=ReviewStatus.HANDED_OVER,
        by=by,
        sources={ReviewStatus.REMOVING},
        trouble=note,
        trouble_code="handed_over",
        try_again_at=by.now + WATCH,
    )
    return False


def _end(review: Review, by: By, *, source: ReviewStatus) -> None:
    with transaction.atomic():
        move_review(review, to=ReviewStatus.DONE, by=by, sources={source}, trouble="", try_again_at=None)
        notices.removal_done(review, now=by.now)


def _watch(review: Review, tools: Tools, by: By) -> bool:
    """See which of the records handed over are gone, or have a parent again."""
    pending = list(review.items.pending().select_related("orphan", "bundle"))
    seen = watching.look(review, pending, tools.magma)
    _close(review, seen.gone, by)
    if seen.adopted:
        spare(review, seen.adopted, note=_("It has a parent again."), by=by)
    if seen.elsewhere:
        spare(review, [item for item in pending if item.pk in seen.elsewhere], note=seen.elsewhere, by=by)
    left = review.items.pending().count()
    if not left:
        _end(review, by, source=ReviewStatus.HANDED_OVER)
        return False
    trouble = _(
        "%(left)s of %(all)s orphans are still there: the script has not been run, or it refused."
    ) % {"left": left, "all": len(pending)}
    Review.objects.filter(pk=review.pk).update(trouble=trouble, try_again_at=by.now + WATCH)
    return False


def _close(review: Review, items: Sequence[ReviewItem], by: By) -> None:
    """Whole or not at all, a bundle at a time: each with its own hash in the audit and in the journal."""
    for bundle in {item.bundle for item in items}:
        mine = [item for item in items if item.bundle == bundle]
        gone = By(
            review.approved_by,
            by.now,
            note=_("Gone after the handing over."),
            review=review,
            bundle_sha256=bundle.sha256 if bundle else "",
        )
        with transaction.atomic():
            closing = ReviewItem.objects.filter(pk__in=[item.pk for item in mine], fate=Fate.PENDING)
            if closing.update(fate=Fate.REMOVED):
                orphans = [item.orphan_id for item in mine]
                move_orphans(orphans, to=OrphanStatus.REMOVED, by=gone)
                records = sum(item.records for item in mine)
                strikes.tell_journal(review, gone, orphans=orphans, records=records)


def _troubled(review: Review, error: PolyphemusError, *, now: datetime) -> bool:
    """What mends itself is tried again, ever more seldom; the rest waits for a person to say retry."""
    if isinstance(error, CalledOffError):
        return False
    if getattr(error, "passing", False):
        _wait(review, min(FIRST_WAIT * 2 ** min(review.attempts, 10), LONGEST_WAIT), now=now, error=error)
        return False
    by = By(SELF, now, note=error.message, review=review)
    fields = {"trouble": error.message, "trouble_code": error.code, "try_again_at": None}
    stopped = Review.objects.filter(pk=review.pk, status=ReviewStatus.REMOVING).exists()
    if stopped:
        review.refresh_from_db()
        with transaction.atomic():
            move_review(review, to=ReviewStatus.STOPPED, by=by, sources={ReviewStatus.REMOVING}, **fields)
            notices.removal_stopped(review, now=now)
    return False


def _wait(review: Review, wait: timedelta, *, now: datetime, error: PolyphemusError | None = None) -> None:
    Review.objects.filter(pk=review.pk).update(
        trouble=error.message if error else _("Magma's database is asked what became of a transaction."),
        trouble_code=error.code if error else "outcome_unknown",
        attempts=review.attempts + 1,
        try_again_at=now + wait,
    )


def _settle_only(review: Review, tools: Tools, by: By) -> bool:
    """A review called off at the very moment of a commit still has to say what became of it."""
    for strike in review.strikes.filter(status=StrikeStatus.COMMITTING):
        strikes.settle(strike, tools, now=by.now)
    return False


STEPS = {
    ReviewStatus.CANCELLED: _settle_only,
    ReviewStatus.APPROVED: _begin,
    ReviewStatus.REMOVING: _go_on,
    ReviewStatus.HANDED_OVER: _watch,
}
