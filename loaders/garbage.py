"""Python's collector of cyclic garbage, kept out of the judging of a page.

A page is tens of thousands of containers that all live until it is judged: each time the collector looks
through them it finds nothing, and it looks often. Once afterwards is enough.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
