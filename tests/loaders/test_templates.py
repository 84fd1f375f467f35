"""Templates change between two scans: what a loader reads goes, comes back, or hangs elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from loaders.models import ScanRun, Suggestion
from loaders.probes import scans as probe
from loaders.services import scans
from magma.client import Magma
from magma.templates import Attribute, Template
from tests.loaders.conftest import PATIENT, now, only_suggestion, upload_normal
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

Templates = dict[str, Template]
Change = Callable[[Templates], Templates]


class Changed(Magma):
    """A warehouse whose models an admin has changed since: everything else is as Magma answers."""

    def __init__(self, magma: Magma, change: Change) -> None:
        self.wire, self._magma, self._change = magma.wire, magma, change

    def projects(self) -> list[str]:
        return self._magma.projects()

    def templates(self, project: str) -> Templates:
        return self._change(self._magma.templates(project))


def without(model: str, attribute: str) -> Change:
    """An attribute was removed."""

    def change(known: Templates) -> Templates:
        left = {name: one for name, one in known[model].attributes.items() if name != attribute}
        return known | {model: msgspec.structs.replace(known[model], attributes=left)}

    return change


def without_model(model: str) -> Change:
    """A model was removed, and the links to it."""

    def change(known: Templates) -> Templates:
        return {
            name: msgspec.structs.replace(
                template,
                attributes={n: one for n, one in template.attributes.items() if one.link_model != model},
            )
            for name, template in known.items()
            if name != model
        }

    return change


def reparented(model: str, attribute: str, onto: str) -> Change:
    """A model hangs below another one."""

    def change(known: Templates) -> Templates:
        template = known[model]
        link: Attribute = msgspec.structs.replace(template.attributes[attribute], link_model=onto)
        moved = template.attributes | {attribute: link}
        return known | {model: msgspec.structs.replace(template, attributes=moved, parent=onto)}

    return change


def retyped(model: str, attribute: str, kind: str) -> Change:
    """An attribute became one of another type."""

    def change(known: Templates) -> Templates:
        template = known[model]
        other = msgspec.structs.replace(template.attributes[attribute], type=kind, link_model=None)
        return known | {
            model: msgspec.structs.replace(template, attributes=template.attributes | {attribute: other})
        }

    return change


@pytest.fixture
def suggested(magma: Magma, warehouse: RunningWarehouse) -> Suggestion:
    upload_normal(warehouse)
    scans.scan_changes(magma, "dt_lung", clock=now)
    return only_suggestion()


GONE: list[Any] = [
    (without("exome", "vcf"), "has no attribute 'vcf'"),
    (without("exome", "raw_fastqs"), "has no attribute 'raw_fastqs'"),
    (without("patient", "sample"), "has no attribute 'sample'"),
    (without_model("exome"), "has no attribute 'exome'"),
    (retyped("patient", "sample", "string"), "leads to no record"),
]


@pytest.mark.parametrize(("change", "cause"), GONE)
@pytest.mark.parametrize("scan", [scans.scan_changes, scans.scan_all])
def test_what_is_gone_is_the_loaders_fault_and_its_suggestions_wait(
    magma: Magma, suggested: Suggestion, change: Change, cause: str, scan: Any
) -> None:
    scan(Changed(magma, change), "dt_lung", clock=now)
    scans.scan_all(Changed(magma, change), "dt_lung", clock=now)

    suggested.refresh_from_db()
    told = [finding.found for finding in probe(now())]
    assert suggested.status == "open"
    assert any("exome_pipe" in one and cause in one for one in told), told


def test_once_it_is_back_everything_is_as_it_was(magma: Magma, suggested: Suggestion) -> None:
    scans.scan_all(Changed(magma, without("exome", "vcf")), "dt_lung", clock=now)

    tally = scans.scan_all(magma, "dt_lung", clock=now)

    assert tally.plain()["exome_pipe"]["due"] == 1
    assert not tally.faults
    assert only_suggestion().pk == suggested.pk


def test_a_model_that_hangs_elsewhere_is_read_where_it_hangs(magma: Magma, suggested: Suggestion) -> None:
    moved = Changed(magma, reparented("clinical", "patient", "sample"))

    tally = scans.scan_all(moved, "dt_lung", clock=now)

    assert not tally.faults
    assert only_suggestion().status == "open"


def test_a_path_that_leads_elsewhere_now_is_told_and_nothing_is_lost(
    magma: Magma, suggested: Suggestion
) -> None:
    moved = Changed(magma, reparented("exome", "sample", "patient"))

    tally = scans.scan_all(moved, "dt_lung", clock=now)

    assert "Model patient has no attribute 'tumor_type'" in tally.faults["exome_pipe"]
    assert (only_suggestion().anchor, only_suggestion().status) == (PATIENT, "open")


def test_a_loaders_own_model_that_is_gone_closes_what_it_suggested_and_says_why(
    magma: Magma, suggested: Suggestion
) -> None:
    scans.scan_all(Changed(magma, without_model("patient")), "dt_lung", clock=now)

    assert only_suggestion().because == "The loader is no longer installed, or no longer for this project."


def test_a_failing_template_fails_the_scan_with_its_cause(magma: Magma) -> None:
    def broken(_: Templates) -> Templates:
        raise ValueError("nothing fits")

    with pytest.raises(ValueError, match="nothing fits"):
        scans.scan_all(Changed(magma, broken), "dt_lung", clock=now)

    assert ScanRun.objects.get().error == "ValueError: nothing fits"
