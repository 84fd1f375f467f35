"""Writing notices, inside the transaction of the change they tell of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

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
#: Writes the notice in a row `owed` and the first line of its history; nothing when the key is in use. Also
#: for statements that owe a notice for what they change; they announce it as `owe` does.
NOTICE: Final = """
notice AS (
  INSERT INTO mail_notice (kind, recipient, context, key, status, attempts, created_at, due_at)
  SELECT kind, recipient, context, key, status, 0, {now}, {now} FROM owed
  ON CONFLICT (key) DO NOTHING
  RETURNING id, status
), noticed AS (
  INSERT INTO mail_noticeevent (notice_id, source, target, at, note)
  SELECT id, '', status, {now}, CASE status WHEN 'failed' THEN {undeliverable} ELSE '' END FROM notice
)
"""
WRITE = Statement(
    "write_notice",
    """
WITH owed AS (
  SELECT {kind} AS kind, {recipient} AS recipient, {context} AS context, {key} AS key, {status} AS status
), {writing}
SELECT id FROM notice
""".replace("{writing}", NOTICE),
    kind="text",
    recipient="text",
    context="jsonb",
    key="text",
    status="text",
    now="timestamptz",
    undeliverable="text",
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
        undeliverable=UNDELIVERABLE,
    )
    if written is None:
        return False
    announce(int(written[0] or 0))
    return True


def announce(notice_id: int) -> None:
    """Have the notice sent soon after the change it tells of is committed."""
    transaction.on_commit(partial(notice_written.send_robust, Notice, notice_id=notice_id))


def is_address(text: str) -> bool:
    """Whether mail could be sent there at all."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= MAX_ADDRESS
