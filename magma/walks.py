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

from magma.errors import MagmaGarbled, MagmaShifted
from magma.pages import Page
from magma.questions import Ending
from magma.trails import Trail
from polyphemus_site.sentences import say as _

#: fetch(attributes, page, page_size)
Fetch = Callable[[Sequence[str] | str, int, int], Page]

SEARCHES = 5
#: So many full pages with nothing new on them no real insertion makes: names are remembered for a few only.
FRUITLESS = 20
#: A model that outgrew its count so far while it was walked has no end.
GROWTH = 2


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
    overlap = min(reached, max(1, page_size // 100))

    def end(size: int) -> int:
        return ((reached - overlap) // size + 1) * size

    size = max(range(max(2, page_size - page_size // 8), page_size + 1), key=end)
    if end(size) <= reached:  # only small sizes can all end just where we stand; then a larger one is taken
        size = next(one for one in counting(page_size + 1) if end(one) > reached)
    return Window(end(size) // size, size)


class Walk:
    """Pages in turn; `total` is Magma's count at the start, `searches` how often its place was lost."""

    def __init__(self, fetch: Fetch, *, attributes: Sequence[str] | str, page_size: int) -> None:
        self.total: int | None = None
        self.given = 0
        self.searches = 0
        self._fetch = fetch
        self._attributes = attributes
        self._page_size = page_size
        self._trail = Trail(2 * page_size)
        self._fruitless = 0

    def __iter__(self) -> Iterator[Page]:
        """Each page holds only records not given before."""
        window = Window(1, self._page_size)
        page = self._fetch(self._attributes, window.number, window.size)
        self.total = page.count
        while page.ending is None:
            read = len(page.documents)
            fresh = self._fresh(page)
            self._require_end(window, read, len(fresh.documents))
            if fresh.documents:
                yield fresh
            has_room = read < window.size
            if has_room and (not fresh.documents or self._is_complete(page)):
                return
            window = window_after(_reached(window, read), self._page_size)
            window, page = self._in_view(window)

    def _require_end(self, window: Window, read: int, fresh: int) -> None:
        """Refuse what is no page of an order with an end, lest the walk never ends either."""
        if read > window.size:
            raise MagmaGarbled(
                _("Magma was asked for %(size)s records a page and gave %(read)s.")
                % {"size": window.size, "read": read}
            )
        self._fruitless = 0 if fresh else self._fruitless + 1
        outgrown = self.total is not None and self.given > GROWTH * self.total + FRUITLESS * self._page_size
        if outgrown or self._fruitless > FRUITLESS:
            raise MagmaShifted(_("Magma's pages do not come to an end; the walk can't be vouched for."))

    def _is_complete(self, page: Page) -> bool:
        """Everything fitted on the first page. A full one proves nothing: Magma counts before it reads."""
        return page.number == 1 and page.count == len(page.documents) == self.given

    def _fresh(self, page: Page) -> Page:
        """The page with only what was not given before; the trail is longer by that."""
        fresh = self._trail.extend(page.documents)
        self.given += len(fresh)
        if len(fresh) == len(page.documents):
            return page
        return replace(page, documents={name: page.documents[name] for name in fresh})

    def _in_view(self, window: Window) -> tuple[Window, Page]:
        """The page at the window, or wherever our place has moved to."""
        for _search in range(SEARCHES):
            page = self._fetch(self._attributes, window.number, window.size)
            if self._trail.knows_any(page.documents):
                return window, page
            found = self._search(window)
            if found is None:
                return window, replace(page, documents={}, ending=Ending.NOTHING)
            window = found
        raise MagmaShifted(_("The model kept changing under the walk; it can't be vouched for."))

    def _search(self, lost: Window) -> Window | None:
        """Where a known record stands now; None when the model has become empty."""
        self.searches += 1
        for window in _around(lost, self._is_beyond):
            page = self._fetch("identifier", window.number, window.size)
            if self._trail.knows_any(page.documents):
                return window
            if window.number == 1 and page.ending is Ending.NOTHING:
                return None
        raise MagmaShifted(_("Every record near the walk's place has gone meanwhile."))

    def _is_beyond(self, window: Window) -> bool:
        return self._fetch("identifier", window.number, window.size).ending is not None


def _reached(window: Window, read: int) -> int:
    """How many records of the order lie behind us: a page that is not full may be the last one."""
    return min(window.end, (window.number - 1) * window.size + read)


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
