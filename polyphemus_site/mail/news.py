"""Notices nobody has to act on: told by a daily digest, where their recipient has one."""

from __future__ import annotations

from datetime import datetime

from polyphemus_site.mail import mailboxes
from polyphemus_site.mail.kinds import kinds
from polyphemus_site.mail.models import Notice, NoticeEvent
from polyphemus_site.mail.states import OWED, UNCLAIMED, NoticeStatus


def take(recipient: str, project: str, *, now: datetime) -> list[Notice]:
    """What the digest of a project tells its reader instead of single mails, the oldest first.

    Called in the transaction that writes the digest: both or neither.
    """
    address = mailboxes.key(recipient)
    waiting = {kind.name for kind in kinds().values() if kind.can_wait}
    found = Notice.objects.filter(
        recipient=address,
        kind__in=waiting - mailboxes.unwanted_kinds(address),
        context__project=project,
        status__in=UNCLAIMED,
    ).order_by("created_at", "pk")
    notices = list(found.select_for_update(skip_locked=True))
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(status=NoticeStatus.TOLD)
    NoticeEvent.objects.bulk_create(
        NoticeEvent(notice=notice, source=notice.status, target=NoticeStatus.TOLD, at=now)
        for notice in notices
    )
    return notices


def is_owed(kind: str, recipient: str, project: str) -> bool:
    """Whether a mail of this kind about the project still waits to be sent there."""
    theirs = Notice.objects.filter(recipient=mailboxes.key(recipient), kind=kind, status__in=OWED)
    return theirs.filter(context__project=project).exists()
