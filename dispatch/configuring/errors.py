"""Refusals of configuring."""

from __future__ import annotations

from polyphemus_site.errors import MoveRefusedError


class AlreadySentError(MoveRefusedError):
    """The form became a request already, and says something else now."""

    code = "already_sent"
