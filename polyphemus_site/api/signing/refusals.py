"""Why a signed call was not believed."""

from __future__ import annotations

#: The reason when the signature does not match; the same in both schemes.
SIGNATURE = "signature"


class SignatureRefusedError(Exception):
    """The call is not believed.

    `reason` is for the audit alone: no answer carries it, since it would tell a forger how near they are.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason

    @property
    def is_final(self) -> bool:
        """Whether all was in order but the signature itself."""
        return self.reason == SIGNATURE
