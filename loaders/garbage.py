"""Python's collector of cyclic garbage, kept out of scanning.

A page is tens of thousands of containers that all live until it is judged: each time the collector looks
through them it finds nothing, and it looks often. Once in a while between pages is enough.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
#: How many pages go by until the collector looks for what each may have left.
PAGES = 16


@contextmanager
def collected_after() -> Iterator[None]:
    """Look for cyclic garbage after the block and not within. It nests."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.collect(1)
            gc.enable()


def collected_between(pages: Iterable[T]) -> Iterator[T]:
    """The same pages; once in a while, between two, look for what a block without a collector left."""
    for number, page in enumerate(pages, start=1):
        yield page
        del page
        if number % PAGES == 0:
            gc.collect(1)
