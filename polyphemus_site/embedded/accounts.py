"""Which user the servers run as.

PostgreSQL refuses to run as root, so root's servers run as somebody without rights. The child changes
its user itself: no user is created and no permission of a directory is touched.
"""

from __future__ import annotations

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyphemus_site import env
from polyphemus_site.embedded.errors import EmbeddedError

USER_VARIABLE = "POLYPHEMUS_EMBEDDED_USER"
DEFAULT_USER = "nobody"
ROOT = 0


@dataclass(frozen=True)
class Account:
    """A user of this machine; `switched` when it is not the one we run as."""

    name: str
    uid: int
    gid: int
    switched: bool

    def spawning(self) -> dict[str, Any]:
        """What `subprocess.Popen` needs so that the child becomes this user and has no other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switched else {}

    def can(self, path: Path, mode: int) -> bool:
        """Whether this user may access the path, asked of the kernel and not computed from mode bits."""
        if not self.switched:
            return os.access(path, mode)
        return _ask_as(self, path, mode)

    def give(self, path: Path) -> None:
        """Make a file or directory of ours this user's."""
        if self.switched:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """The user we are, or for root the one named by POLYPHEMUS_EMBEDDED_USER, by default `nobody`."""
    uid = os.geteuid()
    if uid != ROOT:
        return Account(name=str(uid), uid=uid, gid=os.getegid(), switched=False)
    return _named(env.text(USER_VARIABLE, DEFAULT_USER))


def _named(name: str) -> Account:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root and there is no user {name!r} to run it as; "
            f"name an unprivileged user in {USER_VARIABLE}."
        ) from None
    if entry.pw_uid == ROOT:
        raise EmbeddedError(f"PostgreSQL does not run as root; name another user in {USER_VARIABLE}.")
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switched=True)


def _ask_as(account: Account, path: Path, mode: int) -> bool:
    """Ask in a child that has become the account, the only answer that knows about ACLs and mounts."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_answer(account, path, mode))
    _, status = os.waitpid(child, 0)
    return status == 0


def _answer(account: Account, path: Path, mode: int) -> int:
    """The child's whole life: nothing may escape it, or two supervisors would go on."""
    try:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
        return 0 if os.access(path, mode) else 1
    except OSError:
        return 1
