"""A loader that asks more where templates have more does so in scans, explanations and of outputs."""

from __future__ import annotations

from copy import copy

import pytest

from loaders import evidence, registry
from loaders.checks import Check, Present
from loaders.evidence import Wanted
from loaders.loader import Loader
from loaders.registry import Registry
from loaders.services import explaining
from loaders.services.verdicts import Engine
from loaders.shapes import Shapes
from magma.client import Magma
from tests.loaders.conftest import PATIENT, now
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


class Growing(Loader):
    name = "growing"
    model = "patient"
    analysis = "consult"
    outputs: Check = Present("physician")

    def fitted(self, shapes: Shapes) -> Loader:
        """Where patients have a date of diagnosis, that has to be loaded too."""
        whole = copy(self)
        if "date_of_diagnosis" in shapes[self.model].traits:
            whole.outputs = self.outputs & Present("date_of_diagnosis")
        return whole


class Failing(Growing):
    def fitted(self, shapes: Shapes) -> Loader:
        raise RuntimeError("a lab's own mistake")


@pytest.fixture
def without_date(warehouse: RunningWarehouse) -> None:
    warehouse.load({"patient": {PATIENT: {"physician": "Dr. A", "date_of_diagnosis": None}}})


def verdict(magma: Magma, loader: Loader) -> dict[str, dict[str, int]]:
    return Engine.of(magma, "dt_lung", [loader]).judge_names("patient", [PATIENT], now=now()).plain()


def test_a_scan_asks_for_it(magma: Magma, without_date: None) -> None:
    assert verdict(magma, Growing()) == {"growing": {"due": 1}}


def test_an_explanation_shows_it(magma: Magma, without_date: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "current", lambda: Registry({"growing": Growing()}))

    explanation = explaining.explain(magma, "dt_lung", "growing", PATIENT, now=now())

    assert explanation.verdict == "due"
    assert "date_of_diagnosis" in str(explanation.findings["outputs"].as_json())


def test_the_output_is_there_only_with_it(
    magma: Magma, warehouse: RunningWarehouse, without_date: None
) -> None:
    wanted = {1: Wanted("patient", (PATIENT,))}

    before = evidence.look(magma, "dt_lung", Growing(), wanted)
    warehouse.load({"patient": {PATIENT: {"date_of_diagnosis": "2020-01-15"}}})
    after = evidence.look(magma, "dt_lung", Growing(), wanted)

    assert (before, after) == ({1: False}, {1: True})


def test_one_that_fails_at_it_is_judged_as_it_is(magma: Magma, without_date: None) -> None:
    assert verdict(magma, Failing()) == {"growing": {"fresh": 1}}
