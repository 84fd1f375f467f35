"""Data and loaders as no lab should have them, and some do: scanned to the end, each thing costing itself."""

from __future__ import annotations

import pytest

from loaders import registry
from loaders.checks import Check, Files, Linked, Matches, Present
from loaders.declared import parsed
from loaders.loader import Loader
from loaders.models import Suggestion, SuggestionEvent
from loaders.pages import Page
from loaders.registry import Registry
from loaders.services import explaining, verdicts
from magma.client import Magma
from tests.loaders.conftest import now, placed
from tests.loaders.pages import file
from tests.loaders.test_narrowing import FullScan, either, scan
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = (
    "a/b/../c", "a b\tc", "🐙.exome", "Ré/ü%2F?x=1&y#z", "'; DROP TABLE x; --", "<script>alert(1)</script>",
    '{"$ne": null}', "[]", "null", "-1", "%s %(x)s {0}", "\u202egnp.sj", "\u2028", "é" * 250,
)  # fmt: skip
LONG_TEXT = "x" * 100_000


class Sequenced(Loader):
    name = "sequenced"
    model = "exome"
    analysis = "align"
    scope = Matches("::identifier", r"(?s).*")
    needs: Check = Linked("normal.tumors.normal", min=0, max=10**6)
    inputs = ("raw_fastqs", "normal.tumors.raw_fastqs", "read_count", "sample.patient.physician")
    outputs = Files("bam")


class Slow(Sequenced):
    """Never comes back."""

    name = "slow"

    class Forever(Present):
        def judge(self, page: Page) -> list[bool]:
            while True:
                pass

    needs = Forever("tube_name")


ALTERNATIVE = parsed("""
name: sequenced_otherwise
model: exome
analysis: align_otherwise
needs: {any: [{check: files, attribute: raw_fastqs, min: 0}, {check: present, attribute: read_count}]}
outputs: {check: files, attribute: bam}
""")
RENAMED = parsed("""
name: of_a_renamed_model
model: exomes
analysis: align
outputs: {check: present, attribute: bam}
""")


@pytest.fixture(autouse=True)
def _oddities(warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "SECONDS_A_PAGE", 1)
    loaders: dict[str, Loader] = {one.name: one for one in (Sequenced(), ALTERNATIVE, RENAMED, Slow())}
    monkeypatch.setattr(registry, "current", lambda: Registry(loaders))
    warehouse.load({"sample": {"S": {"patient": "DTL001"}}, "patient": {"DTL001": {"physician": LONG_TEXT}}})
    warehouse.load(
        {"exome": {name: {"sample": "S", "raw_fastqs": [placed(file("a_R1.fastq.gz"))]} for name in NAMES}}
    )
    first, second = NAMES[:2]
    warehouse.load({"exome": {first: {"normal": second}, second: {"normal": first}}})
    warehouse.load({"exome": {first: {"normal": first}, NAMES[2]: {"raw_fastqs": []}}})


@either
def test_every_record_is_judged_and_every_loader_costs_itself(magma: Magma, full_scan: FullScan) -> None:
    run = full_scan(magma)

    assert run.error == ""
    count = magma.count("dt_lung", "exome")
    assert run.verdicts["slow"] == {"error": count}
    assert "of_a_renamed_model" not in run.verdicts
    assert sum(run.verdicts["sequenced"].values()) == count
    assert set(NAMES) <= set(Suggestion.objects.filter(loader="sequenced").values_list("anchor", flat=True))


def test_a_second_scan_finds_nothing_new(magma: Magma) -> None:
    first = scan(magma)
    before = list(SuggestionEvent.objects.values_list("pk", flat=True))

    second = scan(magma)

    assert first.verdicts == second.verdicts
    assert list(SuggestionEvent.objects.values_list("pk", flat=True)) == before


@pytest.mark.parametrize("name", NAMES)
def test_each_is_explained(magma: Magma, name: str) -> None:
    explanation = explaining.explain(magma, "dt_lung", "sequenced", name, now=now())

    assert (explanation.record, explanation.verdict) == (name, "due")
