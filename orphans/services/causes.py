"""How a record became an orphan, told from the journal as far as it was heard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from magma.disconnected import FAR_SIDE, Found, listed
from magma.templates import Template
from orphans.states import Cause
from polyphemus_site.sentences import say as _

#: The journal's entry follows the write by the length of Magma's own work on it.
PROMPT = timedelta(seconds=30)

Documents = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Entry:
    """A journal entry, as far as it matters here; entries are given newest first."""

    id: int
    user: str
    at: datetime
    documents: Documents


@dataclass(frozen=True)
class Story:
    """What is known of how it came about."""

    cause: Cause
    note: str = ""
    former_parent: str = ""
    appeared_at: datetime | None = None
    appeared_by: str = ""
    journal_entry: int | None = None


def tell(
    found: Found, *, template: Template, templates: Mapping[str, Template], entries: Sequence[Entry]
) -> Story:
    """The story of one orphan; `entries` are those that name its model, newest first."""
    teller = _Teller(found, template, templates)
    for number, entry in enumerate(entries):
        if (story := teller.read(entry, before=entries[number + 1 :])) is not None:
            return story
    return _unheard(found, former=teller.former_parent(entries), heard=bool(entries))


def _unheard(found: Found, *, former: str, heard: bool) -> Story:
    """No entry tells of it: what the record's own instants allow to say."""
    if former:
        note = _("The journal last saw it under %(former)r; what changed that went unheard.") % {
            "former": former
        }
        return Story(Cause.PARENT_CLEARED, note, former_parent=former, appeared_at=found.updated_at)
    if found.created_at is not None and found.created_at == found.updated_at:
        note = _("It was written once, and no journal entry tells of that: Magma tells of none that failed.")
        cause = Cause.FAILED_UPDATE if heard else Cause.UNKNOWN
        return Story(cause, note, appeared_at=found.created_at)
    return Story(Cause.UNKNOWN, _("It changed between two scans, unheard."), appeared_at=found.updated_at)


class _Teller:
    """One orphan's names, at hand while the entries are read."""

    def __init__(self, found: Found, template: Template, templates: Mapping[str, Template]) -> None:
        self.found = found
        self.model = template.name
        self.parent = template.parent_attribute or ""
        self.parent_model = template.attributes[self.parent].link_model or ""
        above = templates.get(self.parent_model)
        self.collections = [
            attribute.name
            for attribute in (above.attributes.values() if above else ())
            if attribute.type in FAR_SIDE and attribute.link_model == self.model
        ]
        self.links = [
            (name, attribute.name)
            for name, other in templates.items()
            for attribute in other.attributes.values()
            if attribute.type == "link" and attribute.link_model == self.model
        ]

    def read(self, entry: Entry, *, before: Sequence[Entry]) -> Story | None:
        """The story, if this entry is the one that tells it."""
        document = entry.documents.get(self.model, {}).get(self.found.record)
        if document is not None and document.get(self.parent, "") is None:
            return self._cleared(entry, before)
        if document is not None and self.parent not in document and self._is_creation(entry):
            return self._story(entry, Cause.CREATED_WITHOUT_PARENT, _("The update named no parent."))
        if document is None and self._is_creation(entry) and (link := self._linked_by(entry)):
            note = _("%(link)s linked to it before it existed.") % {"link": link}
            return self._story(entry, Cause.MADE_BY_LINK, note)
        return None

    def former_parent(self, entries: Sequence[Entry]) -> str:
        """The last parent the journal saw it under."""
        return next((name for entry in entries for name in self._parents_in(entry)), "")

    def _cleared(self, entry: Entry, before: Sequence[Entry]) -> Story:
        rewritten = [parent for parent, names in self._listings(entry) if self.found.record not in names]
        former = self.former_parent(before)
        if rewritten:
            former = former if former in rewritten or len(rewritten) > 1 else rewritten[0]
            note = _("The collection of %(parent)s was written without it.") % {
                "parent": former or ", ".join(rewritten)
            }
            return self._story(entry, Cause.LEFT_OUT, note, former)
        if not former and self._is_creation(entry):
            return self._story(entry, Cause.CREATED_WITHOUT_PARENT, _("The update gave it an empty parent."))
        return self._story(entry, Cause.PARENT_CLEARED, _("The update set its parent to nothing."), former)

    def _story(self, entry: Entry, cause: Cause, note: str, former: str = "") -> Story:
        return Story(cause, note, former, entry.at, entry.user, entry.id)

    def _parents_in(self, entry: Entry) -> Iterator[str]:
        document = entry.documents.get(self.model, {}).get(self.found.record, {})
        if document.get(self.parent):
            yield str(document[self.parent])
        for parent, names in self._listings(entry):
            if self.found.record in names:
                yield parent

    def _listings(self, entry: Entry) -> Iterator[tuple[str, list[str]]]:
        for parent, document in entry.documents.get(self.parent_model, {}).items():
            for collection in self.collections:
                if collection in document:
                    yield parent, listed(document[collection])

    def _linked_by(self, entry: Entry) -> str:
        for model, attribute in self.links:
            for record, document in entry.documents.get(model, {}).items():
                if str(document.get(attribute)) == self.found.record:
                    return f"{model} {record!r}"
        return ""

    def _is_creation(self, entry: Entry) -> bool:
        created = self.found.created_at
        return created is not None and created - PROMPT <= entry.at <= created + PROMPT
