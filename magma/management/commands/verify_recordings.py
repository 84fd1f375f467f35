"""`manage.py verify_recordings DIR`: hold the client and the demo warehouse to recorded exchanges."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from magma.demo.replay import Outcome as DemoOutcome
from magma.demo.replay import replay
from magma.recordings.rehearsal import Finding, Outcome, rehearse


class Command(BaseCommand):
    """Names each recording that was not understood, and fails if there is one."""

    help = "Replay recorded Magma exchanges through the real client and the demo warehouse."

    def add_arguments(self, parser: CommandParser) -> None:
        """A folder of recordings."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder of recordings (*.json)")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print what was found on both sides."""
        sides = {"client": list(rehearse(options["folder"])), "demo": demo_findings(options["folder"])}
        if not sides["client"]:
            raise CommandError(f"There are no recordings (*.json) in {options['folder']}.")
        self.stdout.write(as_json(sides) if options["json"] else as_text(sides))
        failed = sum(finding.outcome is Outcome.NOT_UNDERSTOOD for side in sides.values() for finding in side)
        if failed:
            raise CommandError(f"{failed} not understood.")


def demo_findings(folder: Path) -> list[Finding]:
    """How the demo warehouse answers the same requests."""
    return [_of_demo(outcome) for outcome in replay(folder)]


def _of_demo(outcome: DemoOutcome) -> Finding:
    if not outcome.supported:
        return Finding(outcome.name, Outcome.NOT_ASKED, outcome.reason)
    kind = Outcome.UNDERSTOOD if outcome.understood else Outcome.NOT_UNDERSTOOD
    return Finding(outcome.name, kind, outcome.reason)


def as_json(sides: dict[str, list[Finding]]) -> str:
    """Everything, for programs."""
    document = {
        side: [
            {"name": finding.name, "outcome": finding.outcome.value, "reason": finding.reason}
            for finding in findings
        ]
        for side, findings in sides.items()
    }
    return json.dumps(document, indent=1)


def as_text(sides: dict[str, list[Finding]]) -> str:
    """A line for each recording, a total for each side, what was not understood last."""
    lines: list[str] = []
    for side, findings in sides.items():
        lines += [f"{side}: {one.outcome.value:14}  {one.name}  {one.reason}".rstrip() for one in findings]
    for side, findings in sides.items():
        counts = Counter(finding.outcome for finding in findings)
        lines.append(f"{side}: " + ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome))
    return "\n".join(lines)
