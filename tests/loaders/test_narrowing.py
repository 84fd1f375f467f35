"""A full scan reads no more than can be in scope where Magma's filters tell, and comes to the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import pytest

from loaders import registry
from loaders.checks import Files, Linked, OneOf, Present
from loaders.loader import Loader
from loaders.models import ScanRun, Seen, Suggestion
from loaders.registry import Registry
from loaders.services import narrowing, scans, sweeps
from loaders.states import SuggestionStatus
from magma.client import Magma
from magma.demo.answers import Reply, as_json
from magma.demo.tokens import KeyPair
from magma.pages import Retrieved
from magma.questions import Question
from magma.reading import Understood
from magma.rows import RowShape
from tests.loaders.conftest import PATIENT, now, only_suggestion
from tests.loaders.lying import lying
from tests.loaders.test_sweeps import judge_all
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "DTL002"
SAMPLED = Present("physician") & Linked("sample")


class Consult(Loader):
    name = "consult"
    model = "patient"
    analysis = "consult"
    scope = Present("physician")
    outputs = OneOf("physician", ("Dr. Done",))


class Spying(Magma):
    """Remembers which patients it showed."""

    def __init__(self, magma: Magma) -> None:
        self.wire, self._projects = magma.wire, ()
        self.shown: set[str] = set()

    def ask(self, question: Question, rows: RowShape | None = None) -> Understood:
        answer = super().ask(question, rows)
        if isinstance(answer, Retrieved) and "patient" in answer.models:
            self.shown |= answer.models["patient"].documents.keys()
        return answer


@pytest.fixture(autouse=True)
def _is_large(warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed's thirty patients are a large model here; none has a physician, and one loader is there."""
    monkeypatch.setattr(narrowing, "SMALL", 10)
    monkeypatch.setattr(sweeps, "STRETCH", 7)
    use(monkeypatch, Consult())
    give(warehouse, *(f"DTL{number:03}" for number in range(1, 31)), physician=None)


def use(monkeypatch: pytest.MonkeyPatch, *loaders: Loader) -> None:
    monkeypatch.setattr(registry, "current", lambda: Registry({one.name: one for one in loaders}))


def give(warehouse: RunningWarehouse, *names: str, physician: str | None = "Dr. A") -> None:
    """Give some patients a physician; without a journal nobody tells of it."""
    warehouse.load({"patient": {name: {"physician": physician} for name in names}})


def sweep(magma: Magma) -> ScanRun:
    """A shared scan, its workers' part done here."""
    (run,) = sweeps.begin(magma, "dt_lung", clock=now)
    judge_all(magma)
    run.refresh_from_db()
    return run


def scan(magma: Magma) -> ScanRun:
    scans.scan_all(magma, "dt_lung", clock=now)
    return ScanRun.objects.latest("pk")


FullScan = Callable[[Magma], ScanRun]
either = pytest.mark.parametrize("full_scan", [scan, sweep])


@either
def test_what_magma_says_is_out_of_scope_is_counted_unread(
    magma: Magma, warehouse: RunningWarehouse, full_scan: FullScan
) -> None:
    give(warehouse, PATIENT)
    spy = Spying(magma)

    run = full_scan(spy)

    assert spy.shown == {PATIENT}
    assert run.verdicts == {"consult": {"due": 1, "out_of_scope": 29}}
    assert (run.records, run.expected) == (30, 30)
    assert only_suggestion().anchor == PATIENT


@either
def test_one_that_stopped_matching_is_closed_and_counted(
    magma: Magma, warehouse: RunningWarehouse, full_scan: FullScan
) -> None:
    give(warehouse, PATIENT, OTHER)
    full_scan(magma)
    give(warehouse, OTHER, physician=None)

    run = full_scan(magma)

    assert run.verdicts == {"consult": {"due": 1, "out_of_scope": 29}}
    ended = only_suggestion(anchor=OTHER)
    assert ended.status == SuggestionStatus.CLOSED
    assert ended.because == "No longer ready. Not for this loader: not so: physician is there."


@either
def test_so_is_the_last_one_and_one_that_no_full_scan_remembers(
    magma: Magma, warehouse: RunningWarehouse, full_scan: FullScan
) -> None:
    give(warehouse, PATIENT, OTHER)
    full_scan(magma)
    Seen.objects.all().delete()
    give(warehouse, PATIENT, OTHER, physician=None)

    full_scan(magma)

    assert not Suggestion.objects.standing().exists()


@either
def test_one_that_came_to_match_is_found(
    magma: Magma, warehouse: RunningWarehouse, full_scan: FullScan
) -> None:
    full_scan(magma)
    give(warehouse, OTHER)

    full_scan(magma)

    assert only_suggestion().anchor == OTHER


@either
def test_where_one_loader_may_be_about_all_everything_is_read(
    magma: Magma, warehouse: RunningWarehouse, full_scan: FullScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Consult(), type("Unscoped", (Consult,), {"name": "unscoped", "scope": None})())
    spy = Spying(magma)

    full_scan(spy)

    assert len(spy.shown) == 30


def test_where_most_are_in_scope_everything_is_read_in_pages(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    give(warehouse, *magma.identifiers("dt_lung", "patient")[:16])
    spy = Spying(magma)

    scan(spy)

    assert len(spy.shown) == 30


def test_of_two_scopes_one_about_other_records_hides_nothing_from_the_other(
    magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Magma keeps from an "or" whoever has none of the records that one side of it asks for."""
    use(monkeypatch, Consult(), type("Sampled", (Consult,), {"name": "sampled", "scope": SAMPLED})())
    (root,) = magma.identifiers("dt_lung", "project")
    warehouse.load({"patient": {"DTL031": {"project": root, "physician": "Dr. A"}}})

    run = scan(magma)

    assert run.verdicts["consult"] == {"due": 1, "out_of_scope": 30}
    assert only_suggestion().anchor == "DTL031"


def test_what_a_lower_case_role_may_not_see_is_an_error_not_out_of_scope(
    warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(
        monkeypatch,
        type("Vcf", (Consult,), {"model": "exome", "scope": Files("vcf"), "outputs": Present("bam")})(),
    )
    token = warehouse.mint("viewer")

    with closing(Magma(url=warehouse.url, token=token, projects=["dt_lung"])) as lower:
        run = scan(lower)
        count = lower.count("dt_lung", "exome")

    assert run.verdicts["consult"] == {"error": count}


def test_where_magma_refuses_the_filter_everything_is_read(janus_keys: KeyPair) -> None:
    def refuse(body: Mapping[str, Any], reply: Reply) -> Reply | None:
        is_filtered = body.get("query") == ["patient", ["::has", "physician"], "::count"]
        return as_json({"errors": ["No such filter."]}, 422) if is_filtered else None

    with lying(janus_keys) as told:
        told.lies.append(refuse)
        spy = Spying(told.magma)

        scan(spy)

    assert len(spy.shown) == 30


def test_a_loader_that_cannot_judge_counts_as_error_for_what_is_not_read_too(
    magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Consult(), type("Lost", (Consult,), {"name": "lost", "scope": Present("gone")})())
    give(warehouse, PATIENT)

    run = scan(magma)

    assert run.verdicts == {"consult": {"due": 1, "out_of_scope": 29}, "lost": {"error": 30}}
    assert "'gone'" in run.faults["lost"]
