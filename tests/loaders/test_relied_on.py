"""When what a full scan saw is no longer relied on, and what it keeps of what it saw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from dispatch.models import AnalysisRequest
from dispatch.states import Outcome, RequestStatus
from loaders import prints
from loaders.checks import Check, Custom, Files, Present
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.models import Change, Gap, Unsettled
from loaders.pages import Page
from loaders.services import changes, scans, seen, suggestions
from loaders.services.seen import Unrest
from loaders.services.stretches import Anchors, Stretches, stamped
from loaders.services.verdicts import Engine
from magma.client import Magma
from magma.rows import as_spelled
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from tests.loaders.conftest import PATIENT, load_vcf, now, only_suggestion, upload_normal
from tests.loaders.test_stretches import PATIENTS, later, scan
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


class Rewritten(ExomePipe):
    """Asks less, of the very same attributes."""

    wellformed: Check = Present("sample") | ExomePipe.wellformed


class Released(ExomePipe):
    """A lab's own idea of what its inputs are."""

    release = "1"

    def fingerprint(self, page: Page, index: int) -> str:
        return self.release


def nothing_wrong(page: Page) -> list[str]:
    return [""] * len(page)


class Tubes(Loader):
    """Reads no restricted attribute."""

    name, model, analysis = "tubes", "exome", "align"
    needs, outputs = Files("raw_fastqs").named("fastqs"), Files("bam")


class CodedTubes(Tubes):
    wellformed = Custom("tests.loaders.test_relied_on:nothing_wrong", ("raw_fastqs",))


def begun(engine: Engine) -> tuple[Stretches, list[str]]:
    gatherer = engine.gatherer("patient")
    assert gatherer
    unrest = Unrest.of("dt_lung", "patient", now=now())
    return Stretches(engine, gatherer, later, unrest), gatherer.attributes


def read(magma: Magma, stretches: Stretches, attributes: list[str]) -> Anchors:
    rows = stretches.gatherer.rows["patient"].spelled
    (page,) = magma.walk("dt_lung", "patient", attributes, rows=rows)
    return as_spelled(page.documents)


class TestEverythingIsJudged:
    def test_when_a_loader_asks_otherwise_of_the_same_attributes(self, magma: Magma) -> None:
        scan(magma, ExomePipe())

        assert scan(magma, Rewritten()).judged == PATIENTS

    def test_when_a_loader_is_tried_out_from_now_on_and_nobody_is_told_what_it_lacks(
        self, magma: Magma
    ) -> None:
        scan(magma)
        told = Gap.objects.exists()
        tried = Decided(loaders_shadow=("exome_pipe",))
        decisions.change("dt_lung", tried, actor="curator@ucsf.edu", now=now())

        assert scan(magma).judged == PATIENTS
        assert (told, Gap.objects.exists()) == (True, False)

    def test_by_a_new_release(self, magma: Magma, monkeypatch: pytest.MonkeyPatch) -> None:
        scan(magma)
        monkeypatch.setattr(prints, "_program", lambda: "the next one")

        assert scan(magma).judged == PATIENTS

    def test_where_more_was_written_by_others_than_is_looked_up(
        self, magma: Magma, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scan(magma)
        Unsettled.objects.create(project="dt_lung", model="patient", anchor="NOBODY")
        monkeypatch.setattr(seen, "MANY", 1)

        assert scan(magma).judged == PATIENTS


def test_a_labs_own_idea_of_its_inputs_is_asked_for_every_time(
    magma: Magma, warehouse: RunningWarehouse, requester: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_normal(warehouse)
    scan(magma, Released())
    suggestions.accept(only_suggestion(), person=requester, now=now())
    an_hour_ago = now() - timedelta(hours=1)
    AnalysisRequest.objects.update(
        status=RequestStatus.ARCHIVED, outcome=Outcome.PASSED, ended_at=an_hour_ago, wake_at=None
    )
    load_vcf(warehouse)
    before = scan(magma, Released()).plain()
    monkeypatch.setattr(Released, "release", "2")

    after = scan(magma, Released()).plain()

    assert (before["exome_pipe"]["fresh"], after["exome_pipe"]["due"]) == (1, 1)


def test_what_is_gone_is_remembered_by_a_scan_that_dies_before_its_end(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)
    warehouse.load({"patient": {"DTL000": {"project": "DT Lung"}}})
    scan(magma)
    warehouse.load({"patient": {PATIENT: {"project": None}}})
    stretches, attributes = begun(Engine.of(magma, "dt_lung", [ExomePipe()]))
    stretches.judge(read(magma, stretches, attributes), asked_at=later())

    scan(magma)

    assert only_suggestion().because.startswith("Magma no longer shows")


def test_what_others_judged_on_newer_sight_meanwhile_is_judged_again(magma: Magma) -> None:
    engine = Engine.of(magma, "dt_lung", [ExomePipe()])
    stretches, attributes = begun(engine)
    asked_at, anchors = now(), read(magma, stretches, attributes)
    changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
    scans.judge_pending(magma, "dt_lung", clock=now, engine=engine)

    stretches.judge(anchors, asked_at=asked_at)

    assert Change.objects.get(record=PATIENT).pending


def test_a_page_is_stamped_before_it_is_asked_for(now: datetime) -> None:
    seconds, asked = count(), []

    def clock() -> datetime:
        return now + timedelta(seconds=next(seconds))

    def pages() -> Iterator[Anchors]:
        for _ in range(4):
            asked.append(clock())
            yield {}

    stamps = [at for at, _ in stamped(pages(), clock)]

    assert len(stamps) == 4
    assert all(at < when for at, when in zip(stamps, asked, strict=True))


class TestWhatIsLacking:
    @pytest.mark.parametrize("loader", [Tubes(), CodedTubes()])
    def test_of_restricted_records_is_counted_apart(
        self, magma: Magma, warehouse: RunningWarehouse, loader: Loader
    ) -> None:
        warehouse.load({"patient": {"DTL003": {"restricted": True}}})
        engine = Engine.of(magma, "dt_lung", [loader])

        scans.scan_model(engine, "exome", clock=later)

        gap = Gap.objects.get(label="fastqs")
        hidden, told = (
            {name.partition(".")[0] for name in names} for names in (gap.restricted_anchors, gap.anchors)
        )
        assert hidden == {"DTL003", "DTL004"}  # the seed marks the one, this test the other
        assert "DTL005" in told
        assert not hidden & told
        assert (gap.restricted_count, gap.count) == (len(gap.restricted_anchors), len(gap.anchors))
        assert not gap.restricted_loader

    @pytest.mark.parametrize("kind", [Tubes, CodedTubes])
    def test_to_a_loader_that_is_only_tried_out_is_told_to_nobody(
        self, magma: Magma, kind: type[Loader]
    ) -> None:
        tried = type("Tried", (kind,), {"name": "tried", "shadow_of": "tubes"})()

        scans.scan_model(Engine.of(magma, "dt_lung", [tried]), "exome", clock=later)

        assert not Gap.objects.exists()
