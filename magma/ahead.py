"""Reading ahead: the next page is on its way while this one is worked on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat, takewhile
from typing import TypeVar

T = TypeVar("T")


def done_ahead(readings: Iterable[Callable[[], T]]) -> Generator[T]:
    """What each gives, in their order, each called in a thread of its own while the one before is used.

    The first is called at once, where it is asked for: of a single page nothing can be read ahead. At most
    one waits. What fails is raised here, in its place; leaving early waits for the one that is under way.
    """
    coming = iter(readings)
    for first in coming:
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
            given = first()
            for reading in coming:
                following = thread.submit(reading)
                yield given
                given = following.result()
            yield given


def read_ahead(pages: Iterable[T]) -> Generator[T]:
    """The same pages in the same order, each fetched while the one before is used."""
    ended = object()
    fetched = done_ahead(repeat(partial(next, iter(pages), ended)))
    yield from takewhile(lambda page: page is not ended, fetched)
