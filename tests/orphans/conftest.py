"""What tests of orphans share: a demo warehouse with its reader, a real Magma's database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from magma.client import Magma
from tests.magma.demo_fixture import RunningWarehouse
from tests.orphans.magma_databases import MagmaDatabase, copied, restore_template


@pytest.fixture
def magma(warehouse: RunningWarehouse) -> Iterator[Magma]:
    reader = Magma(url=warehouse.url, token=warehouse.mint("VIEWER"), projects=["labors", "dt_lung"])
    yield reader
    reader.close()


@pytest.fixture
def today() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def magma_template(django_db_setup: None) -> str:
    return restore_template()


@pytest.fixture
def magma_database(magma_template: str) -> Iterator[MagmaDatabase]:
    with copied(magma_template) as database:
        yield database
