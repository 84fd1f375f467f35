"""`manage.py sweep [--json]`: what has come due is dealt with now."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dispatch import policies, witness
from dispatch.services import due
from polyphemus_site import clock


class Command(BaseCommand):
    """Looks at every request whose time has come, as the worker does every two seconds."""

    help = "Deal with every due date that has come."

    def add_arguments(self, parser: CommandParser) -> None:
        """Only how to print."""
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Sweep, waiting for another sweep that is on its way, and print what was done."""
        report = due.sweep(
            witness=witness.configured(), waits=policies.waits(), now=clock.now(), patient=True
        ).as_document()
        if options["json"]:
            self.stdout.write(json.dumps(report))
            return
        for name, count in report.items():
            self.stdout.write(f"{name.replace('_', ' '):12}{count}")
