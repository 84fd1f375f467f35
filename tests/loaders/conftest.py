"""A demo warehouse, a client with an upper-case token, and the engine's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loaders.models import Suggestion
from magma import client
from magma.client import Magma
from magma.metis import Metis
from polyphemus_site import clock
from tests.loaders.metis import Shelf, small_metis
from tests.loaders.metis import client as metis_client
from tests.loaders.pages import file, pair
from tests.magma.demo_fixture import RunningWarehouse

PATIENT, TUMOR_EXOME, NORMAL_EXOME = "DTL001", "DTL001.T1.exome", "DTL001.N1.exome"


@pytest.fixture
def magma(warehouse: RunningWarehouse, settings: Settings) -> Iterator[Magma]:
    """The client this program would build for itself, with a token that sees restricted data."""
    settings.POLYPHEMUS_MAGMA_URL = warehouse.url
    settings.POLYPHEMUS_MAGMA_TOKEN = warehouse.mint("VIEWER")
    settings.POLYPHEMUS_PROJECTS = ["dt_lung"]
    yield client.connect()
    client.disconnect()


@pytest.fixture
def shelf(settings: Settings) -> Iterator[Shelf]:
    with small_metis() as shelf:
        settings.POLYPHEMUS_METIS_URL = shelf.url
        yield shelf


@pytest.fixture
def metis(shelf: Shelf) -> Iterator[Metis]:
    one = metis_client(shelf)
    yield one
    one.close()


def now() -> datetime:
    return clock.now()  # noqa: TID251 — the tests of the engine stand where tasks do


def reach_another_second() -> None:
    """Wait until what is written gets another of Magma's stamps, which are whole seconds."""
    start = now().replace(microsecond=0)
    while now().replace(microsecond=0) == start:
        time.sleep(0.02)


def upload(warehouse: RunningWarehouse, exome: str, entries: Any) -> None:
    """Load fastqs by hand."""
    warehouse.load({"exome": {exome: {"raw_fastqs": entries}}})


def upload_normal(warehouse: RunningWarehouse) -> None:
    """What makes DTL001 ready: its tumor has fastqs in the seed."""
    upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1"))


def uploaded(stem: str) -> list[dict[str, str]]:
    return [placed(entry) for entry in pair(stem)]


def placed(entry: dict[str, Any]) -> dict[str, str]:
    name = entry["original_filename"]
    return {"path": f"metis://dt_lung/sequence/{name}", "original_filename": name}


def load_vcf(warehouse: RunningWarehouse, exome: str = TUMOR_EXOME, name: str = "DTL001.vcf") -> None:
    warehouse.load({"exome": {exome: {"vcf": placed(file(name))}}})


def only_suggestion(**wanted: Any) -> Suggestion:
    return Suggestion.objects.get(**wanted)
