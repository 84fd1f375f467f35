"""Writing notices, inside the transaction of the change they tell of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import validate_email
from django.db import transaction

from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.signals import notice_written
from polyphemus_site.mail.states import NoticeStatus
from polyphemus_site.postgresql.prepared import Statement

MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the brackets
UNDELIVERABLE = "The recipient is not a mail address."
#: The notice and the first line of its history; nothing when the key is in use.
WRITE = Statement(
    "write_notice",
    """
WITH notice AS (
  INSERT INTO mail_notice (kind, recipient, context, key, status, attempts, created_at, due_at)
  VALUES ({kind}, {recipient}, {context}, {key}, {status}, 0, {now}, {now})
  ON CONFLICT (key) DO NOTHING
  RETURNING id
), event AS (
  INSERT INTO mail_noticeevent (notice_id, source, target, at, note)
  SELECT id, '', {status}, {now}, {note} FROM notice
)
SELECT id FROM notice
""",
    kind="text",
    recipient="text",
    context="jsonb",
    key="text",
    status="text",
    now="timestamptz",
    note="text",
)


def write(*, kind: str, recipient: str, context: Mapping[str, Any], key: str, now: datetime) -> Notice:
    """Owe `recipient` one message; the same key again gives back the notice already written.

    `context` is JSON for the templates `mail/<kind>.txt` and `.html`. A recipient that is no address doesn't
    undo the caller's change: the notice is kept as failed, for an admin to see.
    """
    owe(kind=kind, recipient=recipient, context=context, key=key, now=now)
    return Notice.objects.get(key=key)


def owe(*, kind: str, recipient: str, context: Mapping[str, Any], key: str, now: datetime) -> bool:
    """The same for who needs no answer, in one statement; whether it was written now."""
    status = NoticeStatus.WAITING if is_address(recipient) else NoticeStatus.FAILED
    written = WRITE.row(
        kind=kind,
        recipient=recipient.strip().lower()[:MAX_ADDRESS],
        context=json.dumps(dict(context), cls=DjangoJSONEncoder),
        key=key,
        status=status.value,
        now=now,
        note=UNDELIVERABLE if status is NoticeStatus.FAILED else "",
    )
    if written is None:
        return False
    transaction.on_commit(partial(notice_written.send_robust, Notice, notice_id=int(written[0] or 0)))
    return True


def is_address(text: str) -> bool:
    """Whether mail could be sent there at all."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= MAX_ADDRESS
