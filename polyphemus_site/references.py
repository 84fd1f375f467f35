"""What else in Polyphemus speaks of a record: each app registers its own finder, none knows the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mention:
    """One thing that speaks of a record. `blocks`: the record can't be removed while it stands."""

    sentence: str
    url: str = ""
    blocks: bool = False


#: (project, model, records) -> mentions by record.
Finder = Callable[[str, str, Sequence[str]], Mapping[str, Sequence[Mention]]]

_finders: dict[str, Finder] = {}


def register(name: str, finder: Finder) -> None:
    """Let an app be asked; the same name again replaces it. Called from the app's `ready`."""
    _finders[name] = finder


def mentions(project: str, model: str, records: Sequence[str]) -> dict[str, list[Mention]]:
    """Everything that speaks of these records, by record."""
    found: dict[str, list[Mention]] = {}
    for _, finder in sorted(_finders.items()):
        for record, said in finder(project, model, records).items():
            found.setdefault(record, []).extend(said)
    return found


def blocking(found: Mapping[str, Sequence[Mention]], record: str) -> list[str]:
    """Why the record can't be removed, in the words of those that speak of it."""
    return [mention.sentence for mention in found.get(record, ()) if mention.blocks]
