"""metis_link: files lie in a bucket under a record's name, and the record doesn't hold them yet."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from django.utils.translation import gettext_noop as _

from loaders.checks import Present, Range
from loaders.library.metis_link.checks import Among
from loaders.loader import Config, Loader
from loaders.pages import Page
from loaders.sources.listing import MetisListing


class MetisLink(Loader):
    """Links the files of one bucket into one attribute.

    Subclass implementation: `name`, and the four words below; `everywhere = False` in a lab's own.
    """

    #: The bucket, and which paths in it belong to which record (RE2, with a group `record`).
    bucket = "sequence"
    pattern = r"(?:.*/)?(?P<record>[^/]+?)_R[12](?:_001)?\.fastq\.gz"
    #: The model of that record, and the attribute its files belong into.
    target = "exome"
    attribute = "raw_fastqs"

    name = "metis_link"
    title = _("Files in Metis that their record doesn't hold yet")
    analysis = "metis_link"
    everywhere = True
    needs = Present("record.::identifier").named(_("the record that the path names"), whom=_("the curators"))
    wellformed = Range("size", min=1).named(_("a file that isn't empty"), whom=_("the sender")) & Present(
        "md5"
    ).named(_("a checksum"), whom=_("Metis"))
    inputs = ("location", "md5")
    batch_by = "record"
    ready = _("The files and their record are there")
    lacking = _("the record doesn't hold them yet")
    changed = _("a file changed since it was linked")

    def __init__(self) -> None:
        """Put the words into place."""
        self.model = f"metis:{self.name}"
        self.source = MetisListing(self.bucket, self.pattern, self.target)
        self.outputs = Among("file_name", f"record.{self.attribute}")

    def config(self, page: Page, index: int) -> Config:
        """The record, and every file of it that lies there: a collection is replaced whole."""
        (record,) = page.only(page.names[index]).values("record")
        params: dict[str, Any] = {"model": self.target, "attribute": self.attribute}
        return Config(inputs=(str(record),), params=params | {"files": self._files(page)[str(record)]})

    def _files(self, page: Page) -> dict[str, list[str]]:
        return page.once(("files", self.name), partial(_by_record, page))


def _by_record(page: Page) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for record, location in zip(page.values("record"), page.values("location"), strict=True):
        found[str(record)].append(location)
    return found
