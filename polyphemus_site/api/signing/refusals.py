"""Why a signed call was not believed."""

from __future__ import annotations


class SignatureRefusedError(Exception):
    """The call is not believed.

    `reason` is for the audit alone: no answer carries it, since it would tell a forger how near they are.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason
