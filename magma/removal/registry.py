"""Which ways of removing there are; a setting names one of them."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from magma.removal.adapters import Removal
from magma.removal.database import DatabaseRemoval
from magma.removal.errors import RemovalError
from magma.removal.handoff import Handoff
from polyphemus_site.sentences import say as _

ADAPTERS: dict[str, Callable[[], Removal]] = {
    "database": lambda: DatabaseRemoval(settings.POLYPHEMUS_MAGMA_DATABASE_URL),
    "handoff": Handoff,
}


def adapter(key: str = "") -> Removal:
    """The adapter of that key, or the one the settings choose."""
    chosen = key or settings.POLYPHEMUS_REMOVAL
    if chosen not in ADAPTERS:
        raise RemovalError(
            _("POLYPHEMUS_REMOVAL must be one of %(known)s, not %(chosen)r.")
            % {"known": ", ".join(ADAPTERS), "chosen": chosen}
        )
    if chosen == "database" and not settings.POLYPHEMUS_MAGMA_DATABASE_URL:
        raise RemovalError(_("POLYPHEMUS_MAGMA_DATABASE_URL is not set: removal by `database` needs it."))
    return ADAPTERS[chosen]()
