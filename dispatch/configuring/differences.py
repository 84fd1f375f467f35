"""What differs between two sets of params."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dispatch.configuring.values import alike, spelled


class Difference(NamedTuple):
    """One parameter in both; None where it is left to the pipeline."""

    name: str
    before: str | None
    after: str | None


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every parameter that is not the same, by name."""
    names = sorted({*before, *after})
    pairs = [(name, before.get(name), after.get(name)) for name in names]
    return [Difference(name, _said(old), _said(new)) for name, old, new in pairs if not alike(old, new)]


def _said(value: Any) -> str | None:
    return None if value is None else spelled(value)
