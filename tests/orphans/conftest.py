"""What tests of orphans share: a demo warehouse with its reader, a real Magma's database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from magma.client import Magma
from magma.demo.tokens import KeyPair
from tests.magma.demo_fixture import RunningWarehouse
from tests.orphans.magma_databases import MagmaDatabase, copied, restore_template
from tests.orphans.world import World, a_world


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


@pytest.fixture
def world(
    db: None, magma_database: MagmaDatabase, janus_keys: KeyPair, bundle_folder: Path
) -> Iterator[World]:
    with a_world(magma_database, janus_keys) as one:
        yield one


@pytest.fixture
def bundle_folder(tmp_path: Path, settings: Settings) -> Path:
    """Where this test's copies lie."""
    folder = tmp_path / "bundles"
    bundles = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder)},
    }
    settings.STORAGES = settings.STORAGES | {"bundles": bundles}
    return folder
