"""`manage.py import_schema nextflow_schema.json [--analysis NAME] [--input-schema schema_input.json]`."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.configuring.fields import columns, sections, shown
from dispatch.configuring.services import editions
from polyphemus_analyst import schemas
from polyphemus_site import clock
from polyphemus_site.api import strict_json
from polyphemus_site.errors import PolyphemusError

#: What nf-core's pipelines call themselves.
NF_CORE = re.compile(r"nf-core/([a-z0-9_-]{1,90})", re.ASCII)


class Command(BaseCommand):
    """Holds requests of an analysis to a pipeline's own schemas, taken as they are."""

    help = "Take a pipeline's schema (nf-core's nextflow_schema.json as it is) for an analysis."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which files, for which analysis."""
        parser.add_argument("schema", type=Path, metavar="nextflow_schema.json")
        parser.add_argument("--analysis", help="its name; without it, nf-core's name of the pipeline")
        parser.add_argument("--input-schema", type=Path, help="assets/schema_input.json, of the sample sheet")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read, judge, keep, and say what was found."""
        schema = read(options["schema"])
        input_schema = read(options["input_schema"]) if options["input_schema"] else None
        analysis = options["analysis"] or named_by(schema)
        try:
            edition = editions.publish(
                analysis,
                schema=schema,
                input_schema=input_schema,
                title=shown(schema.get("description") or schema.get("title"), 200),
                source=options["schema"].name,
                author=operator(),
                now=clock.now(),
            )
        except PolyphemusError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{analysis}: {told(schema, input_schema)}. Edition {edition.digest[:12]}.")


def read(path: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    try:
        found = strict_json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from error
    except PolyphemusError as refusal:
        raise CommandError(f"{path}: {refusal.message}") from refusal
    if not isinstance(found, dict):
        raise CommandError(f"{path} is no JSON Schema: it holds no object.")
    return found


def operator() -> str:
    """Who runs this; a container may know no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "manage.py"


def named_by(schema: dict[str, Any]) -> str:
    """The name a pipeline's schema gives it."""
    for word in ("title", "$id"):
        if found := NF_CORE.search(str(schema.get(word, ""))):
            return found[1]
    raise CommandError("The schema does not say which pipeline it is of: give --analysis NAME.")


def told(schema: dict[str, Any], input_schema: dict[str, Any] | None) -> str:
    """What there is in it."""
    groups = sections(schema)
    fields = [field for section in groups for field in section.fields]
    hidden = sum(field.is_hidden for field in fields)
    required = sum(field.is_required for field in fields)
    words = f"{len(fields)} parameters in {len(groups)} groups, {hidden} hidden, {required} required"
    if input_schema is None:
        return words
    form = schemas.sheet_form(schema)
    return f"{words}; inputs are rows of a {form} sheet with {len(columns(input_schema))} columns"
