"""What the demo warehouse answers with, refusals included: their texts are Magma's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. `media` is its Content-Type; Magma sends some without one."""

    status: int
    body: bytes
    media: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def as_json(body: Any, status: int = 200) -> Reply:
    """Compact JSON, characters as they are: Ruby's form."""
    return Reply(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def as_text(text: str, status: int = 200, media: str | None = None) -> Reply:
    """A plain sentence."""
    return Reply(status, text.encode(), media)


class RefusalError(Exception):
    """Ends a call with Magma's answer to it."""

    def __init__(self, reply: Reply) -> None:
        """Keep the answer."""
        super().__init__(reply.body)
        self.reply = reply


def unauthorized() -> RefusalError:
    """No token, or none that holds."""
    return RefusalError(as_text("You are unauthorized", 401, "text/html"))


def forbidden(sentence: str = "You are forbidden from performing this action.") -> RefusalError:
    """The role is too low, or the project is none of the visitor's."""
    return RefusalError(as_json({"error": sentence}, 403))


def no_such_model() -> RefusalError:
    """An unknown project or model."""
    return RefusalError(as_json({"error": "That project or model does not exist."}, 404))


def refused(*sentences: str) -> RefusalError:
    """A request that can't be followed."""
    return RefusalError(as_json({"errors": list(sentences)}, 422))


def server_error() -> RefusalError:
    """What Magma says of its own uncaught errors."""
    return RefusalError(as_json({"error": "Server error."}, 500))


def database_error() -> RefusalError:
    """What Magma says when /query's SQL fails."""
    return RefusalError(as_json({"errors": ["Database error."]}, 501))
