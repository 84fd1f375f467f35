"""What a stranger waits: from `git clone` to `story complete`, the packages already in pip's cache."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.results import Row, bounded

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LIMIT_SECONDS = 150.0
GIVE_UP_SECONDS = 600.0
OWN_SERVERS = ("DATABASE_URL", "REDIS_URL")


def rows() -> Iterator[Row]:
    """Seconds from nothing to the end of the story; what is committed counts."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        clone = ["git", "clone", "--quiet", str(CHECKOUT), folder]
        subprocess.run(clone, check=True)  # noqa: S603 — our own words, no shell
        said = told(Path(folder))
        took = time.perf_counter() - start
    complete = said.rstrip().endswith("story complete")
    row = bounded("story_s", took, limit=LIMIT_SECONDS, how="git clone, then make demo ONCE=1; at most")
    yield row if complete else Row(name="story_s", ok=False, how=f"the story broke: {said[-1000:]}")


def told(folder: Path) -> str:
    """What `make demo ONCE=1` prints there, with servers of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN_SERVERS}
    ended = subprocess.run(
        ["make", "--no-print-directory", "demo", "ONCE=1"],  # noqa: S607 — any make
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=GIVE_UP_SECONDS,
        check=False,
    )
    return ended.stdout
