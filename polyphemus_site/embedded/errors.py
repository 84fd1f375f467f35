"""What can go wrong before or beside the command, each said in one sentence."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The servers can't be had; the message is the one sentence a person reads."""


class InterruptedStartError(Exception):
    """A signal asked us to stop while the servers were still starting."""

    def __init__(self, signum: int) -> None:
        """Keep the signal's number: the exit code is made of it."""
        super().__init__(f"Stopped by signal {signum}.")
        self.signum = signum
