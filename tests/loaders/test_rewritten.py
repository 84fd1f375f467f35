"""A loader written otherwise under the same version: what stands is looked at again, and follows it."""

from __future__ import annotations

import importlib.util
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dispatch.models import AnalysisRequest
from dispatch.witness import Sight
from loaders import seam
from loaders.checks import Check, Present
from loaders.declared import parsed
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.services import suggestions
from loaders.services.verdicts import Engine
from loaders.states import SuggestionStatus
from magma.client import Magma
from tests.loaders.conftest import (
    NORMAL_EXOME,
    PATIENT,
    load_vcf,
    now,
    only_suggestion,
    upload,
    upload_normal,
    uploaded,
)
from tests.loaders.test_seam import complete
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

SAID = """
name: consulted
model: patient
analysis: consult
outputs: {check: one_of, attribute: physician, values: [Nobody]}
inputs: [%s]
config: {params: {%s}}
"""
BY_CODE = """
from loaders.checks import OneOf
from loaders.loader import Config, Loader


class Consulted(Loader):
    name = "consulted"
    model = "patient"
    analysis = "consult"
    outputs = OneOf("physician", ("Nobody",))

    def config(self, page, index):
        return Config(inputs=(page.names[index],), params={"asks": "%s"})
"""


def spelled(inputs: str = "physician", params: str = "") -> Loader:
    return parsed(SAID % (inputs, params))


def written(folder: Path, module: str, asks: str) -> Loader:
    """The loader of a lab's own module, which asks for something."""
    path = folder / f"{module}.py"
    path.write_text(BY_CODE % asks)
    spec = importlib.util.spec_from_file_location(module, path)
    assert spec
    assert spec.loader
    sys.modules[module] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[module])
    loader = sys.modules[module].Consulted()
    assert isinstance(loader, Loader)
    return loader


def a_minute_later() -> datetime:
    """Long enough after that every stamp's second is over."""
    return now() + timedelta(minutes=1)


def judge(magma: Magma, loader: Loader) -> int:
    return (
        Engine.of(magma, "dt_lung", [loader]).judge_names("patient", [PATIENT], now=a_minute_later()).written
    )


class Stricter(ExomePipe):
    """The same version, whose output was once said to be more."""

    outputs: Check = ExomePipe.outputs & Present("physician")  # type: ignore[assignment]  # no linked alone


def accepted(requester: str) -> AnalysisRequest:
    offered = only_suggestion(status=SuggestionStatus.OPEN)
    done = suggestions.accept(offered, person=requester, now=now())
    return AnalysisRequest.objects.get(name=done.request_name)


def test_one_that_covers_more_says_so_though_nothing_was_written(magma: Magma) -> None:
    judge(magma, spelled())
    before = only_suggestion().fingerprint

    judge(magma, spelled(inputs="physician, date_of_diagnosis"))

    suggestion = only_suggestion()
    assert suggestion.fingerprint != before
    assert [event.kind for event in suggestion.events.all()] == ["opened", "refreshed"]


def test_what_a_request_starts_from_follows_without_a_word(magma: Magma, warehouse: RunningWarehouse) -> None:
    warehouse.load({"patient": {PATIENT: {"physician": "Dr. Later"}}})
    judge(magma, spelled())
    suggestions.snooze(only_suggestion(), person="dr.who@ucsf.edu", until=None, now=now())

    judge(magma, spelled(params="who: {from: physician}"))

    suggestion = only_suggestion()
    assert suggestion.config["params"] == {"who": "Dr. Later"}
    assert suggestion.status == SuggestionStatus.SNOOZED
    assert [event.kind for event in suggestion.events.all()] == ["opened", "snoozed"]


def test_a_prefill_rewritten_in_code_alone_follows_too(
    magma: Magma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("consulted_once", "consulted_again"):
        monkeypatch.setitem(sys.modules, module, None)
    judge(magma, written(tmp_path, "consulted_once", "the surgeon"))

    judge(magma, written(tmp_path, "consulted_again", "the pathologist"))

    assert only_suggestion().config["params"] == {"asks": "the pathologist"}


def test_once_it_has_followed_nothing_is_written(magma: Magma) -> None:
    judge(magma, spelled())

    judge(magma, spelled(params="genome: GRCh38"))

    assert judge(magma, spelled(params="genome: GRCh38")) == 0


def test_a_rerun_waits_for_another_output_than_there_is_in_the_eyes_of_the_loader_as_it_is(
    magma: Magma, warehouse: RunningWarehouse, requester: str
) -> None:
    upload_normal(warehouse)
    judge(magma, ExomePipe())
    complete(accepted(requester))
    load_vcf(warehouse)
    upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))
    judge(magma, Stricter())
    judge(magma, ExomePipe())
    rerun = accepted(requester)

    before = seam.see_outputs([rerun])
    load_vcf(warehouse, name="DTL001.again.vcf")
    after = seam.see_outputs([rerun])

    assert (before[rerun.pk], after[rerun.pk]) == (Sight.NOT_SEEN, Sight.SEEN)
