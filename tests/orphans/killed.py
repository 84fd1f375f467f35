"""A worker that dies by SIGKILL beside a named step: `python -m tests.orphans.killed POINT`."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

import django

#: While a review's records are read, before anybody decides.
READING_POINTS = {
    "some records are read": ("orphans.services.reviews", "_gather_some", "after"),
    "all records are read": ("orphans.services.reviews", "_keep_standing", "after"),
}
#: While what was handed over is watched.
WATCHING_POINTS = {
    "Magma has answered": ("orphans.services.watching", "look", "after"),
    "some are marked as gone": ("orphans.services.strikes", "tell_journal", "before"),
    "all are marked as gone": ("orphans.services.removals", "_close", "after"),
}
#: Point: the module, the function or method there, and whether death comes before or after it.
POINTS = {
    "the plan is made": ("orphans.services.bundles", "plan", "after"),
    "the removal has begun": ("orphans.services.bundles", "write", "before"),
    "the copy is on its way to the disk": ("orphans.services.storage", "_force_to_disk", "before"),
    "the copy lies there, unrecorded": ("orphans.services.storage", "keep", "after"),
    "the copy is recorded": ("orphans.services.bundles", "_written", "after"),
    "the copy was read back": ("orphans.services.bundles", "read", "after"),
    "the copy is verified": ("orphans.services.bundles", "verify", "after"),
    "the tables are held": ("magma.removal.rows", "hold_shape", "after"),
    "the rows are locked": ("magma.removal.rows", "lock", "after"),
    "nothing refers to them": ("magma.removal.rows", "references", "after"),
    "the rows are deleted": ("magma.removal.rows", "delete", "after"),
    "the commit is allowed": ("magma.removal.database", "_Transaction._commit", "before"),
    "the commit took place": ("magma.removal.database", "_Transaction._commit", "after"),
    "the rows are half marked": ("orphans.services.strikes", "tell_journal", "before"),
    "the removal is recorded": ("orphans.services.strikes", "committed", "after"),
    "everything but the end is done": ("orphans.services.bundles", "spend", "after"),
}


def die() -> None:
    """As a machine that loses power would."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    """Replace the step by one that dies beside it."""
    module_name, path, when = (POINTS | READING_POINTS | WATCHING_POINTS)[point]
    *outer, name = path.split(".")
    owner: Any = importlib.import_module(module_name)
    for part in outer:
        owner = getattr(owner, part)
    step = getattr(owner, name)

    def last(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            step(*args, **kwargs)
        die()

    setattr(owner, name, last)


def main() -> None:
    """Read what is to be read and go on with the reviews, until the point is reached."""
    django.setup()
    call_command = importlib.import_module("django.core.management").call_command
    tasks = importlib.import_module("orphans.tasks")
    if sys.argv[1:]:
        arm(sys.argv[1])
    for pk in tasks.Review.objects.to_gather().values_list("pk", flat=True):
        tasks.gather_review(pk)
    call_command("advance_reviews")


if __name__ == "__main__":
    main()
