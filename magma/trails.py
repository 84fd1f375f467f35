"""What a walk remembers: the last names it gave, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import dropwhile, islice

from magma.errors import MagmaGarbled
from polyphemus_site.sentences import say as _


class Trail:
    """The names of about two pages."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._names: dict[str, None] = {}

    def knows_any(self, names: Iterable[str]) -> bool:
        """Whether any of these was given lately."""
        return not self._names.keys().isdisjoint(names)

    def knows(self, name: str) -> bool:
        """Whether this one was given lately."""
        return name in self._names

    def extend(self, names: Iterable[str]) -> list[str]:
        """Remember a page's new names where they belong, and give them.

        Those before the first known name are passed over: they were given long ago, or have come meanwhile.
        """
        from_known_on = list(dropwhile(self._is_unknown, names))
        self._require_order(from_known_on)
        fresh = [name for name in from_known_on if name not in self._names]
        known = from_known_on[: len(from_known_on) - len(fresh)]
        if not self._names or (known and known[-1] == next(reversed(self._names))):
            self._names |= dict.fromkeys(fresh)  # nothing is new but what follows all that is known
        else:
            self._insert(from_known_on)
        if len(self._names) > 2 * self._longest:
            self._names = dict.fromkeys(islice(self._names, len(self._names) - self._longest, None))
        return fresh

    def _is_unknown(self, name: str) -> bool:
        return bool(self._names) and name not in self._names

    def _require_order(self, names: list[str]) -> None:
        """Known names come in the order they had: a page is a stretch of one order, or it proves nothing."""
        known = [name for name in names if name in self._names]
        in_page = set(known)
        if known != [name for name in self._names if name in in_page]:
            raise MagmaGarbled(_("Magma's pages are not in one order, so a walk can't vouch for anything."))

    def _insert(self, names: list[str]) -> None:
        """Some are new between known ones: each goes after the known one before it."""
        place, *_ = names
        arrivals: dict[str, list[str]] = {}
        for name in names:
            if name in self._names:
                place = name
            else:
                arrivals.setdefault(place, []).append(name)
        self._names = dict.fromkeys(one for name in self._names for one in (name, *arrivals.get(name, ())))
