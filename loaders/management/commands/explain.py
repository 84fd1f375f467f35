"""`manage.py explain LOADER RECORD [--project P] [--json]`: why, or why not, with the whole tree."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loaders import registry
from loaders.checks import Finding
from loaders.errors import UnknownLoaderError
from loaders.services import explaining
from loaders.services.explaining import Explanation
from magma.client import Magma, connect
from magma.errors import MagmaError
from polyphemus_site.clock import now
from polyphemus_site.errors import MissingError, PolyphemusError


class Command(BaseCommand):
    """Explain a verdict."""

    help = "Judge one record by one loader now and print the verdict with every check and what it saw."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which loader and record, and the form of the answer."""
        parser.add_argument("loader")
        parser.add_argument("record")
        parser.add_argument(
            "--project", default="", help="needed when more than one project has such a record"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--forms", action="store_true", help="the same on one line, sentences as forms for any language"
        )

    def handle(self, *_: Any, loader: str, record: str, project: str, **options: Any) -> None:
        """Judge, then print."""
        try:
            with redirect_stdout(sys.stderr):  # what a lab's code prints is no part of the answer
                found = explained(connect(), loader, record, project)
        except PolyphemusError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": refused(error)}))
            raise CommandError(sentence(error)) from error
        if options["forms"]:
            self.stdout.write(json.dumps(found.as_json()))
        else:
            self.stdout.write(json.dumps(found.as_told(), indent=2) if options["json"] else as_text(found))


def sentence(error: PolyphemusError) -> str:
    """What is wrong, and what may be done about it."""
    if isinstance(error, UnknownLoaderError):
        unusable = [f"{broken.source} can't be used: {broken.cause}." for broken in registry.current().broken]
        return " ".join([error.message, *unusable])
    return f"{error.message} {error.advice}" if isinstance(error, MagmaError) else error.message


def refused(error: PolyphemusError) -> dict[str, Any]:
    """A refusal for machines."""
    return {"code": error.code, "message": sentence(error), "status": int(error.status)}


def explained(magma: Magma, loader: str, record: str, project: str) -> Explanation:
    """The explanation, in the project named or else the first that shows the record."""
    projects = [project] if project else explaining.projects_of(magma, registry.current().get(loader))
    refusal = MissingError("No project is known: give --project, or set POLYPHEMUS_PROJECTS.")
    for one in projects:
        try:
            return explaining.explain(magma, one, loader, record, now=now())
        except MissingError as error:
            refusal = error
    raise refusal


def as_text(found: Explanation) -> str:
    """The verdict, then each question's tree, indented."""
    lines = [
        f"{found.loader} {found.version} on {found.model} {found.record} ({found.project}): {found.verdict}"
    ]
    lines.append(found.reason)
    for question, finding in found.findings.items():
        lines += ["", question, *tree(finding, depth=1)]
    return "\n".join(lines)


def tree(finding: Finding, *, depth: int) -> list[str]:
    """One finding and what it rests on."""
    seen = f"  saw {finding.shown}" if finding.shown else ""
    line = f"{'  ' * depth}{'✓' if finding.passed else '✗'} {finding.says}{seen}"
    return [line, *(below for part in finding.parts for below in tree(part, depth=depth + 1))]
