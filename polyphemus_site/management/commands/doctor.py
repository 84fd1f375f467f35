"""`manage.py doctor`: the first thing to run after filling in the environment."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error

from polyphemus_site import clock, health
from polyphemus_site.doctor import rounds
from polyphemus_site.health import Finding, Level


class Command(BaseCommand):
    """Tries every dependency and setting; exit code 1 when anything fails."""

    help = "Try every dependency and setting, say what is wrong and how to mend it."
    requires_system_checks: list[str] = []  # noqa: RUF012 — Django's own type; what is wrong is ours to report

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--json` for machines."""
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Examine, report, and say by the exit code whether all is well."""
        findings = rounds.examine(_now_or_host_time())
        if options["json"]:
            self.stdout.write(json.dumps([_whole(finding) for finding in findings], indent=2))
        else:
            self._tell(findings)
        if health.worst(findings) is Level.FAIL:
            raise SystemExit(1)

    def _tell(self, findings: list[Finding]) -> None:
        styles = {
            Level.OK: self.style.SUCCESS,
            Level.WARN: self.style.WARNING,
            Level.FAIL: self.style.ERROR,
        }
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            self.stdout.write(
                f"{styles[finding.level](f'{finding.level:4}')}  {finding.name:{width}}  {finding.whole}"
            )
            if finding.remedy:
                self.stdout.write(f"{'':6}{'':{width}}  -> {finding.remedy}")


def _whole(finding: Finding) -> dict[str, str]:
    return finding.as_json() | {"found": finding.whole}


def _now_or_host_time() -> datetime:
    try:
        return clock.now()
    except Error:
        return datetime.now(UTC)
