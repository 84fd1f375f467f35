"""table_load: a csv or tsv lies in a bucket, fits its mapping, and its rows aren't in Magma."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks import All, Check, Present, Rows
from loaders.library.table_load.checks import Columns
from loaders.loader import Config, Loader
from loaders.pages import Page
from loaders.sources.listing import MetisListing


class TableLoad(Loader):
    """Loads tables of one bucket into a model's records, or into a table of theirs.

    Subclass implementation: `name` and the words below; `everywhere = False` in a lab's own, so that a mapped
    attribute which the template lacks is told.
    """

    #: The bucket, and which paths in it belong to which record (RE2, with a group `record`).
    bucket = "tables"
    pattern = r"(?:.*/)?(?P<record>[^/]+?)\.demographics\.(?:csv|tsv)"
    #: The model of that record, and the table of it that the rows go to; "" fills the record itself.
    target = "patient"
    table = "demographics"
    #: Column -> attribute, of the table or else of the record.
    mapping: ClassVar[dict[str, str]] = {"name": "name", "value": "value"}
    #: Whether rows that are there are replaced.
    replace = True

    name = "table_load"
    title = _("Tables in Metis that aren't loaded yet")
    analysis = "table_load"
    everywhere = True
    needs = Present("record.::identifier").named(_("the record that the path names"), whom=_("the curators"))
    inputs = ("location", "md5")
    ready = _("The table is there and fits its mapping")
    lacking = _("its rows are not in Magma yet")
    changed = _("the table changed since it was loaded")

    def __init__(self) -> None:
        """Put the words into place."""
        self.model = f"metis:{self.name}"
        self.source = MetisListing(self.bucket, self.pattern, self.target)
        self.wellformed = Rows("columns", min=2).named(
            _("a header of two columns or more"), whom=_("the sender")
        ) & Columns("columns", tuple(self.mapping)).named(_("the mapped columns"), whom=_("the sender"))
        self.outputs = self._loaded()
        if self.table:
            self.config_reads = frozenset(f"record.{self.table}.{name}" for name in self.mapping.values())

    def _loaded(self) -> Check:
        if self.table:
            return Rows(f"record.{self.table}")
        return All(tuple(Present(f"record.{name}") for name in self.mapping.values()))

    def config(self, page: Page, index: int) -> Config:
        """The record, and what goes where."""
        (record,), (location,) = (
            page.only(page.names[index]).values(path) for path in ("record", "location")
        )
        params: dict[str, Any] = {"model": self.target, "table": self.table, "columns": dict(self.mapping)}
        return Config(inputs=(str(record),), params=params | {"file": location, "replace": self.replace})
