"""Numbers about the whole installation, for /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from polyphemus_site import heartbeats


def beat(now: datetime) -> Iterator[Metric]:
    """Seconds since an order of beat was carried out; absent until the first."""
    age = heartbeats.age(now=now)
    if age is not None:
        seconds = age.total_seconds()
        yield GaugeMetricFamily("polyphemus_beat_age_seconds", "Since beat's last order was done.", seconds)
