"""What the demo says while it plays: steps, and each document as it changes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Found = TypeVar("Found")

LOOK_EVERY_SECONDS = 0.15


class StepFailedError(RuntimeError):
    """A step of the story was not observed."""


def say(line: str = "") -> None:
    """Write a line for the person watching."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show(title: str, document: Any) -> None:
    """Write a JSON document under its title."""
    say(f"  {title}:")
    text = json.dumps(document, indent=2, ensure_ascii=False)
    say("\n".join(f"    {line}" for line in text.splitlines()))


def show_page(title: str, lines: list[str], *, most: int = 40) -> None:
    """Write what a page says, its beginning."""
    say(f"  {title}:")
    say("\n".join(f"    {line}" for line in lines[:most]))


@dataclass
class Narrator:
    """Announces steps, waits for what they promise, and shows a document whenever it changes."""

    require_alive: Callable[[], None]
    started: float = field(default_factory=time.monotonic)
    step: str = "start"
    shown: dict[str, Any] = field(default_factory=dict)

    def begin(self, step: str) -> None:
        """Announce the next step; a failure from here on is this step's."""
        self.step = step
        say(f"\n[{time.monotonic() - self.started:5.1f} s] {step}")

    def changed(self, title: str, document: Any) -> None:
        """Show the document if it differs from the last one under this title."""
        if self.shown.get(title) != document:
            self.shown[title] = document
            show(title, document)

    def until(self, what: str, look: Callable[[], Found | None], *, seconds: float) -> Found:
        """What `look` finds, asked again and again until it finds something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.require_alive()
            if found := look():
                return found
            time.sleep(LOOK_EVERY_SECONDS)
        raise StepFailedError(f"{self.step}: {what} was not seen within {seconds:.0f} s.")
