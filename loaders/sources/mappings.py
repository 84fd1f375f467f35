"""Mappings from REDCap as rows to judge, each with what is known of how well it fits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loaders.sources.base import Place, Source, template_of
from loaders.tables import RedcapMapping
from magma.pages import Document
from magma.questions import has
from magma.templates import ELSEWHERE, Attribute, Template

TYPES = {
    "model": "string",
    "attributes": "string",
    "secret_name": "string",
    "strict": "boolean",
    "confirmed": "boolean",
    "version": "integer",
    "unknown_attributes": "string",
    "unknown_fields": "string",
    "loaded_records": "integer",
    "updated_at": "date_time",
}


@dataclass(frozen=True)
class RedcapMappings(Source):
    """A row each mapping of the project, by its name."""

    def serves(self, place: Place) -> bool:
        """Where admins have written one."""
        return RedcapMapping.objects.filter(project=place.project).exists()

    def template(self, model: str) -> Template:
        """Names name the rows."""
        return template_of(model, "name", TYPES)

    def names(self, place: Place, since: datetime | None = None) -> list[str]:
        """In order."""
        rows = RedcapMapping.objects.filter(project=place.project)
        rows = rows if since is None else rows.filter(updated_at__gte=since)
        return sorted(rows.values_list("name", flat=True))

    def documents(self, place: Place, names: Collection[str]) -> Mapping[str, Document]:
        """With what Magma's templates and records say to them."""
        rows = RedcapMapping.objects.filter(project=place.project, name__in=list(names)).order_by("name")
        known = place.magma.templates(place.project) if rows else {}
        return {row.name: _document(place, row, known) for row in rows}


def _document(place: Place, row: RedcapMapping, known: Mapping[str, Template]) -> dict[str, Any]:
    template = known.get(row.model)
    there = template.attributes if template else {}
    mapped = row.attributes if isinstance(row.attributes, dict) else {}
    missing = sorted(set(mapped) - set(there))
    return {
        "name": row.name,
        "model": row.model if template else None,
        "attributes": mapped,
        "secret_name": row.secret_name,
        "strict": row.strict,
        "confirmed": row.is_confirmed,
        "version": row.version,
        "unknown_attributes": missing,
        "unknown_fields": sorted(str(field) for field in mapped.values() if field not in row.fields),
        "loaded_records": _loaded(place, row.model, _own(there, mapped)),
        "updated_at": row.updated_at.isoformat(timespec="seconds"),
    }


def _own(there: Mapping[str, Attribute], mapped: Collection[str]) -> list[str]:
    """The mapped attributes that stand in the record itself: Magma can't be asked for others in an "or"."""
    return sorted(name for name in set(mapped) & set(there) if there[name].type not in ELSEWHERE)


def _loaded(place: Place, model: str, attributes: list[str]) -> int:
    """How many records hold any of these attributes."""
    if not attributes:
        return 0
    return place.magma.count(place.project, model, filters=[["::or", *map(has, attributes)]])
