"""Real Celery workers, each a process of its own, over the database and broker at hand."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from loaders.loader import Loader
from polyphemus_site.celery import app

ROOT = Path(__file__).resolve().parents[1]
#: Seconds within which a worker must be ready, on a busy machine.
PATIENCE = 120
CELERY = (sys.executable, "-m", "celery", "-A", "polyphemus_site", "worker")
#: One process that does the work itself, or one that has a child do it, as in production.
SOLO, PREFORK = ("-P", "solo"), ("-P", "prefork", "--concurrency", "1")
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def spell(loaders: Sequence[Loader], folder: Path) -> Path:
    """Write loaders as the YAML files that workers find by POLYPHEMUS_LOADER_PATH."""
    for loader in loaders:
        (folder / f"{loader.name}.yaml").write_text(yaml.safe_dump(loader.spelling), encoding="utf-8")
    return folder


@contextmanager
def workers(
    count: int, folder: Path, environment: Mapping[str, str], pool: Sequence[str] = SOLO
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many workers, all of them ready; what lay in the queue is thrown away."""
    app.control.purge()
    with ExitStack() as stack:
        started = [
            stack.enter_context(_worker(f"w{number}", folder, environment, pool)) for number in range(count)
        ]
        _wait_for(count, started, folder)
        yield started


@contextmanager
def _worker(
    name: str, folder: Path, environment: Mapping[str, str], pool: Sequence[str]
) -> Iterator[subprocess.Popen[bytes]]:
    command = [*CELERY, *pool, *ALONE, "-n", f"{name}@%h", "--loglevel", "WARNING"]
    with (
        (folder / f"{name}.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 — our own program
            command, cwd=ROOT, env=os.environ | dict(environment), stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _wait_for(count: int, started: Sequence[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(app.control.ping(timeout=1.0) or ()) < count:
        logs = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.log")))
        assert all(process.poll() is None for process in started), logs
        assert time.monotonic() < deadline, logs
