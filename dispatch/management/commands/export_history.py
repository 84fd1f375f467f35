"""`manage.py export_history`: what happened to requests, as lines of JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from dispatch import histories
from dispatch.models import RequestEvent


class Command(BaseCommand):
    """Written as it is read, so a history of any length goes through."""

    help = "Print the history of requests, a line of JSON for each event, oldest first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which part."""
        parser.add_argument("--project", help="only this project's")
        parser.add_argument("--request", help="only this request's, by name")
        parser.add_argument(
            "--since", type=instant, help="only from this instant on, as 2026-05-04T12:00:00Z"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print."""
        events = RequestEvent.objects.part(
            project=options["project"], name=options["request"], since=options["since"]
        )
        for text in histories.lines(events):
            self.stdout.write(text, ending="")


def instant(text: str) -> datetime:
    """An instant; without a zone it is in UTC."""
    try:
        read = parse_datetime(text)
    except ValueError as error:
        raise CommandError(f"{text} is no instant: {error}.") from error
    if read is None:
        raise CommandError(f"{text} is no instant; write it as 2026-05-04T12:00:00Z.")
    return read if read.tzinfo else read.replace(tzinfo=UTC)
