"""`manage.py verify_vectors FILE`: recorded signed requests through the real authentication."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polyphemus_site.api import vectors


class Command(BaseCommand):
    """Exit code 0 only if every verdict is the one wanted."""

    help = "Replay signed-request vectors through the real authentication and compare the verdicts."
    requires_system_checks: list[str] = []  # noqa: RUF012 — Django's own way to say none

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, the instant, the form of the answer."""
        parser.add_argument(
            "file", type=Path, help="a file of vectors, with keys, server_host and frozen_now"
        )
        parser.add_argument(
            "--now", type=datetime.fromisoformat, help="judge at this instant (ISO 8601 with zone)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, file: Path, now: datetime | None, **options: Any) -> None:
        """Replay, print, and fail when any verdict differs."""
        if now is not None and now.tzinfo is None:
            raise CommandError("--now needs a zone, such as 2026-11-23T12:00:00Z.")
        outcomes = list(vectors.replay(_read(file), now=now))
        wrong = [outcome for outcome in outcomes if not outcome.agrees]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
        else:
            for outcome in wrong:
                self.stdout.write(f"{outcome.name}: wanted {outcome.wanted}, got {outcome.got}")
            self.stdout.write(f"{len(outcomes) - len(wrong)} of {len(outcomes)} verdicts agree")
        if wrong or not outcomes:
            raise CommandError(f"{len(wrong)} verdicts differ.")


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
    if not isinstance(document, dict) or not {"vectors", "keys", "server_host"} <= document.keys():
        raise CommandError(f"{file} holds no vectors: it needs `vectors`, `keys` and `server_host`.")
    return document
