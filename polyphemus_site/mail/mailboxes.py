"""What each recipient wants: which kinds, when, how many; and whether their address works at all."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from polyphemus_site.mail.kinds import kinds
from polyphemus_site.mail.models import Mailbox, Notice, Unsubscription
from polyphemus_site.mail.signals import notice_can_wait
from polyphemus_site.mail.states import NoticeStatus

DAY = timedelta(days=1)
BOUNCED = _("Mail to this address comes back.")
COMPLAINED = _("The recipient reported our mail as unwanted.")
UNSUBSCRIBED = _("The recipient told the mail provider to stop.")


def key(address: str) -> str:
    """Addresses differ in case only by accident."""
    return address.strip().lower()


def wishes_of(address: str) -> Mailbox:
    """The recipient's wishes, or the usual ones (not stored until somebody changes them)."""
    return Mailbox.objects.filter(address=key(address)).first() or Mailbox(address=key(address))


def language_of(address: str) -> str:
    """The language of mail to this recipient."""
    return wishes_of(address).language or settings.LANGUAGE_CODE


def unsubscribe(address: str, kind: str, *, now: datetime) -> None:
    """Send no more of this kind there."""
    Unsubscription.objects.get_or_create(address=key(address), kind=kind, defaults={"at": now})


@transaction.atomic
def choose(address: str, *, wanted: set[str], offered: set[str], now: datetime) -> None:
    """Set which of the offered kinds are wanted."""
    Unsubscription.objects.filter(address=key(address), kind__in=wanted & offered).delete()
    for kind in sorted(offered - wanted):
        unsubscribe(address, kind, now=now)


def unwanted_kinds(address: str) -> set[str]:
    """The kinds the recipient has had enough of."""
    return set(Unsubscription.objects.filter(address=key(address)).values_list("kind", flat=True))


def block(address: str, reason: str, *, now: datetime) -> None:
    """Send nothing there any more, until somebody unblocks it."""
    Mailbox.objects.update_or_create(
        address=key(address), defaults={"blocked_at": now, "block_reason": reason}
    )


def unblock(mailbox: Mailbox) -> None:
    """Trust the address again."""
    Mailbox.objects.filter(pk=mailbox.pk).update(blocked_at=None, block_reason="")


def refusal(notice: Notice) -> str:
    """Why this notice may never be sent; empty when it may."""
    mailbox = wishes_of(notice.recipient)
    if mailbox.blocked_at is not None:
        return mailbox.block_reason
    if notice.kind in unwanted_kinds(notice.recipient):
        return "The recipient has unsubscribed from this kind."
    return ""


def judge_alone(address: str) -> None:
    """Let nobody else judge what may go there before this transaction ends: two would wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('mail'), hashtext(%s))", [key(address)])


def waits_until(notice: Notice, *, now: datetime) -> datetime | None:
    """When the notice may be sent, if not now.

    After the digest that may tell it instead, after the quiet hours, or when today's number is used up.
    """
    mailbox = wishes_of(notice.recipient)
    return (
        _end_of_digest(notice, now=now)
        or end_of_quiet(mailbox, now=now)
        or _end_of_cap(mailbox, notice, now=now)
    )


def _end_of_digest(notice: Notice, *, now: datetime) -> datetime | None:
    """Until when whoever writes digests may tell this in one; None when it goes out by itself."""
    kind = kinds().get(notice.kind)
    if kind is None or not kind.can_wait:
        return None
    answers: list[tuple[Any, Any]] = notice_can_wait.send(Notice, notice=notice, now=now)
    return max((until for _, until in answers if until is not None), default=None)


def end_of_quiet(mailbox: Mailbox, *, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` is in, in the recipient's own zone; None outside of them."""
    begin, end = mailbox.quiet_from, mailbox.quiet_until
    if begin is None or end is None or begin == end:
        return None
    local = now.astimezone(ZoneInfo(mailbox.zone))
    if not _is_within(local.time(), begin, end):
        return None
    wakes = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return (wakes if local.time() < end else wakes + DAY).astimezone(now.tzinfo)


def _is_within(moment: time, begin: time, end: time) -> bool:
    if begin < end:
        return begin <= moment < end
    return moment >= begin or moment < end


def _end_of_cap(mailbox: Mailbox, notice: Notice, *, now: datetime) -> datetime | None:
    """Once a day's number has been sent, the next goes out when the oldest of them is a day old.

    What another deliverer is about to send counts, until it is known whether it was.
    """
    theirs = Notice.objects.filter(recipient=mailbox.address)
    leases = theirs.filter(status=NoticeStatus.SENDING, due_at__gt=now).exclude(pk=notice.pk)
    under_way = list(leases.order_by("due_at").values_list("due_at", flat=True)[: mailbox.daily_cap])
    # asked after the other: what is sent in between counts twice rather than never
    lately = theirs.filter(status=NoticeStatus.SENT, sent_at__gt=now - DAY).order_by("-sent_at")
    sent = [at for at in lately.values_list("sent_at", flat=True)[: mailbox.daily_cap] if at is not None]
    if len(sent) >= mailbox.daily_cap:
        return sent[-1] + DAY
    return under_way[-1] if len(sent) + len(under_way) >= mailbox.daily_cap else None
