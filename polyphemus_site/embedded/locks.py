"""Locks that the kernel frees by itself when their last holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

PRIVATE_FILE = 0o600


class Lock:
    """An exclusive lock on a file of ours; passing its descriptor to a child lets the child hold it too."""

    def __init__(self, path: Path) -> None:
        """Open the file, never through a symbolic link."""
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)

    def take(self, *, wait: bool = False) -> bool:
        """Take it; False when somebody else holds it."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def sign(self) -> None:
        """Write our pid into the file, for the sentence the next one prints."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, str(os.getpid()).encode(), 0)

    def signer(self) -> str:
        """The pid the holder wrote."""
        return os.pread(self.fd, 20, 0).decode(errors="replace").strip() or "unknown"

    def close(self) -> None:
        """Let go; children that inherited the descriptor keep holding."""
        os.close(self.fd)
