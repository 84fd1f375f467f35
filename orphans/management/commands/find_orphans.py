"""`manage.py find_orphans PROJECT [--json]`: look now, and list what is there."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from magma.client import connect
from magma.errors import MagmaError
from orphans.models import Orphan, Search
from orphans.serializers import orphan_json, search_json
from orphans.services import discovery
from orphans.states import Cause, OrphanStatus, Source
from polyphemus_site.clock import now


class Command(BaseCommand):
    """Look for a project's orphans."""

    help = "Look for a project's orphans now and list them with their causes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The project, and the form of the answer."""
        parser.add_argument("project")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *_: Any, project: str, **options: Any) -> None:
        """Search, then print."""
        try:
            search = discovery.search(connect(), project, source=Source.COMMAND, now=now())
        except MagmaError as error:
            raise CommandError(f"{error.message} {error.advice}") from error
        orphans = list(Orphan.objects.live().filter(project=project).order_by("model", "record"))
        self.stdout.write(as_json(search, orphans) if options["json"] else as_text(search, orphans))


def as_json(search: Search, orphans: list[Orphan]) -> str:
    """One document: the search and the orphans."""
    return json.dumps(
        search_json(search) | {"orphans": [orphan_json(orphan) for orphan in orphans]}, indent=2
    )


def as_text(search: Search, orphans: list[Orphan]) -> str:
    """One line an orphan, then one about the search."""
    lines = [
        f"{orphan.model} {orphan.record}: {Cause(orphan.cause).label}"
        + (f", formerly under {orphan.former_parent}" if orphan.former_parent else "")
        + f" [{OrphanStatus(orphan.status).label.lower()}]"
        for orphan in orphans
    ]
    lines.append(
        f"{len(orphans)} orphans in {search.project}: "
        f"{search.found} new, {search.reopened} changed, {search.closed} closed."
    )
    return "\n".join(lines)
