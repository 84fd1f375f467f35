"""`manage.py export_audit PROJECT`: the audit of a project's orphans as CSV."""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from orphans.services import exports


class Command(BaseCommand):
    """Print the audit."""

    help = "Print the audit of a project's orphans as CSV, oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which project."""
        parser.add_argument("project")

    def handle(self, *_: Any, project: str, **__: Any) -> None:
        """One line an entry."""
        csv.writer(sys.stdout).writerows(exports.audit(project))
