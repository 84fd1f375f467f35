"""Files that lie in a Metis bucket, each about the record its path names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from loaders.checks.patterns import groups_of, matcher
from loaders.sources.base import Link, Place, Source, template_of
from loaders.tables import ListedFile
from magma.pages import Document
from magma.templates import Template

TYPES = {
    "file_name": "string",
    "folder": "string",
    "md5": "string",
    "size": "integer",
    "location": "string",
    "columns": "string",
    "updated_at": "date_time",
}


@dataclass(frozen=True)
class MetisListing(Source):
    """The files of `bucket` whose whole path matches `pattern`, a pattern of RE2 with a group `record`.

    Attributes: file_name, folder, md5, size, location (`metis://…`), columns (of csv and tsv), and `record`,
    a link to the record of `leads_to` that the path names.
    """

    bucket: str
    pattern: str
    leads_to: str

    def __post_init__(self) -> None:
        """Refuse a pattern that can't be compiled or names no record."""
        if "record" not in groups_of(self.pattern):
            raise ValueError("The pattern of a listing needs the group record: (?P<record>…).")

    def serves(self, place: Place) -> bool:  # noqa: ARG002 — the same everywhere
        """Where there is a Metis to ask."""
        return bool(settings.POLYPHEMUS_METIS_URL)

    def template(self, model: str) -> Template:
        """Paths name the rows."""
        return template_of(model, "path", TYPES, Link("record", self.leads_to))

    def names(self, place: Place, since: datetime | None = None) -> list[str]:
        """Paths, in order."""
        rows = self._rows(place).order_by("path")
        rows = rows if since is None else rows.filter(updated_at__gte=since)
        return sorted(path for path in rows.values_list("path", flat=True) if self.record_of(path))

    def documents(self, place: Place, names: Collection[str]) -> Mapping[str, Document]:
        """By path."""
        rows = self._rows(place).filter(path__in=list(names)).order_by("path")
        return {row.path: self._document(row) for row in rows if self.record_of(row.path)}

    def owners(self, place: Place, names: Collection[str]) -> Mapping[str, list[str]]:
        """The files whose path names the record."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.names(place):
            if (record := self.record_of(path)) in names:
                found[record].append(path)
        return found

    def record_of(self, path: str) -> str:
        """The record a path names; "" when the file is none of ours."""
        match = matcher(self.pattern)(path)
        return str(match.group("record") or "") if match else ""

    def _rows(self, place: Place) -> QuerySet[ListedFile]:
        return ListedFile.objects.filter(project=place.project, bucket=self.bucket)

    def _document(self, row: ListedFile) -> dict[str, Any]:
        folder, _, name = row.path.rpartition("/")
        return {
            "path": row.path,
            "file_name": name,
            "folder": folder,
            "md5": row.md5 or None,
            "size": row.size,
            "location": str(row),
            "columns": row.columns,
            "record": self.record_of(row.path),
            "updated_at": row.updated_at.isoformat(timespec="seconds"),
        }
