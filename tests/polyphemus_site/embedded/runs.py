"""Supervisors started as a person would start them, and what can be seen of them from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyphemus_site.embedded import proof

CHECKOUT = Path(__file__).resolve().parents[3]
DEADLINE_S = 60.0
#: Tells where the servers are and stays until it is told to stop.
STAY = 'printf "%s\\n" "$DATABASE_URL" "$REDIS_URL" > "$SEEN.new"; mv "$SEEN.new" "$SEEN"; exec sleep 600'


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition, and fail by name when it never comes."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


def command_line(*words: str, folder: Path, fresh: bool = False) -> list[str]:
    """The supervisor's command line as documented."""
    options = ["--fresh"] if fresh else []
    return [
        sys.executable,
        "-m",
        "polyphemus_site.embedded",
        "run",
        *options,
        "--data",
        str(folder),
        "--",
        *words,
    ]


def environment(**more: str) -> dict[str, str]:
    """Ours, less the servers that this suite itself runs on."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return kept | {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"} | more


def run(
    *words: str,
    folder: Path,
    fresh: bool = False,
    env: Mapping[str, str] = MappingProxyType({}),
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 — the supervisor itself
        command_line(*words, folder=folder, fresh=fresh),
        env=environment(**env),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=DEADLINE_S * 2,
        check=False,
        **options,
    )


@dataclass
class Staying:
    """A supervisor whose command stays until it is stopped."""

    folder: Path
    seen: Path
    fresh: bool = False
    script: str = STAY
    options: dict[str, Any] = field(default_factory=dict)
    child: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        """Start, and wait until its command runs."""
        self.child = subprocess.Popen(  # noqa: S603 — the supervisor itself
            command_line("sh", "-c", self.script, folder=self.folder, fresh=self.fresh),
            env=environment(SEEN=str(self.seen)),
            cwd="/",
            stderr=subprocess.PIPE,
            text=True,
            **self.options,
        )
        eventually(lambda: self.seen.exists() or self.child.poll() is not None, "the command runs")

    @property
    def database_url(self) -> str:
        return self.seen.read_text().splitlines()[0]

    @property
    def redis_url(self) -> str:
        return self.seen.read_text().splitlines()[1]

    def servers(self) -> list[proof.Identity]:
        """The servers it wrote down."""
        records = (
            self.folder.glob("fresh-*/running.json")
            if self.fresh
            else self.folder.glob("lasting/running.json")
        )
        return [proof.Identity(**entry) for record in records for entry in json.loads(record.read_text())]

    def finish(self, signum: int = signal.SIGTERM) -> tuple[int, str]:
        """Signal it; its exit code and what it said."""
        self.child.send_signal(signum)
        _, words = self.child.communicate(timeout=DEADLINE_S)
        return self.child.returncode, words


def gone(identities: list[proof.Identity]) -> bool:
    """Whether none of them lives."""
    return not any(identity.alive() for identity in identities)
