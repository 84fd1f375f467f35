"""After a supervisor was killed: its servers are stopped when they are provably ours, or we refuse."""

from __future__ import annotations

import signal
import time

from polyphemus_site.embedded import proof
from polyphemus_site.embedded.errors import EmbeddedError
from polyphemus_site.embedded.places import Place

POLITE = {"postgres": signal.SIGINT, "redis": signal.SIGTERM}
PATIENCE_S = 10.0
PAUSE_S = 0.02


def recover(place: Place, *, patience: float = PATIENCE_S) -> None:
    """Take the servers' lock; while an orphaned server holds it, stop those proven ours."""
    if place.servers_lock.take():
        return
    orphans = [one for one in proof.recorded(place.record) if one.alive()]
    for orphan in orphans:
        orphan.signal(POLITE.get(orphan.name, signal.SIGTERM))
        orphan.signal(signal.SIGCONT)  # one that was frozen could not hear
    if _freed(place, patience):
        return
    for orphan in orphans:
        orphan.signal(signal.SIGKILL)
    if not orphans or not _freed(place, patience):
        raise EmbeddedError(
            f"Servers of an earlier run still use {place.path} and can't be proven ours to stop; "
            "stop them by hand, or use another --data."
        )


def _freed(place: Place, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not place.servers_lock.take():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True
