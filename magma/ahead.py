"""Reading ahead: the next page is on its way while this one is worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(pages: Iterable[T]) -> Generator[T]:
    """The same pages in the same order, each fetched in a thread of its own while the one before is used.

    At most one page waits. What fails there is raised here, in its place; leaving early waits for one page.
    """
    coming = iter(pages)
    ended = object()
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        following = thread.submit(next, coming, ended)
        while (page := following.result()) is not ended:
            following = thread.submit(next, coming, ended)
            yield page  # type: ignore[misc]  # whatever is not `ended` is a page
