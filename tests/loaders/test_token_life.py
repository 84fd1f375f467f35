"""Polyphemus logs in by itself, and scans on when a token ends in the middle of a scan."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from loaders.models import ScanRun
from loaders.services import scans
from magma import client
from magma.demo.tokens import KeyPair
from magma.errors import JanusAway
from tests.loaders.conftest import now
from tests.magma.demo_fixture import RunningWarehouse
from tests.magma.janus import EMAIL, SmallJanus, small_janus

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 60


@pytest.fixture
def janus(janus_keys: KeyPair, warehouse: RunningWarehouse, settings: Settings) -> Iterator[SmallJanus]:
    """Polyphemus knows a Janus and has a key of its own there, and no token."""
    with small_janus(janus_keys) as server:
        settings.POLYPHEMUS_MAGMA_URL = warehouse.url
        settings.POLYPHEMUS_MAGMA_TOKEN = ""
        settings.POLYPHEMUS_JANUS_URL = server.url
        settings.POLYPHEMUS_JANUS_EMAIL = EMAIL
        settings.POLYPHEMUS_JANUS_PRIVATE_KEY = server.account.private
        settings.POLYPHEMUS_PROJECTS = ["dt_lung"]
        yield server
        client.disconnect()


class TestAScan:
    def test_goes_on_while_tokens_come_and_go(self, janus: SmallJanus) -> None:
        janus.life = timedelta(seconds=2)
        deadline = time.monotonic() + SECONDS
        read = []

        while len(janus.bodies) < 4:
            read.append(scans.scan_all(client.connect(), "dt_lung", clock=now).records)
            assert time.monotonic() < deadline

        assert len(set(read)) == 1
        assert read[0] > 0
        assert not ScanRun.objects.exclude(error="").exists()

    def test_that_can_get_no_token_is_written_down_with_its_cause(self, janus: SmallJanus) -> None:
        janus.is_away = True

        with pytest.raises(JanusAway):
            scans.scan_all(client.connect(), "dt_lung", clock=now)

        assert "Janus answered 503" in ScanRun.objects.get().error
        janus.is_away = False
        assert scans.scan_all(client.connect(), "dt_lung", clock=now).records > 0
