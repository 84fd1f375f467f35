"""The sweep: requests whose time has come are looked at, and what follows is applied in one statement."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

import msgspec
from django.db import connection, transaction

from dispatch import due
from dispatch.due import Change
from dispatch.errors import StaleError
from dispatch.models import AnalysisRequest
from dispatch.policies import Waits
from dispatch.services import help as helping
from dispatch.services import moves, notices
from dispatch.states import EventKind, RequestStatus
from dispatch.witness import Sight, Witness

logger = logging.getLogger(__name__)

BATCH = 1000
#: More than this in one sweep waits for the next, so that no sweep holds its turn for ever.
MOST_BATCHES = 50
#: What no decision needs; whoever is told of a change and reads it pays for it then.
UNREAD = ("config", "requested_at", "started_at")
#: The advisory lock of whoever sweeps; any number would do that nobody else uses.
TURN = 0x706F6C7973776565

#: Rows are locked in one order, so that two sweeps can't wait for each other. What comes back is not joined:
#: PostgreSQL, which expects one row of each, would compare a thousand changes with a thousand lines.
APPLY = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset(%(changes)s) AS a (
    id bigint, was_status text, was_award int, was_due_at timestamptz, was_stage text,
    was_wake_at timestamptz, kind text, status text, due_at timestamptz, due_stage text,
    wake_at timestamptz, blind_looks int,
    outcome text, verification text, ended_at timestamptz, note text, facts jsonb, ends_award bool)
), locked AS (
  SELECT r.id, r.status FROM dispatch_analysisrequest AS r JOIN asked AS a ON a.id = r.id
   WHERE r.status = a.was_status AND r.award = a.was_award AND r.due_stage = a.was_stage
     AND r.due_at IS NOT DISTINCT FROM a.was_due_at AND r.wake_at = a.was_wake_at
   ORDER BY r.id FOR NO KEY UPDATE OF r
), changed AS (
  UPDATE dispatch_analysisrequest AS r
     SET status = a.status, due_at = a.due_at, due_stage = a.due_stage, wake_at = a.wake_at,
         blind_looks = a.blind_looks, outcome = a.outcome, verification = a.verification,
         ended_at = a.ended_at
    FROM locked AS l JOIN asked AS a ON a.id = l.id WHERE r.id = l.id
  RETURNING r.id, l.status AS source, a.kind, a.status, a.note, a.facts, a.ends_award
), bids AS (
  UPDATE dispatch_bid AS b SET state = 'ended', ended_at = %(now)s
    FROM changed AS c WHERE c.ends_award AND b.request_id = c.id AND b.state = 'accepted'
), events AS (
  INSERT INTO dispatch_requestevent (request_id, kind, source, target, actor, at, note, facts)
  SELECT id, kind, source, status, 'polyphemus', %(now)s, note, facts FROM changed WHERE kind <> ''
  RETURNING id, request_id
)
SELECT request_id, id FROM events UNION ALL SELECT id, 0 FROM changed WHERE kind = ''
"""


@dataclass(slots=True, kw_only=True)
class Report:
    """What a sweep did: how many requests it looked at, and what became of them."""

    looked_at: int = 0
    passed: int = 0
    verified: int = 0
    extended: int = 0
    grace: int = 0
    deferred: int = 0
    lapsed: int = 0
    #: The warehouse could not be asked; they are looked at again.
    unknown: int = 0
    #: Looked at ahead of the due date, and not done yet.
    early: int = 0
    #: Another sweep had the turn.
    busy: bool = False

    def as_document(self) -> dict[str, int | bool]:
        """For printing and logs."""
        return asdict(self)


COUNTED = {
    EventKind.ARCHIVED: "passed",
    EventKind.VERIFIED: "verified",
    EventKind.EXTENDED: "extended",
    EventKind.GRACE: "grace",
    EventKind.DEFERRED: "deferred",
}


def sweep(*, witness: Witness, waits: Waits, now: datetime, patient: bool = False) -> Report:
    """Look at every request whose time has come, and apply what follows; any number of sweeps may run.

    One sweep at a time asks the warehouse; another returns at once as `busy`, or waits when `patient`. That
    only spares the warehouse: what keeps a change from happening twice is the condition of each update.
    """
    report = Report()
    with _turn(patient=patient) as mine:
        report.busy = not mine
        for _ in range(MOST_BATCHES if mine else 0):
            batch = list(AnalysisRequest.objects.to_look_at(now=now).defer(*UNREAD)[:BATCH])
            if not batch:
                break
            _sweep_batch(batch, report, witness=witness, waits=waits, now=now)
    return report


def _sweep_batch(
    batch: Sequence[AnalysisRequest], report: Report, *, witness: Witness, waits: Waits, now: datetime
) -> None:
    unanswered = [request for request in batch if request.status == RequestStatus.DEFERRED]
    to_see = [request for request in batch if request.status != RequestStatus.DEFERRED]
    report.looked_at += len(batch)
    sights = look(to_see, witness=witness)
    changes = [
        due.decide(request, sights.get(request.pk, Sight.UNKNOWN), waits=waits, now=now) for request in to_see
    ]
    for change in apply(changes, now=now):
        name = COUNTED[change.kind] if change.kind else "unknown" if change.blind_looks else "early"
        setattr(report, name, getattr(report, name) + 1)
    report.lapsed += sum(_lapse(request, now=now) for request in unanswered)


def look(requests: Sequence[AnalysisRequest], *, witness: Witness) -> Mapping[int, Sight]:
    """Ask the witness; when it breaks on some request, the others are asked one by one."""
    if not requests:
        return {}
    try:
        return witness(requests)
    except Exception:  # a witness is other people's code: what it raises must not stop the due dates
        logger.exception("The witness failed on %d requests.", len(requests))
    if len(requests) == 1:
        return {requests[0].pk: Sight.UNKNOWN}
    middle = len(requests) // 2
    return {**look(requests[:middle], witness=witness), **look(requests[middle:], witness=witness)}


def apply(changes: Sequence[Change], *, now: datetime) -> list[Change]:
    """Apply the changes to those requests that still are as they were read; the ones that were."""
    by_id = {change.request.pk: change for change in changes}
    if not by_id:
        return []
    with transaction.atomic():
        with connection.cursor() as cursor:
            document = msgspec.json.encode([_row(change) for change in changes]).decode()
            cursor.execute(APPLY, {"changes": document, "now": now})
            changed = cursor.fetchall()
        for request_id, event_id in changed:
            _tell(by_id[request_id], event_id=event_id, now=now)
    return [by_id[request_id] for request_id, _ in changed]


def _tell(change: Change, *, event_id: int, now: datetime) -> None:
    """What a change owes to others: its notice in this transaction, its signal after."""
    if change.kind is None:
        return
    request = change.request
    for name in ("status", "due_at", "due_stage", "wake_at", "outcome", "verification", "ended_at"):
        setattr(request, name, getattr(change, name))
    notices.owe(request, change.kind, event_id=event_id, note=change.note, now=now)
    moves.announce(request, change.kind, event_id=event_id)


def _row(change: Change) -> dict[str, object]:
    request = change.request
    facts = {"award": request.award, "seconds": change.seconds, "verification": change.verification}
    return {
        "id": request.pk,
        "was_status": request.status,
        "was_award": request.award,
        "was_due_at": request.due_at,
        "was_stage": request.due_stage,
        "was_wake_at": request.wake_at,
        "kind": change.kind or "",
        "status": change.status,
        "due_at": change.due_at,
        "due_stage": change.due_stage,
        "wake_at": change.wake_at,
        "blind_looks": change.blind_looks,
        "outcome": change.outcome,
        "verification": change.verification,
        "ended_at": change.ended_at,
        "note": change.note,
        "facts": {name: value for name, value in facts.items() if value},
        "ends_award": change.ends_award,
    }


def _lapse(request: AnalysisRequest, *, now: datetime) -> bool:
    try:
        helping.lapse(request, now=now)
    except StaleError:  # the analyst or the requester acted in this very moment
        return False
    return True


@contextmanager
def _turn(*, patient: bool) -> Iterator[bool]:
    """Whether this sweep has the turn; the lock goes with the connection, so a killed worker keeps none."""
    with connection.cursor() as cursor:
        ask = "SELECT pg_advisory_lock(%s) IS NOT NULL" if patient else "SELECT pg_try_advisory_lock(%s)"
        cursor.execute(ask, [TURN])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [TURN])
