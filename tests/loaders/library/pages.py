"""Pages over models that a test defines: attributes by type, links by where they lead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loaders.judging import Past, judge
from loaders.loader import Loader
from loaders.pages import Page, Store
from loaders.shapes import Shape, Shapes, Trait
from tests.loaders.pages import file

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LONG_AGO = "2026-05-04T09:00:00+00:00"


def shapes(**models: dict[str, Any]) -> Shapes:
    """Models with attributes: a type, or a trait."""
    return Shapes({name: Shape(name, "name", "", _traits(made)) for name, made in models.items()})


def _traits(made: dict[str, Any]) -> dict[str, Trait]:
    traits = {name: one if isinstance(one, Trait) else Trait(one) for name, one in made.items()}
    return traits | {"updated_at": Trait("date_time")}


def page(model: str, known: Shapes, **documents: dict[str, dict[str, Any]]) -> Page:
    """A page of every record of `model`."""
    whole = {
        kind: {name: {"updated_at": LONG_AGO} | values for name, values in records.items()}
        for kind, records in documents.items()
    }
    return Page(model, tuple(whole[model]), Store(known, whole, NOON))


def verdicts(loader: Loader, judged: Page) -> list[str]:
    return [found.verdict.value for found in judge(loader, judged, Past())]


def files(*names: str) -> list[dict[str, Any]]:
    return [file(name) for name in names]
