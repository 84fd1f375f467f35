"""The one family of errors a caller may see, each with a stable code.

`code` is part of the API: programs branch on it and tests pin it. The message is prose for people.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class PolyphemusError(Exception):
    """An expected refusal: answered as problem+json, never reported as a crash.

    Subclass implementation: set `code` and `status`; give the sentence when raising.
    `members` are further fields of the answer (RFC 9457 section 3.2).
    """

    code = "refused"
    status: int = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, *, code: str | None = None, **members: Any) -> None:
        """Keep the sentence for people, and optionally a narrower code for programs."""
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.members = members


class InvalidInputError(PolyphemusError):
    """What was sent can't be understood, or breaks a rule of its own shape."""

    code = "invalid"
    status = HTTPStatus.BAD_REQUEST


class MissingError(PolyphemusError):
    """Unknown, or not for the caller's eyes: the two look the same."""

    code = "not_found"
    status = HTTPStatus.NOT_FOUND


class MoveRefusedError(PolyphemusError):
    """Not now: the subject is no longer in a state that allows this move."""

    code = "not_now"
    status = HTTPStatus.CONFLICT


class UnavailableError(PolyphemusError):
    """Something this answer needs can't be reached; try again later."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class KeyReusedError(PolyphemusError):
    """An `Idempotency-Key` that came with another call before."""

    code = "idempotency_key_reused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
