"""Anchors that share a record make one suggestion, which becomes one request with many inputs."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import IntegrityError, connection

from dispatch.errors import AlreadyRequestedError
from dispatch.models import AnalysisRequest
from dispatch.states import RequestStatus
from loaders import registry
from loaders.checks import Files, MatrixWidth, Present
from loaders.loader import Loader
from loaders.models import Change, Suggestion
from loaders.services import changes, scans, suggestions
from loaders.services.verdicts import Engine, Tally
from loaders.states import SuggestionStatus
from magma.client import Magma
from magma.questions import Question, RetrieveQuestion
from magma.reading import Understood
from magma.rows import RowShape
from polyphemus_site.errors import MoveRefusedError
from tests.loaders.conftest import now, only_suggestion, uploaded
from tests.loaders.rows import suggested
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND, THIRD, LAST = "B1.rna", "B2.rna", "B3.rna", "B9.rna"
BATCH, OTHER_BATCH = "DTL001.T1", "DTL001.N1"


class BySample(Loader):
    name = "by_sample"
    model = "rna_seq"
    analysis = "align"
    needs = Files("raw_fastqs")
    inputs = ("raw_fastqs",)
    outputs = MatrixWidth("gene_counts", width=3)
    batch_by = "sample"


class Listening(Magma):
    """Counts how often each record is asked for by its name."""

    def __init__(self, magma: Magma) -> None:
        self.wire, self._projects = magma.wire, ()
        self.asked: Counter[str] = Counter()

    def ask(self, question: Question, rows: RowShape | None = None) -> Understood:
        if isinstance(question, RetrieveQuestion) and isinstance(question.record_names, tuple):
            self.asked.update(map(str, question.record_names))
        return super().ask(question, rows)


def load(warehouse: RunningWarehouse, *tubes: str, sample: str = BATCH) -> None:
    made = {tube: {"sample": sample, "raw_fastqs": uploaded(tube)} for tube in tubes}
    warehouse.load({"rna_seq": made})


def finish(warehouse: RunningWarehouse, tube: str) -> None:
    warehouse.load({"rna_seq": {tube: {"gene_counts": [1, 2, 3]}}})


def judge(magma: Magma, *names: str) -> Tally:
    return Engine.of(magma, "dt_lung", [BySample()]).judge_names("rna_seq", names, now=now())


def accept(suggestion: Suggestion) -> AnalysisRequest:
    done = suggestions.accept(suggestion, person="dr.who@ucsf.edu", now=now())
    return AnalysisRequest.objects.get(name=done.request_name)


def test_one_of_them_leads_to_all_and_they_make_one_suggestion(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    load(warehouse, FIRST, SECOND)

    judge(magma, SECOND)

    suggestion = only_suggestion()
    assert suggestion.anchor == BATCH
    assert {FIRST, SECOND} <= set(suggestion.members)
    assert {FIRST, SECOND} <= set(suggestion.config["inputs"])


def test_however_the_page_is_cut_it_stays_one(magma: Magma, warehouse: RunningWarehouse) -> None:
    load(warehouse, FIRST, SECOND)
    judge(magma, FIRST)
    before = only_suggestion().fingerprint

    judge(magma, SECOND)
    judge(magma, SECOND, FIRST)

    assert only_suggestion().fingerprint == before
    assert only_suggestion().events.count() == 1


def test_it_becomes_one_request_with_many_inputs(magma: Magma, warehouse: RunningWarehouse) -> None:
    load(warehouse, FIRST, SECOND)
    judge(magma, FIRST)

    request = accept(only_suggestion())
    tally = judge(magma, FIRST)

    assert request.config["inputs"] == only_suggestion().config["inputs"]
    assert set(request.subjects.values_list("record", flat=True)) == set(only_suggestion().members)
    assert tally.plain()["by_sample"] == {"in_progress": 2, "waiting": 1}


def test_a_latecomer_is_suggested_alone_while_the_others_are_at_work(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    load(warehouse, FIRST, SECOND)
    judge(magma, FIRST)
    accept(only_suggestion())
    load(warehouse, THIRD)

    judge(magma, THIRD)

    late = only_suggestion(status=SuggestionStatus.OPEN)
    assert (late.anchor, list(late.members)) == (BATCH, [THIRD])


class TestBatchesScattered:
    """The members of two batches lie on many pages, in turns."""

    TUBES = tuple(f"B{number}.rna" for number in range(8))

    @pytest.fixture
    def listening(
        self, magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> Listening:
        monkeypatch.setattr(scans, "PAGE_SIZE", 2)
        load(warehouse, *self.TUBES[::2])
        load(warehouse, *self.TUBES[1::2], sample=OTHER_BATCH)
        return Listening(magma)

    def test_a_full_scan_judges_each_of_them_once(self, listening: Listening) -> None:
        engine = Engine.of(listening, "dt_lung", [BySample()])

        tally = scans.scan_model(engine, "rna_seq", clock=now)

        assert sum(tally.verdicts["by_sample"].values()) == tally.records >= len(self.TUBES)
        assert tally.verdicts["by_sample"]["due"] == len(self.TUBES)
        assert {listening.asked[tube] for tube in self.TUBES} == {1}
        assert Suggestion.objects.standing().count() == 2

    def test_so_does_whoever_judges_what_changed(
        self, listening: Listening, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(registry, "current", lambda: registry.Registry({"by_sample": BySample()}))
        changes.tell("dt_lung", {"rna_seq": self.TUBES}, now=now())

        tally = scans.judge_pending(listening, "dt_lung", clock=now)

        assert tally.verdicts["by_sample"]["due"] == len(self.TUBES)
        assert max(listening.asked[tube] for tube in self.TUBES) == 2  # for itself, and for its batch
        assert not Change.objects.filter(pending=True).exists()


@pytest.mark.parametrize("scan", ["full", "changes"])
def test_the_last_one_that_moves_to_a_batch_judged_before_closes_its_own(
    magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch, scan: str
) -> None:
    monkeypatch.setattr(registry, "current", lambda: registry.Registry({"by_sample": BySample()}))
    monkeypatch.setattr(scans, "PAGE_SIZE", 2)
    load(warehouse, FIRST, SECOND, THIRD, sample=OTHER_BATCH)
    load(warehouse, LAST)
    judge(magma, FIRST, LAST)
    load(warehouse, LAST, sample=OTHER_BATCH)

    if scan == "full":
        scans.scan_model(Engine.of(magma, "dt_lung", [BySample()]), "rna_seq", clock=now)
    else:
        changes.tell("dt_lung", {"rna_seq": [FIRST, SECOND, LAST]}, now=now())
        scans.judge_pending(magma, "dt_lung", clock=now)

    assert Suggestion.objects.get(anchor=BATCH).because == "Its records belong elsewhere now."
    assert {FIRST, LAST} <= Suggestion.objects.get(anchor=OTHER_BATCH).members.keys()


def test_what_is_done_leaves_the_batch_and_the_last_one_closes_it(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    load(warehouse, FIRST, SECOND, sample=OTHER_BATCH)
    judge(magma, FIRST)
    finish(warehouse, FIRST)

    judge(magma, FIRST)
    left = list(only_suggestion().members)
    finish(warehouse, SECOND)
    judge(magma, SECOND)

    assert left == [SECOND]
    assert only_suggestion().because == "The output appeared."


def test_whoever_takes_a_place_in_it_is_named_though_the_inputs_are_the_same(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    """The fingerprint covers the sample's type alone, and no tube's name."""
    by_type = type("ByType", (BySample,), {"inputs": ("sample.tumor_type",)})()
    engine = Engine.of(magma, "dt_lung", [by_type])
    load(warehouse, FIRST, sample=OTHER_BATCH)
    engine.judge_names("rna_seq", [FIRST], now=now())
    finish(warehouse, FIRST)
    load(warehouse, SECOND, sample=OTHER_BATCH)

    engine.judge_names("rna_seq", [SECOND], now=now())

    assert list(only_suggestion().members) == [SECOND]


def test_one_that_moves_to_another_batch_leaves_the_first(magma: Magma, warehouse: RunningWarehouse) -> None:
    load(warehouse, FIRST, SECOND, sample=OTHER_BATCH)
    judge(magma, FIRST)
    load(warehouse, FIRST)

    judge(magma, FIRST)

    assert list(only_suggestion(anchor=OTHER_BATCH).members) == [SECOND]
    assert FIRST in only_suggestion(anchor=BATCH).members


def test_a_batch_that_nobody_belongs_to_any_more_is_closed(magma: Magma, warehouse: RunningWarehouse) -> None:
    load(warehouse, FIRST, sample=OTHER_BATCH)
    judge(magma, FIRST)
    load(warehouse, FIRST)

    judge(magma, FIRST)

    left = only_suggestion(anchor=OTHER_BATCH)
    assert (left.status, left.because) == (SuggestionStatus.CLOSED, "Its records belong elsewhere now.")


def test_it_goes_on_without_a_member_that_magma_no_longer_shows(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    load(warehouse, FIRST, SECOND, sample=OTHER_BATCH)
    judge(magma, FIRST)
    warehouse.load({"rna_seq": {FIRST: {"sample": None}}})

    judge(magma, FIRST)
    still = only_suggestion().status
    engine = Engine.of(magma, "dt_lung", [BySample()])
    scans.judge_pending(magma, "dt_lung", clock=now, engine=engine)

    assert still == SuggestionStatus.OPEN
    assert list(only_suggestion().members) == [SECOND]
    assert not Change.objects.filter(pending=True).exists()


@pytest.mark.parametrize("changed", [FIRST, SECOND])
def test_put_away_for_the_project_it_returns_when_any_members_inputs_change(
    magma: Magma, warehouse: RunningWarehouse, curator: str, changed: str
) -> None:
    load(warehouse, FIRST, SECOND, sample=OTHER_BATCH)
    judge(magma, FIRST)
    suggestions.dismiss(only_suggestion(), person=curator, reason="A test run.", now=now())
    judge(magma, FIRST)
    meanwhile = Suggestion.objects.standing().count()
    warehouse.load({"rna_seq": {changed: {"raw_fastqs": uploaded(f"{changed}.again")}}})

    judge(magma, FIRST)

    assert (meanwhile, Suggestion.objects.standing().count()) == (0, 1)


def test_while_its_request_is_open_so_is_that_of_its_alternatives(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    load(warehouse, FIRST, SECOND, sample=OTHER_BATCH)
    judge(magma, FIRST)
    accept(only_suggestion())
    other = type("Other", (BySample,), {"name": "other"})()

    tally = Engine.of(magma, "dt_lung", [BySample(), other]).judge_names("rna_seq", [FIRST], now=now())

    assert tally.plain() == {"by_sample": {"in_progress": 2}, "other": {"in_progress": 2}}


class TestOneOpenRequest:
    """For a loader, a group and a fingerprint: the database holds it."""

    def twice(self, at: datetime) -> tuple[Suggestion, AnalysisRequest]:
        """What a judgement under way while somebody accepted could leave: the same, suggested again."""
        request = accept(suggested("DTL001", at))
        return suggested("DTL001", at), request

    def test_the_same_inputs_are_not_asked_for_twice(self, now: datetime) -> None:
        again, request = self.twice(now)

        with pytest.raises(AlreadyRequestedError) as refusal:
            accept(again)

        assert (refusal.value.code, refusal.value.members) == (
            "already_requested",
            {"request_name": request.name},
        )
        again.refresh_from_db()
        assert again.status == SuggestionStatus.OPEN

    def test_other_inputs_and_other_loaders_are_other_work(self, now: datetime) -> None:
        accept(suggested("DTL001", now))

        names = {
            accept(suggested("DTL001", now, fingerprint="another")).name,
            accept(suggested("DTL001", now, loader="another_pipe")).name,
        }

        assert len(names) == 2

    def test_once_it_is_over_it_may_be_asked_for_again(self, now: datetime) -> None:
        again, request = self.twice(now)
        AnalysisRequest.objects.filter(pk=request.pk).update(
            status=RequestStatus.ARCHIVED, outcome="cancelled", ended_at=now
        )

        assert accept(again).name != request.name

    def test_the_database_refuses_a_second_one(self, now: datetime) -> None:
        _, request = self.twice(now)
        request.pk, request.name = None, "a_second_one"

        with pytest.raises(IntegrityError, match="one_open_request_for_the_same_inputs"):
            request.save(force_insert=True)

    def test_of_many_who_ask_at_once_one_gets_it(self, now: datetime) -> None:
        again, request = self.twice(now)
        AnalysisRequest.objects.filter(pk=request.pk).update(
            status=RequestStatus.ARCHIVED, outcome="cancelled", ended_at=now
        )

        def ask(_: int) -> str:
            try:
                return accept(Suggestion.objects.get(pk=again.pk)).name
            except MoveRefusedError:
                return ""
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            names = [name for name in pool.map(ask, range(16)) if name]

        assert len(names) == 1
        assert AnalysisRequest.objects.not_archived().count() == 1


class ByNormal(Loader):
    """Tumors by their normal, which is a record of the same model."""

    name, model, analysis, batch_by = "by_normal", "exome", "pair", "normal"
    scope, needs, outputs = Present("normal"), Files("raw_fastqs"), Files("bam")


def test_it_ends_with_the_reason_of_its_own_members(magma: Magma, warehouse: RunningWarehouse) -> None:
    tumor, normal = "DTL002.T1.exome", "DTL002.N1.exome"
    warehouse.load({"exome": {tumor: {"normal": normal, "raw_fastqs": uploaded("a")}}})
    engine = Engine.of(magma, "dt_lung", [ByNormal()])
    engine.judge_names("exome", [tumor], now=now())
    assert set(only_suggestion().members) == {tumor}

    warehouse.load({"exome": {tumor: {"raw_fastqs": []}}})
    engine.judge_names("exome", [normal, tumor], now=now())

    assert only_suggestion().because.startswith("No longer ready. Waiting for raw_fastqs")
