"""What a full scan remembers: what is as it was needs no judging, and nothing is missed by that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.models import AnalysisRequest
from dispatch.states import Outcome, RequestStatus
from loaders.checks import Custom, Files, Linked, Present, Quiet
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.models import Gap, ScanRun, Seen, Suggestion, Unsettled
from loaders.pages import Page
from loaders.services import scans, suggestions
from loaders.services.rows import Desk
from loaders.services.seen import Unrest
from loaders.services.stretches import GROWN, Stretches, cut
from loaders.services.verdicts import Engine, Tally
from magma.client import Magma
from magma.rows import RowShape, Spelled, as_spelled
from tests.loaders.conftest import (
    NORMAL_EXOME,
    PATIENT,
    load_vcf,
    now,
    only_suggestion,
    reach_another_second,
    upload,
    upload_normal,
    uploaded,
)
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)
PATIENTS = 30
#: What the others of them come to.
OTHERS = {"out_of_scope": 1, "waiting": 28}


def later() -> datetime:
    """Long enough after that every stamp's second is over."""
    return now() + timedelta(minutes=1)


def scan(magma: Magma, *loaders: Loader, afresh: bool = False) -> Tally:
    engine = Engine.of(magma, "dt_lung", loaders or [ExomePipe()])
    return scans.scan_model(engine, "patient", clock=later, afresh=afresh)


def recording(read: Any, names: list[str]) -> Any:
    def recorded(shape: RowShape, spelled: Any) -> Any:
        found = read(shape, spelled)
        # of all it followed links by, which is read every time, no more than the links is there
        names.extend(name for name, document in found.items() if "updated_at" in document)
        return found

    return recorded


def nothing_wrong(page: Page) -> list[str]:
    return [""] * len(page)


class Doctored(ExomePipe):
    name = "doctored"
    needs = Present("physician")


class Coded(ExomePipe):
    name = "coded"
    wellformed = Custom("tests.loaders.test_stretches:nothing_wrong", ("physician",))


class Patient(ExomePipe):
    """Waits until nothing was written for a year."""

    name = "patient"
    scope = Linked("sample", every=Quiet(60 * 24 * 365), min=0)


class TestWhatIsAsItWas:
    def test_is_not_judged_and_counts_all_the_same(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        upload_normal(warehouse)
        first = scan(magma)
        waiting = list(Gap.objects.order_by("label").values("label", "count", "anchors"))

        second = scan(magma)

        assert (first.judged, second.judged) == (PATIENTS, 0)
        assert (second.records, second.written) == (PATIENTS, 0)
        assert second.plain() == first.plain()
        assert list(Gap.objects.order_by("label").values("label", "count", "anchors")) == waiting

    def test_is_not_written_again(self, magma: Magma) -> None:
        scan(magma)
        before = list(Seen.objects.values())

        scan(magma)

        assert list(Seen.objects.values()) == before

    def test_is_judged_when_that_is_asked_for(self, magma: Magma) -> None:
        scan(magma)

        assert scan(magma, afresh=True).judged == PATIENTS

    def test_is_judged_after_a_week_whatever_was_seen(self, magma: Magma) -> None:
        scan(magma)
        Seen.objects.update(judged_at=now() - timedelta(days=8))

        assert scan(magma).judged == PATIENTS

    def test_is_judged_after_a_week_though_others_of_its_stretch_were_judged_within(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        scan(magma)
        Seen.objects.update(judged_at=now() - timedelta(days=6))
        upload_normal(warehouse)
        engine = Engine.of(magma, "dt_lung", [ExomePipe()])

        within = scan(magma)
        after = scans.scan_model(engine, "patient", clock=lambda: now() + timedelta(days=2))

        assert (within.judged, after.judged) == (1, PATIENTS)


class TestWhatIsNot:
    def test_a_record_read_for_an_anchor_has_that_one_judged(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        scan(magma)
        upload_normal(warehouse)

        tally = scan(magma)

        assert tally.judged == 1
        assert only_suggestion().anchor == PATIENT

    def test_a_record_that_came_has_itself_judged(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        scan(magma)
        warehouse.load({"patient": {"DTL000": {"project": "DT Lung"}, "DTL010a": {"project": "DT Lung"}}})

        tally = scan(magma)

        assert (tally.records, tally.judged) == (PATIENTS + 2, 2)
        assert scan(magma).judged == 0

    def test_the_first_of_a_stretch_that_goes_takes_its_suggestion_along(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        scan(magma)
        assert Seen.objects.get().first == PATIENT
        warehouse.load({"patient": {PATIENT: {"project": None}}})

        tally = scan(magma)

        assert tally.records == PATIENTS - 1
        assert only_suggestion().because.startswith("Magma no longer shows")
        assert Seen.objects.get().first != PATIENT

    def test_one_in_the_middle_that_goes_takes_its_suggestion_along(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        warehouse.load({"patient": {"DTL000": {"project": "DT Lung"}}})
        scan(magma)
        warehouse.load({"patient": {PATIENT: {"project": None}}})

        scan(magma)

        assert only_suggestion().because.startswith("Magma no longer shows")
        assert scan(magma).judged <= 1
        assert not Unsettled.objects.exists()

    def test_it_does_so_when_everything_is_judged_anyway(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        warehouse.load({"patient": {"DTL000": {"project": "DT Lung"}}})
        scan(magma)
        warehouse.load({"patient": {PATIENT: {"project": None}}})

        scan(magma, afresh=True)

        assert only_suggestion().because.startswith("Magma no longer shows")

    def test_another_loader_has_everything_judged(self, magma: Magma) -> None:
        scan(magma)

        assert scan(magma, ExomePipe(), Doctored()).judged == PATIENTS

    def test_a_template_that_changed_has_everything_judged(self, magma: Magma) -> None:
        scan(magma)
        engine = Engine.of(magma, "dt_lung", [ExomePipe()])
        exome = engine.shapes["exome"]
        traits = dict(exome.traits) | {"vcf": replace(exome.traits["vcf"], restricted=False)}
        changed = replace(
            engine.shapes, models={**engine.shapes.models, "exome": replace(exome, traits=traits)}
        )

        tally = scans.scan_model(replace(engine, shapes=changed), "patient", clock=later)

        assert tally.judged == PATIENTS

    def test_a_stamp_so_young_that_its_second_may_not_be_over_is_not_relied_on(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        engine = Engine.of(magma, "dt_lung", [ExomePipe()])
        scans.scan_model(engine, "patient", clock=now)

        assert scans.scan_model(engine, "patient", clock=now).judged >= 1


class TestWhatReadingDoesNotTell:
    def test_a_labs_own_code_is_asked_every_time(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        upload_normal(warehouse)
        scan(magma, Coded())

        tally = scan(magma, Coded())

        assert tally.plain() == {"coded": {"due": 1, **OTHERS}}

    def test_a_verdict_that_time_will_change_is_not_relied_on(self, magma: Magma) -> None:
        scan(magma, Patient())

        assert scan(magma, Patient()).judged > 0

    def test_suggestions_taken_away_by_hand_are_made_again(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        scan(magma)
        only_suggestion().events.all().delete()
        Suggestion.objects.all().delete()

        scan(magma)

        assert only_suggestion().anchor == PATIENT

    def test_what_others_wrote_since_is_looked_at_again(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        scan(magma)
        engine = Engine.of(magma, "dt_lung", [ExomePipe()])
        load_vcf(warehouse)
        engine.judge_names("patient", [PATIENT], now=later())
        before = Unsettled.objects.values_list("anchor", flat=True)

        assert list(before) == [PATIENT]
        assert scan(magma).judged == 1
        assert not Unsettled.objects.exists()

    def test_a_request_that_ended_without_its_output_is_suggested_again(
        self, magma: Magma, warehouse: RunningWarehouse, requester: str
    ) -> None:
        upload_normal(warehouse)
        scan(magma)
        suggestions.accept(only_suggestion(), person=requester, now=now())
        assert scan(magma).plain() == {"exome_pipe": {"in_progress": 1, **OTHERS}}
        AnalysisRequest.objects.update(
            status=RequestStatus.ARCHIVED, outcome=Outcome.CANCELLED, ended_at=now(), wake_at=None
        )

        scan(magma)

        assert Suggestion.objects.standing().get().anchor == PATIENT

    def test_a_request_that_came_and_went_while_a_scan_was_under_way_is_noticed_by_the_next(
        self, magma: Magma, warehouse: RunningWarehouse, requester: str
    ) -> None:
        upload_normal(warehouse)
        scan(magma)
        engine = Engine.of(magma, "dt_lung", [ExomePipe()])
        begun = engine.gatherer("patient")
        assert begun is not None
        stretches = Stretches(engine, begun, now, Unrest.of("dt_lung", "patient", now=now()))
        suggestions.accept(only_suggestion(), person=requester, now=now())
        AnalysisRequest.objects.update(
            status=RequestStatus.ARCHIVED, outcome=Outcome.CANCELLED, ended_at=now(), wake_at=None
        )
        warehouse.load({"sample": {"DTL002.T9": {"patient": "DTL002", "tumor_type": "Normal"}}})
        (page,) = magma.walk("dt_lung", "patient", begun.attributes, rows=begun.rows["patient"].spelled)
        an_hour_later = now() + timedelta(hours=1)

        of_the_first = stretches.judge(as_spelled(page.documents), asked_at=an_hour_later)
        scans.scan_model(engine, "patient", clock=lambda: an_hour_later + timedelta(minutes=1))

        assert of_the_first.judged == 1
        assert Suggestion.objects.standing().get().anchor == PATIENT

    def test_what_others_wrote_is_not_forgotten_while_a_loader_fails(
        self, magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_normal(warehouse)
        scan(magma)
        Desk("dt_lung", "exome_pipe", "patient", now()).close({PATIENT: "for a while"})
        with monkeypatch.context() as broken:
            broken.setattr(Files, "judge", lambda *_: 1 / 0)
            assert scan(magma).faults.keys() == {"exome_pipe"}

        scan(magma)

        assert Suggestion.objects.standing().get().anchor == PATIENT

    def test_of_what_is_as_it_was_nothing_is_decoded(
        self, magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_normal(warehouse)
        first = scan(magma)
        read: list[str] = []
        monkeypatch.setattr(RowShape, "read", recording(RowShape.read, read))

        again = scan(magma)
        reach_another_second()
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1"))
        changed = scan(magma)

        assert again.plain() == first.plain()
        assert changed.judged == 1
        assert PATIENT in read
        assert "DTL002" not in read

    def test_the_run_says_how_many_were_judged(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        scan(magma)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1"))

        scan(magma)

        run = ScanRun.objects.latest("pk")
        assert (run.records, run.judged) == (PATIENTS, 1)


def page_of(names: list[str]) -> dict[str, Spelled]:
    return {name: Spelled(b"{}") for name in names}


names = st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=40)


class TestCut:
    @given(names, st.data())
    def test_however_pages_are_cut_stretches_begin_where_they_began(
        self, given_names: list[str], data: Any
    ) -> None:
        firsts = set(data.draw(st.lists(st.sampled_from(given_names or ["x"]), max_size=5)))
        size = data.draw(st.integers(1, 7))
        pages = [page_of(given_names[n : n + size]) for n in range(0, len(given_names), size)]
        at = datetime(2026, 1, 1, tzinfo=UTC)

        stretches = [list(found) for _, found in cut([(at, page) for page in pages], firsts)]

        assert [name for stretch in stretches for name in stretch] == given_names
        assert all(not firsts & set(stretch[1:]) for stretch in stretches)
        assert not firsts or all(stretch[0] in firsts for stretch in stretches[1:])

    def test_what_has_grown_too_long_is_cut(self) -> None:
        page = page_of([str(number) for number in range(2 * GROWN)])

        lengths = [len(found) for _, found in cut([(now(), page)], {"0"})]

        assert lengths == [GROWN, GROWN]
