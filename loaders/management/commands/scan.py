"""`manage.py scan PROJECT [--model M] [--full] [--json]`: judge now, and say what came of it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from loaders.management.watching import Bar, Lines, counted
from loaders.services import scans
from loaders.services.runs import Watch
from loaders.services.verdicts import Tally
from magma.client import connect
from magma.errors import MagmaError
from polyphemus_site.clock import now


class Command(BaseCommand):
    """Scan a project."""

    help = "Judge a project's records now: what changed since the last scan, or with --full all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The project, how much of it, and the form of the answer."""
        parser.add_argument("project")
        parser.add_argument("--model", default="", help="only this model")
        parser.add_argument("--full", action="store_true", help="every record, not only what changed")
        parser.add_argument(
            "--afresh", action="store_true", help="with --full: judge also what is as the last one saw it"
        )
        parser.add_argument(
            "--without-restricted",
            action="store_true",
            help="with --full: though our token shows no restricted data any more; what it hides closes",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *_: Any, project: str, model: str, **options: Any) -> None:
        """Scan, then print."""
        scan = chosen(model, **{name: options[name] for name in ("full", "afresh", "without_restricted")})
        try:
            # What a lab's code prints is no part of the answer.
            with self._watcher(quiet=options["json"]) as watch, redirect_stdout(sys.stderr):
                tally = scan(connect(), project, clock=now, model=model, watch=watch)
        except MagmaError as error:
            raise CommandError(f"{error.message} {error.advice}") from error
        self.stdout.write(as_json(project, tally) if options["json"] else as_text(project, tally))

    def _watcher(self, *, quiet: bool) -> AbstractContextManager[Watch | None]:
        """A bar where somebody looks on, lines where somebody may read them later."""
        if quiet:
            return nullcontext()
        if self.stderr.isatty():
            return Bar(Console(stderr=True))
        return Lines(partial(self.stderr.write, style_func=str), now)


def chosen(model: str, *, full: bool, afresh: bool, without_restricted: bool) -> Callable[..., Tally]:
    """The scan that was asked for; CommandError for what doesn't go together."""
    if afresh and not full:
        raise CommandError("--afresh goes with --full.")
    if without_restricted and (model or not full):
        raise CommandError("--without-restricted goes with --full, and not with --model.")
    if not full:
        return scans.scan_changes
    return partial(scans.scan_all, afresh=afresh, without_restricted=without_restricted)


def as_json(project: str, tally: Tally) -> str:
    """One document."""
    document = {
        "project": project,
        "records": tally.records,
        "judged": tally.judged,
        "pages": tally.pages,
        "verdicts": tally.plain(),
        "faults": tally.faults,
        "written": tally.written,
    }
    return json.dumps(document, indent=2)


def as_text(project: str, tally: Tally) -> str:
    """A line a loader, then one about the scan."""
    lines = [
        f"{loader}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        for loader, counts in tally.plain().items()
    ]
    lines += [f"{loader} failed: {fault}" for loader, fault in tally.faults.items()]
    as_before = tally.records - tally.judged
    rest = f", {as_before} as the last full scan had seen them" if as_before else ""
    read = f"{counted(tally.records, 'record')} of {project} on {counted(tally.pages, 'page')}"
    return "\n".join([*lines, f"Read {read}: {tally.judged} judged{rest}."])
