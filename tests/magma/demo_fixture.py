"""A demo warehouse of its own for every test that asks: a process on a free port, freshly seeded."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from magma.demo.loading import Loader, Revisions
from magma.demo.tokens import KeyPair, make_keys, mint

ROOT = Path(__file__).resolve().parents[2]
#: Seconds within which the process must answer, on a busy machine.
PATIENCE = 20
LETTERS = {"admin": "a", "editor": "e", "viewer": "v", "guest": "g"}


@dataclass(frozen=True)
class RunningWarehouse:
    """A demo warehouse under way, and the Janus keys it believes in."""

    url: str
    keys: KeyPair
    process: subprocess.Popen[bytes]

    def mint(self, role: str = "viewer", *, projects: str = "labors,dt_lung", **claims: Any) -> str:
        """A token for a role, which sees restricted data when written in upper case."""
        letter = LETTERS[role.lower()]
        letter = letter.upper() if role.isupper() else letter
        return mint(
            self.keys.private, **{"email": f"{role}@ucsf.edu", "perm": f"{letter}:{projects}"} | claims
        )

    def load(self, revisions: Revisions, *, project: str = "dt_lung", role: str = "EDITOR") -> dict[str, Any]:
        """Load data by hand."""
        return Loader(self.url, self.mint(role), project).load(revisions)


@contextmanager
def running_warehouse(folder: Path, keys: KeyPair, *options: str) -> Iterator[RunningWarehouse]:
    """Start a demo warehouse, stop it at the end."""
    keys.save(folder)
    address = folder / "warehouse.url"
    command = [sys.executable, "-m", "magma.demo", "--url-file", str(address), *options]
    process = subprocess.Popen([*command, "--janus-public-key", str(folder / "janus.pub")], cwd=ROOT)  # noqa: S603 - our own program
    try:
        yield RunningWarehouse(written(address, process), keys, process)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def written(path: Path, process: subprocess.Popen[bytes]) -> str:
    """The file's text, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, f"the demo warehouse ended with {process.returncode}"
        assert time.monotonic() < deadline, "the demo warehouse doesn't answer"
        time.sleep(0.01)
    return path.read_text()


@pytest.fixture(scope="session")
def janus_keys() -> KeyPair:
    return make_keys()


@pytest.fixture
def start_warehouse(tmp_path: Path, janus_keys: KeyPair) -> Iterator[Callable[..., RunningWarehouse]]:
    """Starts demo warehouses with command line options of the test's choosing."""
    with ExitStack() as stack:

        def start(*options: str) -> RunningWarehouse:
            folder = tmp_path / f"warehouse-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(running_warehouse(folder, janus_keys, *options))

        yield start


@pytest.fixture
def warehouse(start_warehouse: Callable[..., RunningWarehouse]) -> RunningWarehouse:
    return start_warehouse()
