"""A warehouse that changes, or says what isn't so, between two pages of one scan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loaders import registry
from loaders.checks import Files, Linked, Present
from loaders.loader import Loader
from loaders.models import ScanCursor, ScanRun, Suggestion
from loaders.registry import Registry
from loaders.services import changes, scans
from magma.demo.answers import Reply
from magma.demo.tokens import KeyPair
from magma.errors import MagmaFailed
from tests.loaders.conftest import now
from tests.loaders.lying import Lying, lying

pytestmark = pytest.mark.django_db(transaction=True)
PATIENTS = 30


class Attended(Loader):
    name, model, analysis = "attended", "patient", "consult"
    outputs = Present("physician")


class Sampled(Loader):
    name, model, analysis = "sampled", "patient", "consult"
    outputs = Linked("sample.exome", where=Files("bam", "none"), min=1)


@pytest.fixture
def told(janus_keys: KeyPair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lying]:
    monkeypatch.setattr(registry, "current", lambda: Registry({"attended": Attended(), "sampled": Sampled()}))
    monkeypatch.setattr(scans, "PAGE_SIZE", 10)
    with lying(janus_keys) as told:
        yield told


def standing() -> set[tuple[str, str]]:
    return set(Suggestion.objects.standing().values_list("loader", "anchor"))


def without(body: Mapping[str, Any], reply: Reply) -> Reply | None:
    """The attribute is gone from the second page on."""
    if body.get("model_name") != "patient" or int(body.get("page") or 1) == 1:
        return None
    answer = json.loads(reply.body)
    for document in answer.get("models", {}).get("patient", {}).get("documents", {}).values():
        document.pop("physician", None)
    return replace(reply, body=json.dumps(answer).encode())


def test_an_attribute_that_vanishes_between_two_pages_is_told_and_closes_nothing(told: Lying) -> None:
    scans.scan_all(told.magma, "dt_lung", clock=now)
    before = standing()
    told.lies.append(without)

    run = scans.scan_all(told.magma, "dt_lung", clock=now, afresh=True)

    assert standing() == before
    assert "does not show patient.physician" in run.faults["attended"]
    assert sum(run.plain()["sampled"].values()) == PATIENTS
    assert run.plain()["attended"]["error"] > 0


def test_a_model_reparented_in_mid_scan_is_as_it_should_be_after_the_next(told: Lying) -> None:
    project = told.project()
    exome = project.models["exome"]
    pages: list[Any] = []

    def move(body: Mapping[str, Any], reply: Reply) -> None:
        if body.get("model_name") != "exome":
            return
        pages.append(body)
        if len(pages) == 1:
            attribute = {**exome.attributes["sample"], "link_model_name": "patient"}
            exome.attributes["sample"] = attribute
            project.models["sample"].attributes.pop("exome")

    told.lies.append(move)
    scans.scan_all(told.magma, "dt_lung", clock=now)
    told.lies.clear()
    before = standing()

    tally = scans.scan_all(told.magma, "dt_lung", clock=now)

    assert len(pages) > 0
    assert "Model sample has no attribute 'exome'" in tally.faults["sampled"]
    assert standing() == before
    assert tally.plain()["sampled"] == {"error": PATIENTS}


@pytest.mark.parametrize("size", [10, 15, 29, 30, 31])
def test_wherever_the_pages_end_in_a_422_all_is_read(
    told: Lying, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(scans, "PAGE_SIZE", size)

    tally = scans.scan_all(told.magma, "dt_lung", clock=now, model="patient")

    assert (tally.records, tally.faults) == (PATIENTS, {})


@pytest.mark.parametrize("status", [422, 500])
def test_a_refusal_in_mid_walk_fails_the_scan_and_closes_nothing(told: Lying, status: int) -> None:
    scans.scan_all(told.magma, "dt_lung", clock=now)
    before = standing()
    told.lies.append(
        lambda body, reply: (
            replace(reply, status=status, body=b'{"errors":["no"]}')
            if body.get("model_name") == "patient" and int(body.get("page") or 1) == 2
            else None
        )
    )

    failure = pytest.raises(Exception, match="Magma")
    with failure:
        scans.scan_all(told.magma, "dt_lung", clock=now, afresh=True)

    assert standing() == before
    assert ScanRun.objects.latest("pk").error


class Tubes(Loader):
    name, model, analysis, inputs = "tubes", "exome", "align", ("raw_fastqs",)
    needs, outputs = Files("raw_fastqs"), Files("bam", "none")


@pytest.mark.parametrize("status", [500, 403])
def test_sums_that_fail_fail_the_scan_and_sums_that_are_refused_are_done_without(
    told: Lying, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(registry, "current", lambda: Registry({"tubes": Tubes()}))
    refusal = b'{"error":"You are forbidden from performing this action."}'
    told.lies.append(
        lambda body, reply: (
            replace(reply, status=status, body=refusal) if "::md5" in str(body.get("query")) else None
        )
    )

    if status == 500:
        with pytest.raises(MagmaFailed):
            scans.scan_all(told.magma, "dt_lung", clock=now)
    else:
        scans.scan_all(told.magma, "dt_lung", clock=now)

    run = ScanRun.objects.latest("pk")
    assert (bool(run.error), run.faults) == (status == 500, {})
    assert Suggestion.objects.exists() is (status == 403)


class BySample(Tubes):
    name, batch_by = "by_sample", "sample"


def test_a_failure_while_a_batch_is_put_together_is_magmas_and_not_the_loaders(
    told: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "current", lambda: Registry({"by_sample": BySample()}))
    told.lies.append(
        lambda body, reply: replace(reply, status=500) if body.get("attribute_names") == ["exome"] else None
    )

    with pytest.raises(MagmaFailed):
        scans.scan_all(told.magma, "dt_lung", clock=now)

    assert ScanRun.objects.latest("pk").faults == {}


def later() -> datetime:
    return now() + timedelta(minutes=1)


class TestWhatTheJournalMissed:
    @pytest.fixture(autouse=True)
    def _scanned(self, told: Lying) -> None:
        scans.scan_changes(told.magma, "dt_lung", clock=now)

    def figures(self, model: str) -> dict[bool, tuple[int, int]]:
        cursors = ScanCursor.objects.filter(project="dt_lung", model=model)
        return {cursor.disconnected: (cursor.found, cursor.missed) for cursor in cursors}

    def test_disconnected_records_are_counted_where_they_are_now(self, told: Lying) -> None:
        project, at = told.project(), now() + timedelta(seconds=2)
        rows = list(project.models["exome"].rows.values())[:4]
        for row in rows:
            project.point(row, "sample", None)
            row.stamp(at)
        changes.tell("dt_lung", {"exome": [row.name for row in rows[:3]]}, now=at)

        scans.scan_changes(told.magma, "dt_lung", clock=later)

        assert self.figures("exome") == {False: (0, 0), True: (4, 1)}

    def test_what_was_deleted_leaves_no_trace_and_the_next_full_scan_finds_it(self, told: Lying) -> None:
        project = told.project()
        patient = project.models["patient"]
        row = patient.insert("DTL900", now() + timedelta(seconds=2))
        (top,) = project.models["project"].rows.values()
        project.point(row, "project", top)
        scans.scan_changes(told.magma, "dt_lung", clock=later)
        figures = self.figures("patient")
        project.point(row, "project", None)
        del patient.rows[row.id], patient.ids[row.name]

        scans.scan_changes(told.magma, "dt_lung", clock=later)
        after_changes = standing()
        scans.scan_all(told.magma, "dt_lung", clock=later)

        assert self.figures("patient") == figures == {False: (1, 1), True: (0, 0)}
        assert ("attended", "DTL900") in after_changes
        assert ("attended", "DTL900") not in standing()

    def test_of_a_model_that_no_loader_reads_nothing_is_counted(self, told: Lying) -> None:
        for row in told.project().models["rna_seq"].rows.values():
            row.stamp(now() + timedelta(seconds=2))

        scans.scan_changes(told.magma, "dt_lung", clock=later)

        assert self.figures("rna_seq") == {}


@pytest.mark.parametrize("skew", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_warehouse_an_hour_off_is_followed_all_the_same(told: Lying, skew: timedelta) -> None:
    patients = told.project().models["patient"]
    told.warehouse.clock = lambda: datetime.now(UTC) + skew
    scans.scan_changes(told.magma, "dt_lung", clock=now)
    row = patients.rows[patients.ids["DTL003"]]
    stood = []
    for physician in ("Dr. A", None, "Dr. B", None):
        row.values["physician"] = physician
        row.stamp(now() + skew + timedelta(seconds=2))
        scans.scan_all(told.magma, "dt_lung", clock=now)
        scans.scan_changes(told.magma, "dt_lung", clock=later)
        stood.append(("attended", "DTL003") in standing())

    written = scans.scan_all(told.magma, "dt_lung", clock=later).written

    assert stood == [False, True, False, True]
    assert written == 0
