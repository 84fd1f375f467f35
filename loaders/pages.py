"""A page: the anchors judged together, and the records they lead to, read as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar, cast

from loaders.errors import MisspeltLoaderError
from loaders.shapes import Shapes, Special, split

T = TypeVar("T")
#: One record as Magma tells it: attribute name -> value.
Document = Mapping[str, Any]
#: (model, record, attribute) -> the digests of its files, in order.
Digests = Mapping[tuple[str, str, str], tuple[str, ...]]


MISSING = object()
TEXT = frozenset({str})


def as_names(value: Any) -> tuple[str, ...]:
    """A link's value as record names: null is none, a string one, a list many; row ids become text.

    Whatever else Magma may say where a link was expected names no record.
    """
    if isinstance(value, list | tuple):
        if set(map(type, value)) <= TEXT and "" not in value:
            return tuple(value)
        return tuple(str(name) for name in value if _is_name(name))
    return (str(value),) if _is_name(value) else ()


def _is_name(value: Any) -> bool:
    return value != "" and isinstance(value, str | int) and not isinstance(value, bool)


@dataclass(frozen=True)
class Store:
    """What was read from Magma for a page, and when."""

    shapes: Shapes
    documents: Mapping[str, Mapping[str, Document]]
    now: datetime
    digests: Digests = field(default_factory=dict)

    def get(self, model: str, name: str) -> Document | None:
        """A record, or None when Magma did not show it: hidden, disconnected or gone."""
        return self.documents.get(model, {}).get(name)


@dataclass(frozen=True)
class Page:
    """Anchors of one model; checks read columns over them and never one at a time."""

    model: str
    names: tuple[str, ...]
    store: Store
    #: What was asked of this page before: several loaders ask the same.
    answers: dict[Any, list[bool]] = field(default_factory=dict, repr=False, compare=False)
    shared: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    columns: dict[str, list[Any]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def now(self) -> datetime:
        """The instant of this judging."""
        return self.store.now

    def __len__(self) -> int:
        """How many anchors."""
        return len(self.names)

    def only(self, *names: str) -> Page:
        """The same records, fewer anchors; the page of one anchor is made once however many checks ask."""
        if len(names) != 1:
            return Page(self.model, names, self.store)
        return self.once(("only", names), lambda: Page(self.model, names, self.store))

    def of(self, model: str, names: Iterable[str]) -> Page:
        """A page of other anchors over the same store."""
        return Page(model, tuple(names), self.store)

    def with_digests(self, digests: Digests) -> Page:
        """The same page with the digests of files, and with no answer that was given without them."""
        return Page(self.model, self.names, replace(self.store, digests=digests))

    def once(self, key: Any, made: Callable[[], T]) -> T:
        """What was made under this key, made now if it wasn't yet: loaders of one page ask for the same.

        A key begins with a word for what is kept under it, so that nothing is taken for something else.
        """
        found: Any = self.shared.get(key, MISSING)
        if found is MISSING:
            found = self.shared[key] = made()
        return cast("T", found)

    def forget(self) -> None:
        """Let go of what was made of it: some of that leads back to the page, which then would stay."""
        self.answers.clear()
        self.shared.clear()
        self.columns.clear()

    def linked(self, path: str) -> list[tuple[str, ...]]:
        """For each anchor the records `path` leads to, in Magma's order, each once."""
        frontier: list[tuple[str, ...]] = [(name,) for name in self.names]
        for step in self.store.shapes.steps(self.model, split(path)):
            frontier = self._followed(frontier, step.source, step.attribute, step.trait.leads_to)
        return frontier

    @cached_property
    def alone(self) -> dict[str, list[int]]:
        """Each anchor as a batch of its own: where it stands."""
        return {name: [index] for index, name in enumerate(self.names)}

    def values(self, path: str) -> list[Any]:
        """For each anchor the value at `path`; None when a record on the way is missing.

        A path through a collection or table has no one value: MisspeltLoaderError, use `linked`.
        """
        if path not in self.columns:
            self.columns[path] = self._values(path)
        return self.columns[path]

    def _values(self, path: str) -> list[Any]:
        *links, attribute = split(path)
        model = self.model
        rows = self._own
        names: Sequence[str] = self.names
        for step in self.store.shapes.steps(self.model, tuple(links)):
            if step.trait.is_many:
                raise MisspeltLoaderError(
                    f"{path!r} leads through {step.attribute!r} to many records; ask with `linked`."
                )
            names = [next(iter(as_names(row and row.get(step.attribute))), "") for row in rows]
            model = step.trait.leads_to
            rows = self._documents(model, names)
        if attribute == Special.IDENTIFIER:
            return [name if row is not None else None for name, row in zip(names, rows, strict=True)]
        self.store.shapes[model].trait(attribute)
        try:
            return list(map(itemgetter(attribute), cast("list[Document]", rows)))
        except (KeyError, TypeError):  # a record is missing, or what is asked of it
            return [row.get(attribute) if row is not None else None for row in rows]

    @cached_property
    def _own(self) -> list[Document | None]:
        """The anchors' own records, sought once for all columns."""
        return self._documents(self.model, self.names)

    def _documents(self, model: str, names: Iterable[str]) -> list[Document | None]:
        known = self.store.documents.get(model, {})
        return list(map(known.get, names))

    def _followed(
        self, frontier: list[tuple[str, ...]], source: str, attribute: str, target: str
    ) -> list[tuple[str, ...]]:
        sources, targets = self.store.documents.get(source, {}), self.store.documents.get(target, {})
        return [
            tuple(
                dict.fromkeys(
                    found
                    for name in names
                    for found in as_names(sources.get(name, {}).get(attribute))
                    if found in targets
                )
            )
            for names in frontier
        ]
