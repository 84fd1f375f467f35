"""Real processes, started without the servers they need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.journey

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NOWHERE = "127.0.0.1:1"
PROCESSES = {
    "web": [str(BIN / "granian"), "--interface", "wsgi", "--port", "0", "polyphemus_site.wsgi:application"],
    "worker": [sys.executable, "-m", "celery", "-A", "polyphemus_site", "worker", "--concurrency", "1"],
    "beat": [sys.executable, "-m", "celery", "-A", "polyphemus_site", "beat"],
    "command": [sys.executable, "manage.py", "migrate"],
}
MISSING = {
    "PostgreSQL": {"DATABASE_URL": f"postgresql://someone:hush@{NOWHERE}/polyphemus"},
    "Redis": {"REDIS_URL": f"redis://:hush@{NOWHERE}/0"},
}


def start(process: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [*PROCESSES[process]]
    return subprocess.run(  # noqa: S603 — commands of our own
        command,
        cwd=ROOT,
        env=os.environ | environment | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("process", "server"),
    [
        ("web", "PostgreSQL"),
        ("web", "Redis"),
        ("worker", "PostgreSQL"),
        ("worker", "Redis"),
        ("beat", "PostgreSQL"),
        ("beat", "Redis"),
        ("command", "PostgreSQL"),
    ],
)
def test_a_process_without_its_server_says_so_in_a_sentence_and_ends(
    process: str, server: str, tmp_path: Path
) -> None:
    ended = start(process, MISSING[server], tmp_path)

    said = [line for line in ended.stderr.splitlines() if "can't start" in line]
    assert ended.returncode != 0
    assert len(said) == 1
    assert f"{server} at {NOWHERE}" in said[0]
    assert "hush" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
