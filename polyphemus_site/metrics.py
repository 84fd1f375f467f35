"""/metrics, computed from the database at each scrape: the same from whichever process answers.

Apps register collectors; nothing is counted in memory, so several processes need no shared files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Given the present instant, the metrics of one app.
Source = Callable[[datetime], Iterable[Metric]]

_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add an app's metrics, in its `ready()`; the same name again replaces them."""
    _sources[name] = source


def gauge(name: str, about: str, by: str, values: Iterable[tuple[str, float]]) -> Metric:
    """A gauge `polyphemus_<name>` with one label, `by`."""
    family = GaugeMetricFamily(f"polyphemus_{name}", about, labels=[by])
    for label, value in values:
        family.add_metric([label], value)
    return family


def render(now: datetime) -> bytes:
    """Everything, in Prometheus's text form."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything(now))
    return generate_latest(registry)


class _Everything(Collector):
    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        for source in _sources.values():
            yield from source(self.now)

    def describe(self) -> Iterable[Metric]:
        return ()
