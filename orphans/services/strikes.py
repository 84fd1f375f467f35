"""Transactions in Magma's database: allowed at the last moment, and written down once, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from magma.journal.services import entries
from magma.removal import adapters
from magma.removal.adapters import Doomed, Verdict
from magma.removal.errors import OutcomeUnknownError
from magma.removal.witness import Witness
from orphans.models import Bundle, Orphan, Review, ReviewItem, Strike
from orphans.services import bundles
from orphans.services.bundles import Tools
from orphans.services.decisions import spare
from orphans.services.moves import By, move_orphans, note_review
from orphans.states import Fate, OrphanStatus, ReviewStatus, StrikeStatus
from polyphemus_site.sentences import say as _

SELF = "polyphemus"


def may_commit(bundle: Bundle, strike: adapters.Strike, *, now: datetime) -> bool:
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
    """Find out what became of a strike and write it down; False when it can't be known yet.

    The database's word on the transaction and the rows themselves must agree: a server restored or failed
    over may have given the number to another transaction, or have lost ours.
    """
    verdict = tools.adapter.verdict(strike.xid)
    if verdict is Verdict.RUNNING:
        return False
    if verdict is not Verdict.ROLLED_BACK and _are_gone(strike, tools):
        committed(strike, now=now)
    elif verdict is not Verdict.COMMITTED:
        rolled_back(strike, now=now)
    else:
        raise OutcomeUnknownError(
            _(
                "Transaction %(xid)s has committed, and every record is still there: was "
                "Magma's database restored? Somebody must look into it."
            )
            % {"xid": strike.xid}
        )
    return True


def _are_gone(strike: Strike, tools: Tools) -> bool:
    """Whether every row is gone; all or nothing, or somebody must look."""
    trees = bundles.read(strike.bundle).trees
    doomed = [Doomed(pk, trees[pk].names) for pk in strike.items.values_list("pk", flat=True)]
    witness = Witness.from_json(strike.bundle.witness)
    there = tools.adapter.remaining(strike.review.project, doomed, witness=witness)
    if 0 < there < strike.records:
        raise OutcomeUnknownError(
            _(
                "Nobody can tell what became of transaction %(xid)s: %(there)s of its "
                "%(records)s records are still there. Somebody must look into Magma's database."
            )
            % {"xid": strike.xid, "there": there, "records": strike.records}
        )
    return not there


def committed(strike: Strike, *, now: datetime) -> None:
    """The records are gone: say so on every row, in the audit and in the journal, once."""
    with transaction.atomic():
        row = Strike.objects.filter(pk=strike.pk, status=StrikeStatus.COMMITTING)
        if not row.update(status=StrikeStatus.COMMITTED, ended_at=now):
            return
        review, sha256 = strike.review, strike.bundle.sha256
        items = strike.items.filter(fate=Fate.PENDING)
        ids = list(items.values_list("orphan_id", flat=True))
        items.update(fate=Fate.REMOVED)
        note = _("Removed with %(records)s records in transaction %(xid)s.") % {
            "records": strike.records,
            "xid": strike.xid,
        }
        by = By(review.approved_by, now, note=note, review=review, bundle_sha256=sha256)
        move_orphans(ids, to=OrphanStatus.REMOVED, by=by)
        note_review(review, action="records removed", by=by)
        tell_journal(strike.review, by, orphans=ids, records=strike.records)


def rolled_back(strike: Strike, *, now: datetime) -> None:
    """Nothing was removed: its orphans wait for the next try, or again for a decision."""
    with transaction.atomic():
        Strike.objects.filter(pk=strike.pk, status=StrikeStatus.COMMITTING).update(
            status=StrikeStatus.ROLLED_BACK, ended_at=now
        )
        left = list(strike.items.filter(fate=Fate.PENDING))
        strike.items.filter(fate=Fate.PENDING).update(strike=None)
        if strike.review.status == ReviewStatus.CANCELLED:
            spare(
                strike.review,
                left,
                note=_("The review was called off."),
                by=By(SELF, now, review=strike.review),
            )


def tell_journal(review: Review, by: By, *, orphans: Sequence[int], records: int) -> None:
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
