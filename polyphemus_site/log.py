"""The log: one line an event, with the request's or the task's id, and without secrets."""

from __future__ import annotations

import logging
import re

from celery import current_task

from polyphemus_site.api.request_ids import current_id

TOKEN = re.compile(r"eyJ[\w-]{8,}+\.[\w-]++\.[\w-]*+")
PASSWORD_IN_URL = re.compile(r"(\w{1,20}+://[^\s:/@]*+):[^\s@/]++@")
#: More of a line is not shown: an error may quote a whole value, and looking for secrets in that takes long.
LONGEST = 32_000
#: So much before the cut may be the beginning of a secret whose end is not there to be known by.
UNSURE = 4_000


class Ids(logging.Filter):
    """Gives each record `ids`: whose doing it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; keep the record."""
        task_id = getattr(getattr(current_task, "request", None), "id", None)
        record.ids = current_id.get() or task_id or "-"
        return True


class Line(logging.Formatter):
    """Hides tokens and the passwords of addresses, wherever in the line or the trace they stand."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, fit to be shown."""
        return without_secrets(super().format(record))


def without_secrets(text: str) -> str:
    """The text with tokens and passwords in addresses struck out."""
    hidden = PASSWORD_IN_URL.sub(r"\1:***@", TOKEN.sub("<token>", text[:LONGEST]))
    return hidden if len(text) <= LONGEST else f"{hidden[:-UNSURE]}… ({len(text)} characters)"
