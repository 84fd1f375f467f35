"""A walk over a whole model that vouches for its completeness.

Magma numbers the records anew at every page, in the order of their identifiers. When a record of an earlier
page is disconnected meanwhile, all later ones move up by one, and the next page silently starts one too late.

So each page here overlaps the one before. A page that shows a record we have already seen, followed by
others, shows *everything* after that record, since a page is an unbroken stretch of the order. A page
that shows no known record proves nothing: then the place is looked for around it, cheaply, by
identifiers alone. The walk ends with a page that shows a known record, nothing after it, and room to
spare. Thus every record that is there from the first page to the last is given exactly once, with memory
for two pages only, for a few per cent more to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count as counting
from itertools import dropwhile

from magma.errors import MagmaShifted
from magma.pages import Page
from magma.questions import Ending

#: fetch(attributes, page, page_size)
Fetch = Callable[[Sequence[str] | str, int, int], Page]

SEARCHES = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A page by its number and its size, both free to choose anew at each call."""

    number: int
    size: int

    @property
    def end(self) -> int:
        """How many records the order has up to the end of this window."""
        return self.number * self.size


def window_after(reached: int, page_size: int) -> Window:
    """The window that overlaps the first `reached` records a little and goes furthest beyond them."""
    overlap = max(1, page_size // 100)

    def window(size: int) -> Window:
        return Window((reached - overlap) // size + 1, size)

    best = max(map(window, range(max(2, page_size - page_size // 8), page_size + 1)), key=lambda one: one.end)
    if best.end > reached:
        return best
    # only small sizes can all end just where we stand; then a larger one is taken
    return next(one for one in map(window, counting(page_size + 1)) if one.end > reached)


def extended(trail: list[str], names: list[str]) -> list[str]:
    """The trail with a page's new names where they belong in the order, without those before all it knows."""
    known = set(trail)
    arrivals: dict[str, list[str]] = {}
    place = ""
    for name in names:
        if name in known:
            place = name
        elif place or not trail:
            arrivals.setdefault(place, []).append(name)
    return arrivals.get("", []) + [one for name in trail for one in (name, *arrivals.get(name, ()))]


class Walk:
    """Pages in turn; `total` is Magma's count at the start, `searches` how often its place was lost."""

    def __init__(self, fetch: Fetch, *, attributes: Sequence[str] | str, page_size: int) -> None:
        self.total: int | None = None
        self.given = 0
        self.searches = 0
        self._fetch = fetch
        self._attributes = attributes
        self._page_size = page_size
        self._trail: list[str] = []

    def __iter__(self) -> Iterator[Page]:
        """Each page holds only records not given before."""
        window = Window(1, self._page_size)
        page = self._fetch(self._attributes, window.number, window.size)
        self.total = page.count
        if page.ending is not None:
            return
        yield self._given(page)
        if page.count == len(page.documents):
            return  # everything fitted on the first page, at one instant
        while page.ending is None:
            window = window_after(_reached(window, page), self._page_size)
            window, page = self._in_view(window)
            fresh = self._fresh(page)
            is_end = not fresh and len(page.documents) < window.size
            if fresh:
                yield self._given(page, fresh)
            if is_end:
                return

    def _given(self, page: Page, fresh: list[str] | None = None) -> Page:
        self._trail = extended(self._trail, list(page.documents))[-2 * self._page_size :]
        if fresh is not None and len(fresh) < len(page.documents):
            page = replace(page, documents={name: page.documents[name] for name in fresh})
        self.given += len(page.documents)
        return page

    def _fresh(self, page: Page) -> list[str]:
        """What follows the first known record and is not known itself."""
        known = set(self._trail)
        from_known_on = dropwhile(lambda name: name not in known, page.documents)
        return [name for name in from_known_on if name not in known]

    def _in_view(self, window: Window) -> tuple[Window, Page]:
        """The page at the window, or wherever our place has moved to."""
        for _ in range(SEARCHES):
            page = self._fetch(self._attributes, window.number, window.size)
            if not set(self._trail).isdisjoint(page.documents):
                return window, page
            found = self._search(window)
            if found is None:
                return window, replace(page, documents={}, ending=Ending.NOTHING)
            window = found
        raise MagmaShifted("The model kept changing under the walk; it can't be vouched for.")

    def _search(self, lost: Window) -> Window | None:
        """Where a known record stands now; None when the model has become empty."""
        self.searches += 1
        known = set(self._trail)
        for window in _around(lost, self._is_beyond):
            page = self._fetch("identifier", window.number, window.size)
            if not known.isdisjoint(page.documents):
                return window
            if window.number == 1 and page.ending is Ending.NOTHING:
                return None
        raise MagmaShifted("Every record near the walk's place has gone meanwhile.")

    def _is_beyond(self, window: Window) -> bool:
        return self._fetch("identifier", window.number, window.size).ending is not None


def _reached(window: Window, page: Page) -> int:
    """How many records of the order lie behind us: a page that is not full may be the last one."""
    return min(window.end, (window.number - 1) * window.size + len(page.documents))


def _around(lost: Window, is_beyond: Callable[[Window], bool]) -> Iterator[Window]:
    """Windows to both sides of the lost one, nearest first, until both ends."""
    ended = False
    distance = 0
    while not ended or lost.number - distance >= 1:
        if lost.number - distance >= 1:
            yield replace(lost, number=lost.number - distance)
        if not ended:
            later = replace(lost, number=lost.number + distance + 1)
            ended = is_beyond(later)
            if not ended:
                yield later
        distance += 1
