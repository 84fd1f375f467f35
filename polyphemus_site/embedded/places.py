"""Where the servers keep their files: found again on the next start, private, nobody else's touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from polyphemus_site.embedded.accounts import Account
from polyphemus_site.embedded.errors import EmbeddedError
from polyphemus_site.embedded.locks import Lock

#: Root's servers live here when their user can't walk to the checkout, as under a private home.
SHELF = Path("/var/lib/polyphemus-embedded")
PRIVATE = 0o700
#: The servers' user walks through, but can't list; only root's own new directories have it.
WALK_THROUGH = 0o711
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass
class Place:
    """One set of servers: their data, secrets, logs, and the two locks that guard them."""

    path: Path
    account: Account
    fresh: bool
    #: Held by the supervisor alone.
    lock: Lock = field(init=False)
    #: Held by the supervisor and each server: free means that none of them lives.
    servers_lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        """Open both locks; nothing is taken yet."""
        self.lock = Lock(self.path / "lock")
        self.servers_lock = Lock(self.path / "servers.lock")

    @property
    def record(self) -> Path:
        """Which servers run here, for the next supervisor should this one be killed."""
        return self.path / "running.json"

    def storage(self, name: str) -> Path:
        """A private directory of the servers' user."""
        path = self.path / name
        if not path.exists():
            path.mkdir(mode=PRIVATE)
            self.account.give(path)
        return path

    def close(self) -> None:
        """Let go of both locks."""
        self.lock.close()
        self.servers_lock.close()


def home_for(folder: Path, account: Account) -> Path:
    """The folder itself, or root's stand-in for it when the servers' user can't walk there."""
    folder = folder.resolve()
    mode = _mode(account)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        raise EmbeddedError(f"The servers' data can't be kept in {folder}: {existing} is a file.")
    if not account.switched:
        return _own(folder, mode)
    if _is_ours(folder) and account.can(existing, os.X_OK):
        _own(folder, mode)
        if account.can(folder, os.X_OK):
            return folder
    return _own(shelf() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16], mode)


def shelf() -> Path:
    """Root's own place for what can't lie in the checkout."""
    _own(SHELF, WALK_THROUGH)
    if SHELF.is_symlink() or SHELF.stat().st_mode & OTHERS_MAY_WRITE:
        raise EmbeddedError(f"{SHELF} can be written by others, so nothing private can be kept there.")
    return SHELF


def _own(folder: Path, mode: int) -> Path:
    """The directory, made when missing; one that exists keeps its permissions, whatever they are."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode)
        # The umask took bits away from what we have just made; what existed before is never changed.
        folder.chmod(mode)
    except FileExistsError:
        if not _is_ours(folder):
            raise EmbeddedError(f"{folder} belongs to another user; name another with --data.") from None
    except OSError as error:
        raise EmbeddedError(
            f"The servers' data can't be kept in {folder}: {error.strerror}; name another with --data, "
            "or set DATABASE_URL and REDIS_URL."
        ) from error
    return folder


def _is_ours(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and folder.stat().st_uid == os.geteuid())


def lasting(home: Path, account: Account) -> Place:
    """The place whose data stays; refused while another supervisor has it."""
    place = Place(_own(home / "lasting", _mode(account)), account, fresh=False)
    if not place.lock.take():
        raise EmbeddedError(
            f"Another supervisor (pid {place.lock.signer()}) already runs the servers in {home}; "
            "stop it, or use --fresh or another --data."
        )
    place.lock.sign()
    return place


def fresh(home: Path, account: Account, *, recover: Callable[[Place], None]) -> Place:
    """A new throw-away place, after removing those that killed runs left behind."""
    with _fresh_ones(home):
        for leftover in sorted(home.glob("fresh-*")):
            _sweep(leftover, account, recover)
        path = Path(tempfile.mkdtemp(prefix="fresh-", dir=home))
        path.chmod(_mode(account))
        place = Place(path, account, fresh=True)
        place.lock.take()
        place.lock.sign()
    return place


def discard(place: Place) -> None:
    """Remove a throw-away place and all it holds."""
    with _fresh_ones(place.path.parent):
        shutil.rmtree(place.path)


@contextmanager
def _fresh_ones(home: Path) -> Iterator[None]:
    """One at a time: a place just made and not yet locked must not look like a leftover."""
    lock = Lock(home / "fresh.lock")
    try:
        lock.take(wait=True)
        yield
    finally:
        lock.close()


def _sweep(path: Path, account: Account, recover: Callable[[Place], None]) -> None:
    """Remove a leftover that is provably ours and whose supervisor and servers are all dead."""
    if path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.geteuid():
        return
    if not (path / "lock").is_file():
        return
    place = Place(path, account, fresh=True)
    try:
        if place.lock.take():
            recover(place)
            shutil.rmtree(path)
    except EmbeddedError:
        return  # its servers live and can't be proven ours; they and their files stay
    finally:
        place.close()


def _mode(account: Account) -> int:
    return WALK_THROUGH if account.switched else PRIVATE
