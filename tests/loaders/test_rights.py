"""Our token loses its sight of restricted data: what is hidden now must not be taken for what is gone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from dispatch.models import AnalysisRequest
from dispatch.witness import Sight
from loaders import registry, seam
from loaders.checks import Files
from loaders.loader import Loader
from loaders.models import Change, ScanRun, Shard, Suggestion
from loaders.registry import Registry
from loaders.services import changes, rights, runs, scans, suggestions, sweeps
from magma import client
from magma.client import Magma
from magma.demo.tokens import KeyPair
from magma.errors import MagmaError, MagmaRightsLost
from magma.tokens import Token, read_token
from tests.loaders.conftest import TUMOR_EXOME, now
from tests.magma.demo_fixture import RunningWarehouse
from tests.magma.janus import EMAIL, small_janus

pytestmark = pytest.mark.django_db(transaction=True)


class Tubes(Loader):
    """Reads no restricted attribute: that records are hidden from it nothing tells."""

    name, model, analysis = "tubes", "exome", "align"
    needs, outputs = Files("raw_fastqs"), Files("bam", r"realigned\..+")


@dataclass
class Turning:
    """A token that is renewed in lower case after so many questions."""

    before: Token
    after: Token
    questions: int

    def current(self) -> Token:
        self.questions -= 1
        return self.before if self.questions >= 0 else self.after

    def renewed(self, refused: Token) -> Token | None:
        return None

    def close(self) -> None:
        """It holds nothing."""


@pytest.fixture(autouse=True)
def _suggested(magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suggestion about a tube of a restricted patient, made by a full scan that saw it."""
    monkeypatch.setattr(registry, "current", lambda: Registry({"tubes": Tubes()}))
    warehouse.load({"patient": {"DTL001": {"restricted": True}}})
    scans.scan_all(magma, "dt_lung", clock=now)
    scans.scan_changes(magma, "dt_lung", clock=now)
    assert standing().restricted


def blind(settings: Settings, warehouse: RunningWarehouse) -> Magma:
    """The client with a token in lower case."""
    settings.POLYPHEMUS_MAGMA_TOKEN = warehouse.mint("viewer")
    return client.connect()


@pytest.fixture
def blinded(settings: Settings, warehouse: RunningWarehouse) -> Magma:
    """The client with the token as it is now."""
    return blind(settings, warehouse)


def standing() -> Suggestion:
    return Suggestion.objects.standing().get(anchor=TUMOR_EXOME)


def scan_until_it_fails(magma: Magma) -> None:
    deadline = now() + timedelta(minutes=2)
    with pytest.raises(MagmaRightsLost):  # noqa: PT012 — which scan notices is chance
        while now() < deadline:
            scans.scan_all(magma, "dt_lung", clock=now, afresh=True)


@pytest.mark.parametrize("questions", range(1, 12))
def test_wherever_in_a_scan_it_is_lost_nothing_closes(warehouse: RunningWarehouse, questions: int) -> None:
    upper, lower = (read_token(warehouse.mint(role)) for role in ("VIEWER", "viewer"))

    with closing(Magma(url=warehouse.url, token=Turning(upper, lower, questions))) as turning:
        scan_until_it_fails(turning)

    assert standing().status == "open"


def test_a_janus_that_renews_the_token_in_lower_case_is_noticed(
    janus_keys: KeyPair, warehouse: RunningWarehouse, settings: Settings
) -> None:
    with small_janus(janus_keys) as janus:
        settings.POLYPHEMUS_MAGMA_TOKEN, settings.POLYPHEMUS_JANUS_URL = "", janus.url
        settings.POLYPHEMUS_JANUS_EMAIL, settings.POLYPHEMUS_JANUS_PRIVATE_KEY = EMAIL, janus.account.private
        janus.life = timedelta(seconds=1)
        scans.scan_all(client.connect(), "dt_lung", clock=now)
        janus.perm = "v:dt_lung"

        scan_until_it_fails(client.connect())

    assert standing().status == "open"


def test_neither_journal_nor_scan_of_changes_closes_anything(blinded: Magma) -> None:
    changes.tell("dt_lung", {"exome": [TUMOR_EXOME]}, now=now())

    for scan in (scans.judge_pending, scans.scan_changes):
        with pytest.raises(MagmaRightsLost, match="no longer shows the restricted data of dt_lung"):
            scan(blinded, "dt_lung", clock=now)

    assert standing().status == "open"
    assert Change.objects.filter(pending=True).exists()
    assert ScanRun.objects.filter(error_code="magma_rights_lost").count() == 2


def test_nor_do_workers_who_share_a_scan(magma: Magma, blinded: Magma, settings: Settings) -> None:
    with pytest.raises(MagmaRightsLost):
        sweeps.begin(blinded, "dt_lung", clock=now)
    settings.POLYPHEMUS_MAGMA_TOKEN = magma.token().text
    sweeps.begin(client.connect(), "dt_lung", clock=now)
    shard = Shard.objects.first()
    assert shard

    with pytest.raises(MagmaError):
        sweeps.judge(blinded, shard.pk, clock=now)

    assert standing().status == "open"
    assert "MagmaRightsLost" in Shard.objects.get(pk=shard.pk).error


def test_an_output_that_may_be_hidden_is_not_found_missing(
    magma: Magma, requester: str, settings: Settings, warehouse: RunningWarehouse
) -> None:
    accepted = suggestions.accept(standing(), person=requester, now=now())
    request = AnalysisRequest.objects.get(name=accepted.request_name)
    before = seam.see_outputs([request])
    settings.POLYPHEMUS_MAGMA_TOKEN = warehouse.mint("viewer")

    after = seam.see_outputs([request])

    assert (before[request.pk], after[request.pk]) == (Sight.NOT_SEEN, Sight.UNKNOWN)


def test_somebody_may_say_that_it_shall_stay_so(blinded: Magma) -> None:
    call_command("scan", "dt_lung", "--full", "--without-restricted", "--json")

    closed = Suggestion.objects.get(anchor=TUMOR_EXOME)
    assert closed.status == "closed"
    assert "Magma no longer shows the record" in closed.because
    assert scans.scan_all(blinded, "dt_lung", clock=now).records > 0


def test_with_the_right_back_everything_goes_on(blinded: Magma, magma: Magma, settings: Settings) -> None:
    with pytest.raises(MagmaRightsLost):
        scans.scan_all(blinded, "dt_lung", clock=now)
    settings.POLYPHEMUS_MAGMA_TOKEN = magma.token().text

    scans.scan_all(client.connect(), "dt_lung", clock=now)

    assert standing().status == "open"


def test_what_was_seen_is_remembered_longer_than_accounts_are_kept(blinded: Magma) -> None:
    runs.forget(now=now() + timedelta(days=60))

    with pytest.raises(MagmaRightsLost):
        scans.scan_all(blinded, "dt_lung", clock=now)


def test_what_the_journal_alone_has_seen_is_remembered_too(
    magma: Magma, settings: Settings, warehouse: RunningWarehouse
) -> None:
    rights.do_without("dt_lung")
    changes.tell("dt_lung", {"exome": [TUMOR_EXOME]}, now=now())
    scans.judge_pending(magma, "dt_lung", clock=now)

    with pytest.raises(MagmaRightsLost):
        scans.scan_all(blind(settings, warehouse), "dt_lung", clock=now)


def test_it_may_be_decided_while_workers_share_a_scan_that_saw_more(
    magma: Magma, settings: Settings, warehouse: RunningWarehouse
) -> None:
    sweeps.begin(magma, "dt_lung", clock=now)
    blinded = blind(settings, warehouse)

    call_command("scan", "dt_lung", "--full", "--without-restricted", "--json")
    for shard in Shard.objects.all():
        sweeps.judge(blinded, shard.pk, clock=now)

    assert Suggestion.objects.get(anchor=TUMOR_EXOME).status == "closed"
