"""Keeping entries, and telling the apps about them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from magma.journal.models import JournalEntry
from magma.journal.payloads import documents_of
from magma.journal.services import forwarding
from magma.journal.signals import large_entry_written
from magma.signals import journal_entry_written
from polyphemus_site.errors import InvalidInputError

logger = logging.getLogger(__name__)

#: Receivers are told again after this, then after twice as long, and so on.
FIRST_RETRY: Final = timedelta(seconds=30)
LONGEST_RETRY: Final = timedelta(hours=1)
BATCH: Final = 100
#: The apps are told of so many records while the sender waits.
AT_ONCE: Final = 200

_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,100}")
#: The longest text each field may hold.
LIMITS: Final = {"application": 100, "user": 254, "event": 100, "message": 1_000_000}


#: Does work when its caller can spare the time.
Later = Callable[[Callable[[], object]], object]


def do_now(work: Callable[[], object]) -> object:
    """For callers who have the time."""
    return work()


def write(
    *,
    project_name: str,
    sender: str,
    document: Mapping[str, Any],
    body: bytes,
    now: datetime,
    later: Later = do_now,
) -> JournalEntry:
    """Keep an entry, as a real sibling sends it; the apps are told after commit, through `later`.

    `document` is the parsed `body`; unknown fields are let be, and a field of a wrong type is refused.
    """
    if not _PROJECT.fullmatch(project_name):
        raise InvalidInputError(_("A project's name holds letters, digits, '_' and '-'."), code="bad_project")
    texts = {name: _text(document, name) for name in LIMITS}
    if not texts["event"]:
        raise InvalidInputError(_("An entry says what its event is."), code="invalid", field="event")
    texts["application"] = texts["application"] or sender
    entry = JournalEntry(
        project_name=project_name, sender=sender, received_at=now, retry_at=now + FIRST_RETRY, **texts
    )
    entry.documents = documents_of(document.get("payload"))
    with transaction.atomic():
        entry.save(force_insert=True)
        forwarding.owe(entry, body=body, now=now)
        transaction.on_commit(partial(later, partial(_announce, entry, now=now)))
    return entry


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LIMITS[name]:
        raise InvalidInputError(
            _("%(name)r must be text of at most %(most)s characters.") % {"name": name, "most": LIMITS[name]},
            code="invalid",
            field=name,
        )
    return value


def _announce(entry: JournalEntry, *, now: datetime) -> None:
    """Tell the apps at once, or where they would have much to write down, leave it to a worker."""
    if sum(map(len, (entry.documents or {}).values())) <= AT_ONCE:
        tell(entry.pk, entry.project_name, now=now)
    else:
        JournalEntry.objects.filter(pk=entry.pk, handled_at=None).update(retry_at=now)
        large_entry_written.send_robust(sender=JournalEntry, entry_id=entry.pk)


def tell(entry_id: int, project_name: str, *, now: datetime) -> bool:
    """Send the signal; whether every receiver took it. One that fails is logged and told again later."""
    answers = journal_entry_written.send_robust(
        sender=JournalEntry, entry_id=entry_id, project_name=project_name
    )
    failures = [(receiver, answer) for receiver, answer in answers if isinstance(answer, Exception)]
    for receiver, error in failures:
        logger.error("journal entry %s: %s failed: %s", entry_id, receiver, error)
    if not failures:
        JournalEntry.objects.filter(pk=entry_id, handled_at=None).update(handled_at=now)
    return not failures


def tell_again(*, now: datetime) -> int:
    """Tell the receivers about entries some of them have not taken; how many are handled now."""
    due = JournalEntry.objects.unhandled(now=now).values_list("pk", "project_name", "retry_at", "tries")[
        :BATCH
    ]
    handled = 0
    for pk, project_name, retry_at, tries in due:
        claimed = JournalEntry.objects.filter(pk=pk, handled_at=None, retry_at=retry_at)
        if claimed.update(retry_at=now + _wait(tries), tries=F("tries") + 1):
            handled += tell(pk, project_name, now=now)
    return handled


def _wait(tries: int) -> timedelta:
    return min(FIRST_RETRY * (1 << min(tries + 1, 10)), LONGEST_RETRY)


def forget(*, before: datetime) -> int:
    """Delete entries received before an instant, unless they are still to be handled; how many."""
    deleted, _ = JournalEntry.objects.filter(received_at__lt=before).exclude(handled_at=None).delete()
    return deleted
