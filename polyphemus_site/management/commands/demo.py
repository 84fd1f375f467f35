"""`manage.py demo`: play the founding story between real processes (`make demo`)."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from polyphemus_site.demo.cast import Cast
from polyphemus_site.demo.database import DemoDatabaseError, own_places
from polyphemus_site.demo.narration import Narrator, StepFailedError, say
from polyphemus_site.demo.processes import ProcessDiedError, Stage
from polyphemus_site.demo.setting import assemble
from polyphemus_site.demo.story import Story


class Command(BaseCommand):
    """Starts the demo's processes, plays the story, prints where to look, stays until Ctrl-C."""

    help = "Play the whole story between real processes; with --once stop at its end."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer --once."""
        parser.add_argument("--once", action="store_true", help="stop everything when the story is complete")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Play; a failed step is named and the exit code is not 0."""
        for stop in (signal.SIGTERM, signal.SIGINT):  # a shell starts its background jobs deaf to SIGINT
            signal.signal(stop, _interrupt)
        folder = _empty_folder(settings.BASE_DIR / ".polyphemus" / "demo")
        try:
            with Stage(folder / "logs", own_places(settings.DATABASE_URL, folder)) as stage:
                self.play(stage, folder, once=options["once"])
        except (StepFailedError, ProcessDiedError, DemoDatabaseError) as error:
            raise CommandError(f"{error}\nThe processes' logs are in {folder / 'logs'}.") from error
        except KeyboardInterrupt:
            say("\nStopped.")

    def play(self, stage: Stage, folder: Path, *, once: bool) -> None:
        """The story, and then either the end or a stay."""
        narrator = Narrator(stage.require_alive)
        cast = assemble(stage, folder, narrator)
        Story(cast, narrator, folder / "mail").play()
        if not once:
            stay(cast, stage)
        say("\nstory complete")


def stay(cast: Cast, stage: Stage) -> None:
    """Say where to look and wait for Ctrl-C, or for a process to die."""
    say("\nThe story is told; everything stays up until Ctrl-C.\n")
    for title, line in cast.places():
        say(f"  {title:<28} {line}")
    while not threading.Event().wait(1):
        stage.require_alive()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _empty_folder(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.chmod(folder, 0o700)  # noqa: PTH101 — mkdir's mode is masked by the umask
    return folder
