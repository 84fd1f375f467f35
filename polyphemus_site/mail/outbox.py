"""Writing notices, inside the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from polyphemus_site.mail.models import Notice, NoticeEvent
from polyphemus_site.mail.signals import notice_written
from polyphemus_site.mail.states import NoticeStatus

MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the brackets
UNDELIVERABLE = "The recipient is not a mail address."


def write(*, kind: str, recipient: str, context: Mapping[str, Any], key: str, now: datetime) -> Notice:
    """Owe `recipient` one message; the same key again gives back the notice already written.

    `context` is JSON for the templates `mail/<kind>.txt` and `.html`. A recipient that is no address doesn't
    undo the caller's change: the notice is kept as failed, for an admin to see.
    """
    status = NoticeStatus.WAITING if is_address(recipient) else NoticeStatus.FAILED
    with transaction.atomic():
        notice, written = Notice.objects.get_or_create(
            key=key,
            defaults={
                "kind": kind,
                "recipient": recipient.strip().lower()[:MAX_ADDRESS],
                "context": dict(context),
                "status": status,
                "created_at": now,
                "due_at": now,
            },
        )
        if written:
            _note(notice, status, now=now)
    return notice


def _note(notice: Notice, status: NoticeStatus, *, now: datetime) -> None:
    note = UNDELIVERABLE if status is NoticeStatus.FAILED else ""
    NoticeEvent.objects.create(notice=notice, target=status, at=now, note=note)
    transaction.on_commit(partial(notice_written.send_robust, Notice, notice_id=notice.pk))


def is_address(text: str) -> bool:
    """Whether mail could be sent there at all."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= MAX_ADDRESS
