"""Real processes for the doctor to examine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from magma.demo.tokens import mint
from tests.polyphemus_site.janus.tokens import key_pair

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 30.0


def wait_for(condition: Callable[[], Any]) -> Any:
    """What the condition gives once it is true; fails at the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise TimeoutError("The condition did not come about in time.")


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, ended with the block."""
    process = subprocess.Popen(  # noqa: S603 — commands of our own
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def test_database(transactional_db: None) -> dict[str, str]:
    """The environment in which another process sees this test's database, and a broker of its own."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = parts._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    broker = urlsplit(os.environ["REDIS_URL"])._replace(path="/7").geturl()
    return {"DATABASE_URL": database, "REDIS_URL": broker}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A demo warehouse, and the environment that reads it."""
    private, public = key_pair()
    (tmp_path / "janus.pub").write_text(public)
    url_file = tmp_path / "url"
    command = ["magma.demo", "--url-file", str(url_file), "--janus-public-key", str(tmp_path / "janus.pub")]
    with running(command, {}):
        url = wait_for(lambda: url_file.exists() and url_file.read_text().strip())
        yield {
            "POLYPHEMUS_MAGMA_URL": url,
            "POLYPHEMUS_MAGMA_TOKEN": mint(private, email="polyphemus@ucsf.edu", perm="V:labors;v:dt_lung"),
            "POLYPHEMUS_JANUS_PUBLIC_KEY_FILE": str(tmp_path / "janus.pub"),
        }
