"""`make demo` as a stranger meets it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

STORY_SECONDS = 150
DEMO = [sys.executable, "-u", "manage.py", "demo"]

pytestmark = pytest.mark.journey


class Demo:
    """A running demo whose words can be waited for."""

    def __init__(self, *options: str, seconds: float = STORY_SECONDS) -> None:
        self.popen = subprocess.Popen(  # noqa: S603 — our own command, no shell
            [*DEMO, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "120"},
        )
        self.lines: list[str] = []
        self._watchdog = threading.Timer(seconds, self.popen.kill)
        self._watchdog.start()

    def read_until(self, words: str) -> str:
        """Everything said so far, once a line holds `words` (or all of it, at its end)."""
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line)
            if words in line:
                break
        return "".join(self.lines)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.popen.pid).children(recursive=True)

    def end(self) -> int:
        code = self.popen.wait(timeout=30)
        self._watchdog.cancel()
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        return code


def tickets_of(said: str, analyst: str) -> set[str]:
    """The requests shown as ended by this analyst's ticket: one has the client, the other the cron recipe."""
    later = r'(?:(?!"name")[\s\S])*?'
    return set(re.findall(rf'"name": "(\w+)",{later}"analyst": "{analyst}",{later}"outcome": "ticket"', said))


@pytest.fixture
def demo() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for each in started:
        each.popen.send_signal(signal.SIGTERM)
        each.end()


def test_the_story_is_told_to_its_end_and_everything_stops(demo: list[Demo]) -> None:
    telling = Demo("--once")
    demo.append(telling)

    said = telling.read_until("story complete")

    assert telling.end() == 0, said
    assert said.rstrip().endswith("story complete")
    assert re.search(r'"outcome": "ticket"', said)
    assert re.search(r'"status": "deferred"', said)
    assert len(tickets_of(said, "saurabh.asthana@ucsf.edu")) == len(tickets_of(said, "rival@ucsf.edu")) == 1
    assert re.search(r'"outcome": "cancelled"', said)
    assert "DTL007.N1" in said


def test_it_stays_up_until_interrupted_and_leaves_no_child(demo: list[Demo]) -> None:
    telling = Demo()
    demo.append(telling)
    said = telling.read_until("how everything is")
    (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+(?=/readyz)", said))
    ready = httpx.get(f"{address}/readyz", timeout=10)
    children = telling.children()

    telling.popen.send_signal(signal.SIGINT)

    assert ready.status_code == 200, ready.text
    assert telling.end() == 0
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_a_process_that_dies_is_named_and_the_demo_fails(demo: list[Demo]) -> None:
    telling = Demo("--once")
    demo.append(telling)
    telling.read_until("(a)")
    beat = next(child for child in telling.children() if "beat" in child.cmdline())

    beat.kill()

    said = telling.read_until("words nobody says")
    assert telling.end() != 0
    assert "beat ended with code -9" in said
    assert Path(".polyphemus/demo/logs/beat.log").exists()
