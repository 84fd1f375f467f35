"""The questions of health that concern the whole installation; apps register their own."""

from __future__ import annotations

from polyphemus_site import health, metrics
from polyphemus_site.home import channels
from polyphemus_site.probes import numbers, servers, warehouse


def register() -> None:
    """Add them to the register, the database first."""
    health.register(health.DATABASE, servers.database, needs_database=False)
    health.register("broker", servers.broker, needs_database=False)
    health.register("beat", servers.beat)
    health.register("magma", warehouse.magma, needs_database=False)
    health.register("slack", channels.stuck)
    metrics.register("beat", numbers.beat)
