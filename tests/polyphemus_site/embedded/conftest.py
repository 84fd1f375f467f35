"""Folders that the servers' user can reach, and supervisors that never outlive a test."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from polyphemus_site.embedded import programs
from polyphemus_site.embedded.accounts import server_account
from tests.polyphemus_site.embedded.runs import Staying, eventually, gone

#: What only root can try has no meaning for anybody else. Root becomes an ordinary user for the other module
#: only where that user can walk to the binaries; an ordinary user's own run is the whole rest of the suite.
AS_ROOT = os.geteuid() == 0
WITHIN_REACH = AS_ROOT and programs.installed().usable_by(server_account())
collect_ignore = [
    *([] if AS_ROOT else ["test_as_root.py"]),
    *([] if WITHIN_REACH else ["test_as_an_ordinary_user.py"]),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where data may lie; pytest's own folders are closed to the user root's servers run as."""
    place = Path(tempfile.mkdtemp(prefix="polyphemus-test-"))
    place.chmod(0o711)
    yield place / "data"
    shutil.rmtree(place)


@pytest.fixture
def stay(folder: Path) -> Iterator[Callable[..., Staying]]:
    """Starts supervisors; at the end all are stopped and none of their servers lives."""
    started: list[Staying] = []

    def start(**options: Any) -> Staying:
        seen = folder.parent / f"seen-{len(started)}"
        started.append(Staying(**{"folder": folder, "seen": seen} | options))
        return started[-1]

    yield start
    for staying in started:
        _end(staying)


def _end(staying: Staying) -> None:
    servers = staying.servers()
    if staying.child.poll() is None:
        staying.finish()
    for server in servers:
        server.signal(signal.SIGKILL)
    eventually(lambda: gone(servers), "the test's servers are gone")
    if staying.child.stderr is not None:
        staying.child.stderr.close()
