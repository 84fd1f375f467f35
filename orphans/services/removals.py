"""The removal's way: a bundle at a time, each written, verified, and only then struck.

Every step begins from what the rows say, so a worker killed anywhere is followed by another that goes on. The
one thing our rows can't know is whether a commit that was under way in Magma's database took place: its
transaction's number was kept before, and that database is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from magma.disconnected import parents_now, read_trees
from magma.errors import MagmaError
from magma.journal.services import entries
from magma.removal import adapters
from magma.removal.adapters import Doomed, Verdict
from magma.removal.errors import CalledOffError, OutcomeUnknownError, RemovalError, TooSlowError
from magma.removal.witness import Witness
from orphans.errors import CopyDiffersError, StorageError
from orphans.models import Bundle, Orphan, Review, ReviewItem, Strike
from orphans.services import bundles, notices
from orphans.services.bundles import Tools
from orphans.services.decisions import spare
from orphans.services.moves import By, move_orphans, move_review, note_review
from orphans.services.standing import halves
from orphans.states import BundleStatus, Fate, OrphanStatus, ReviewStatus, StrikeStatus
from polyphemus_site.errors import PolyphemusError

SELF = "polyphemus"
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
#: How often Magma is asked whether what was handed over is gone.
WATCH = timedelta(minutes=1)
#: A strike nobody knows the end of is asked about this soon again.
ASK_AGAIN = timedelta(seconds=5)


UNEXPECTED = (
    "Something went wrong that nobody foresaw; nothing is removed without its copy. "
    "The worker's log says what it was; it will be tried again."
)


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
            _wait(review, LONGEST_WAIT, now=now, error=PolyphemusError(UNEXPECTED, code="unexpected"))
            raise  # a fault of ours: the log has its trace, the review its sentence
    review.refresh_from_db()
    return Step(ReviewStatus(review.status), more)


def _begin(review: Review, tools: Tools, by: By) -> bool:
    """Share the orphans out among bundles; a copy made before a stop is made anew."""
    with transaction.atomic():
        fields = {"adapter": tools.adapter.key, "trouble": "", "trouble_code": ""}
        move_review(review, to=ReviewStatus.REMOVING, by=by, sources={ReviewStatus.APPROVED}, **fields)
        bundles.plan(review)
    for bundle in review.bundles.all():
        if not bundle.strikes.filter(status=StrikeStatus.COMMITTING).exists():
            bundles.again(bundle)
    return True


def _go_on(review: Review, tools: Tools, by: By) -> bool:
    """Settle what may have committed, then do one thing with the first bundle that has any left to do."""
    for strike in review.strikes.filter(status=StrikeStatus.COMMITTING):
        if not settle(strike, tools, now=by.now):
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
    doomed = [Doomed(pk, kept.trees[pk].names) for pk in items if pk in kept.trees]
    _strike(bundle, tools, doomed, items, by=by)
    if bundles.is_spent(bundle):
        bundles.spend(bundle)


def _strike(
    bundle: Bundle, tools: Tools, doomed: Sequence[Doomed], items: Mapping[int, ReviewItem], *, by: By
) -> None:
    may_commit = partial(_may_commit, bundle, now=by.now)
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
        _committed(strike, now=by.now)


def _may_commit(bundle: Bundle, strike: adapters.Strike, *, now: datetime) -> bool:
    """The last question. Whoever calls off and whoever commits meet at the review's row: one is first."""
    with transaction.atomic():
        review = Review.objects.select_for_update().get(pk=bundle.review_id)
        if review.status != ReviewStatus.REMOVING:
            return False
        row = Strike.objects.create(
            review=review, bundle=bundle, xid=strike.xid, records=strike.records, at=now
        )
        ReviewItem.objects.filter(pk__in=strike.keys).update(strike=row)
    return True


def settle(strike: Strike, tools: Tools, *, now: datetime) -> bool:
    """Find out what became of a strike and write it down; False when it can't be known yet."""
    match tools.adapter.verdict(strike.xid):
        case Verdict.COMMITTED:
            _committed(strike, now=now)
        case Verdict.ROLLED_BACK:
            _rolled_back(strike, now=now)
        case Verdict.RUNNING:
            return False
        case Verdict.FORGOTTEN:
            return _by_evidence(strike, tools, now=now)
    return True


def _by_evidence(strike: Strike, tools: Tools, *, now: datetime) -> bool:
    """The database has forgotten the transaction: what is there decides, if it is all there or all gone."""
    items = list(strike.items.select_related("orphan"))
    templates = tools.magma.templates(strike.review.project)
    there = 0
    for model in {item.orphan.model for item in items} & set(templates):
        records = [item.orphan.record for item in items if item.orphan.model == model]
        there += len(read_trees(tools.magma, strike.review.project, templates, model, records).trees)
    if there == len(items):
        _rolled_back(strike, now=now)
    elif there == 0:
        _committed(strike, now=now)
    else:
        raise OutcomeUnknownError(
            f"Transaction {strike.xid} is forgotten, and {there} of {len(items)} orphans are still there: "
            "somebody must look into Magma's database."
        )
    return True


def _committed(strike: Strike, *, now: datetime) -> None:
    """The records are gone: say so on every row, in the audit and in the journal, once."""
    with transaction.atomic():
        row = Strike.objects.filter(pk=strike.pk, status=StrikeStatus.COMMITTING)
        if not row.update(status=StrikeStatus.COMMITTED, ended_at=now):
            return
        review, sha256 = strike.review, strike.bundle.sha256
        items = strike.items.filter(fate=Fate.PENDING)
        ids = list(items.values_list("orphan_id", flat=True))
        items.update(fate=Fate.REMOVED)
        note = f"Removed with {strike.records} records in transaction {strike.xid}."
        by = By(review.approved_by, now, note=note, review=review, bundle_sha256=sha256)
        move_orphans(ids, to=OrphanStatus.REMOVED, by=by)
        note_review(review, action="records removed", by=by)
        _tell_journal(strike.review, by, orphans=ids, records=strike.records)


def _rolled_back(strike: Strike, *, now: datetime) -> None:
    with transaction.atomic():
        Strike.objects.filter(pk=strike.pk, status=StrikeStatus.COMMITTING).update(
            status=StrikeStatus.ROLLED_BACK, ended_at=now
        )
        left = list(strike.items.filter(fate=Fate.PENDING))
        strike.items.filter(fate=Fate.PENDING).update(strike=None)
        if strike.review.status == ReviewStatus.CANCELLED:
            spare(
                strike.review, left, note="The review was called off.", by=By(SELF, now, review=strike.review)
            )


def _tell_journal(review: Review, by: By, *, orphans: Sequence[int], records: int) -> None:
    """Leave a trace in the ecosystem's own log, as its services do."""
    names = list(Orphan.objects.filter(pk__in=orphans).values_list("model", "record"))
    document = {
        "project_name": review.project,
        "user": by.actor,
        "event": "remove_orphans",
        "message": f"removed {records} disconnected records ({len(names)} orphans) after review {review.pk}",
        "application": SELF,
        "payload": json.dumps(
            {
                "review": review.pk,
                "bundle_sha256": by.bundle_sha256,
                "orphans": [list(name) for name in names],
            }
        ),
    }
    body = json.dumps(document).encode()
    entries.write(project_name=review.project, sender=SELF, document=document, body=body, now=by.now)


def _finish(review: Review, tools: Tools, by: By) -> bool:
    if tools.adapter.immediate or not review.items.pending().exists():
        _end(review, by, source=ReviewStatus.REMOVING)
        return False
    note = "The script waits for the administrator of Magma's database; Magma is watched."
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
    templates = tools.magma.templates(review.project)
    pending = list(review.items.pending().select_related("orphan", "bundle"))
    for model in sorted({item.orphan.model for item in pending} & set(templates)):
        items = [item for item in pending if item.orphan.model == model]
        parents = parents_now(
            tools.magma, review.project, templates[model], [item.orphan.record for item in items]
        )
        _close(review, [item for item in items if item.orphan.record not in parents], by)
        adopted = [item for item in items if parents.get(item.orphan.record)]
        if adopted:
            spare(review, adopted, note="It has a parent again.", by=by)
    left = review.items.pending().count()
    if not left:
        _end(review, by, source=ReviewStatus.HANDED_OVER)
        return False
    trouble = f"{left} of {len(pending)} orphans are still there: the script has not been run, or it refused."
    Review.objects.filter(pk=review.pk).update(trouble=trouble, try_again_at=by.now + WATCH)
    return False


def _close(review: Review, items: Sequence[ReviewItem], by: By) -> None:
    for item in items:
        sha256 = item.bundle.sha256 if item.bundle else ""
        gone = By(
            review.approved_by,
            by.now,
            note="Gone after the handing over.",
            review=review,
            bundle_sha256=sha256,
        )
        with transaction.atomic():
            ReviewItem.objects.filter(pk=item.pk, fate=Fate.PENDING).update(fate=Fate.REMOVED)
            move_orphans([item.orphan_id], to=OrphanStatus.REMOVED, by=gone)
    if items:
        by = By(review.approved_by, by.now, review=review)
        records = sum(item.records for item in items)
        _tell_journal(review, by, orphans=[item.orphan_id for item in items], records=records)


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
        trouble=error.message if error else "Magma's database is asked what became of a transaction.",
        trouble_code=error.code if error else "outcome_unknown",
        attempts=review.attempts + 1,
        try_again_at=now + wait,
    )


def _settle_only(review: Review, tools: Tools, by: By) -> bool:
    """A review called off at the very moment of a commit still has to say what became of it."""
    for strike in review.strikes.filter(status=StrikeStatus.COMMITTING):
        settle(strike, tools, now=by.now)
    return False


STEPS = {
    ReviewStatus.CANCELLED: _settle_only,
    ReviewStatus.APPROVED: _begin,
    ReviewStatus.REMOVING: _go_on,
    ReviewStatus.HANDED_OVER: _watch,
}
