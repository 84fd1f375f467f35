"""Sending what is owed: claimed by compare-and-set, tried again with patience, never lost.

At least once: a sender that dies between the server's yes and our own row sends again,
under the same Message-ID.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.core.mail import get_connection
from django.db import transaction
from django.db.models import F

from polyphemus_site.mail import mailboxes
from polyphemus_site.mail.faults import Fault, judge
from polyphemus_site.mail.messages import compose
from polyphemus_site.mail.models import Notice, NoticeEvent
from polyphemus_site.mail.outbox import UNDELIVERABLE, is_address
from polyphemus_site.mail.states import OWED, NoticeStatus

logger = logging.getLogger(__name__)

#: Longer than a run and one mail can take together: EMAIL_TIMEOUT bounds each exchange with the server.
LEASE = timedelta(minutes=5)
RUN_SECONDS = 60
BATCH = 100
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
MAX_ATTEMPTS = 30  # a little over a day


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one run did."""

    sent: int = 0
    retried: int = 0
    failed: int = 0


class Post:
    """One connection to the mail server, kept open from one mail to the next."""

    def __init__(self) -> None:
        """Connect only when there is something to send."""
        self.connection = get_connection()

    def send(self, notice: Notice) -> Fault | None:
        """Hand one mail over; the fault if that didn't work."""
        try:
            message = compose(notice)
            self.connection.open()
            self.connection.send_messages([message])
        except Exception as error:  # noqa: BLE001 — whatever went wrong is judged, kept on the notice and shown
            self.close()
            return judge(error)
        return None

    def close(self) -> None:
        """Leave the server, however it is."""
        try:
            self.connection.close()
        except OSError:
            logger.info("The mail server was gone before we took leave.")


def deliver(*, now: datetime) -> Delivered:
    """Send the notices that are due; several deliverers at once share the work and never a notice."""
    outcomes: list[NoticeStatus] = []
    post, started = Post(), monotonic()
    for pk in list(Notice.objects.due(now=now).values_list("pk", flat=True)[:BATCH]):
        notice = claim(pk, now=now)
        if notice is None:
            continue
        if not is_address(notice.recipient):  # `outbox.owe` knows sooner, a statement of its own does not
            outcomes.append(settle(notice, Fault(UNDELIVERABLE, is_permanent=True), now=now))
            continue
        if (held := _hold(notice, now=now)) is not None:
            outcomes.append(held)
            continue
        fault = post.send(notice)
        outcomes.append(settle(notice, fault, now=now))
        if (fault and fault.server_is_away) or monotonic() - started > RUN_SECONDS:
            break  # the rest is as due as before, and the next run is seconds away
    post.close()
    return _count(outcomes)


def claim(pk: int, *, now: datetime) -> Notice | None:
    """Take a due notice for sending; None when another deliverer was first."""
    with transaction.atomic():
        due = Notice.objects.filter(pk=pk, status__in=OWED, due_at__lte=now)
        rows = due.update(status=NoticeStatus.SENDING, due_at=now + LEASE, attempts=F("attempts") + 1)
        if not rows:
            return None
        notice = Notice.objects.get(pk=pk)
        NoticeEvent.objects.create(notice=notice, target=NoticeStatus.SENDING, at=now)
    return notice


@transaction.atomic
def _hold(notice: Notice, *, now: datetime) -> NoticeStatus | None:
    """Respect what the recipient wants; None when the notice may go out now."""
    mailboxes.judge_alone(notice.recipient)
    if reason := mailboxes.refusal(notice):
        return _finish(notice, NoticeStatus.WITHHELD, due_at=now, note=reason, now=now)
    if until := mailboxes.waits_until(notice, now=now):
        note = f"Not before {until:%Y-%m-%d %H:%M} UTC."
        return _finish(notice, NoticeStatus.HELD, due_at=until, note=note, now=now)
    return None


def settle(notice: Notice, fault: Fault | None, *, now: datetime) -> NoticeStatus:
    """Write down how a try ended, unless the lease ran out and another deliverer has the notice now."""
    target = _after(notice, fault)
    due_at = now + pause(notice.attempts) if target is NoticeStatus.WAITING else now
    note = fault.sentence if fault else ""
    if target is NoticeStatus.FAILED:
        logger.error("Notice %s is given up: %s", notice.pk, note)
    return _finish(notice, target, due_at=due_at, note=note, now=now)


def _finish(
    notice: Notice, target: NoticeStatus, *, due_at: datetime, note: str, now: datetime
) -> NoticeStatus:
    """The end of our claim, with its event; nothing happens when the claim isn't ours any more."""
    ours = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.SENDING, attempts=notice.attempts)
    sent_at = now if target is NoticeStatus.SENT else None
    with transaction.atomic():
        if ours.update(status=target, due_at=due_at, sent_at=sent_at):
            NoticeEvent.objects.create(
                notice=notice, source=NoticeStatus.SENDING, target=target, at=now, note=note
            )
    return target


def retry(notice: Notice, *, now: datetime) -> bool:
    """Owe a notice again that was given up; False when it isn't any more."""
    with transaction.atomic():
        given_up = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.FAILED)
        rows = given_up.update(status=NoticeStatus.WAITING, due_at=now, attempts=0)
        if rows:
            NoticeEvent.objects.create(
                notice=notice, source=NoticeStatus.FAILED, target=NoticeStatus.WAITING, at=now
            )
    return bool(rows)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries: doubling, up to an hour."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(attempts - 1, 10)
    return min(doubled, LONGEST_PAUSE)


def _after(notice: Notice, fault: Fault | None) -> NoticeStatus:
    if fault is None:
        return NoticeStatus.SENT
    if fault.is_permanent or notice.attempts >= MAX_ATTEMPTS:
        return NoticeStatus.FAILED
    return NoticeStatus.WAITING


def _count(outcomes: list[NoticeStatus]) -> Delivered:
    return Delivered(
        sent=outcomes.count(NoticeStatus.SENT),
        retried=outcomes.count(NoticeStatus.WAITING),
        failed=outcomes.count(NoticeStatus.FAILED),
    )
