"""`manage.py chore NAME PROJECT --requester EMAIL [--dry-run]`: ask for a task that is no loader's."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loaders.services import chores
from magma.client import connect
from polyphemus_site.clock import now
from polyphemus_site.errors import PolyphemusError


class Command(BaseCommand):
    """Look for a chore's work, and publish it."""

    help = "Look whether a chore has anything to do in a project, and publish a request for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which chore, where, and in whose name."""
        parser.add_argument("name", help=", ".join(chores.CHORES))
        parser.add_argument("project")
        parser.add_argument("--requester", required=True, help="the mail address of whoever asks")
        parser.add_argument("--dry-run", action="store_true", help="only say what there is to do")

    def handle(self, *_: Any, name: str, project: str, requester: str, **options: Any) -> None:
        """Look, say, ask."""
        try:
            chore = chores.get(name)
            work = chores.to_do(connect(), chore, project)
            if work is None:
                self.stdout.write("Nothing to do.")
            elif options["dry_run"]:
                self.stdout.write(json.dumps({"inputs": work.inputs, "params": work.params}, indent=2))
            else:
                asked = chores.publish(chore, project, work, requester=requester, now=now())
                self.stdout.write(f"Published as {asked}.")
        except PolyphemusError as error:
            raise CommandError(error.message) from error
