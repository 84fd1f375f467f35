"""A request as the server publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MINUTES = "%Y-%m-%d@%H:%M"


@dataclass(frozen=True)
class Request:
    """The members of the founding document that an analyst needs; the rest is kept as it came."""

    analysis: str
    name: str
    status: str
    config: dict[str, Any]
    analyst: str
    outcome: str
    document: dict[str, Any]

    @property
    def project(self) -> str:
        """The project its config names."""
        return str(self.config.get("project", ""))

    @property
    def due_minute(self) -> datetime | None:
        """The due date as the document shows it, floored to the minute."""
        shown = self.document.get("due-date")
        if not isinstance(shown, str):
            return None
        try:
            return datetime.strptime(shown, MINUTES).replace(tzinfo=UTC)
        except ValueError:
            return None


@dataclass(frozen=True)
class Message:
    """One message about a request; `side` is `analyst` or `people`."""

    at: str
    author: str
    side: str
    text: str


def messages(document: dict[str, Any]) -> list[Message]:
    """The thread in a document, less what makes no sense."""
    entries = [entry for entry in document.get("messages") or [] if isinstance(entry, dict)]
    return [
        Message(*(str(entry.get(word, "")) for word in ("at", "from", "side", "text"))) for entry in entries
    ]


def read(document: object) -> Request | None:
    """The request in a document; None for one we can't make sense of, which must not stop the others."""
    if not isinstance(document, dict):
        return None
    words = [document.get(word) for word in ("analysis", "name", "status")]
    config = document.get("config")
    if not all(isinstance(word, str) and word for word in words) or not isinstance(config, dict):
        return None
    return Request(
        analysis=str(document["analysis"]),
        name=str(document["name"]),
        status=str(document["status"]),
        config=config,
        analyst=str(document.get("analyst") or ""),
        outcome=str(document.get("outcome") or ""),
        document=document,
    )
