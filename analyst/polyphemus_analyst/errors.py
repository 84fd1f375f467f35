"""What can go wrong between an analyst and the server."""

from __future__ import annotations


class AnalystError(Exception):
    """The message is for a person; the exit code of the command line is 1."""


class UnreachableError(AnalystError):
    """No answer, or one that says to try again, for as long as we were willing to try."""


class UnauthorizedError(AnalystError):
    """The server does not believe the signature, also not at its own time."""


class RefusedError(AnalystError):
    """A plain no, with the server's stable code."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        """Keep what programs read."""
        super().__init__(message)
        self.status = status
        self.code = code


class JournalError(AnalystError):
    """What we do can't be written down, so nothing may be done."""


class ConfigError(AnalystError):
    """The request's config is not one the analysis can run."""


class ExecutorError(AnalystError):
    """The place where jobs run refused or can't be reached."""


class UnansweredError(ExecutorError):
    """Nobody knows whether it did what it was asked."""
