"""Mail: whether the server lets us in, without sending anything."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import get_connection

from polyphemus_site.health import Finding
from polyphemus_site.mail.faults import judge


def examine(now: datetime) -> Finding:
    """Connect and leave again."""
    del now
    kind = settings.EMAIL_BACKEND.rpartition(".")[0]
    if kind.endswith(("console", "locmem", "dummy", "filebased")):
        remedy = "Set POLYPHEMUS_EMAIL_URL, for example smtp://mail.example.org:25"
        return Finding.warn("mail server", "Mail is written down and sent to nobody.", remedy)
    try:
        with get_connection():
            return Finding.ok("mail server", f"{_where()} lets us in.")
    except Exception as error:  # noqa: BLE001 — whatever the backend raises is the finding
        remedy = "Correct POLYPHEMUS_EMAIL_URL, or see whether the server accepts this host."
        return Finding.fail("mail server", f"{_where()}: {judge(error).sentence}.", remedy)


def _where() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
