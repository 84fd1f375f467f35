"""Tasks that no loader stands behind: found, asked for once, done by ticket."""

from __future__ import annotations

import json
import re
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dispatch.errors import AlreadyRequestedError
from dispatch.models import AnalysisRequest
from dispatch.states import Outcome, RequestStatus
from dispatch.witness import Sight
from loaders import seam
from loaders.library.waiver.chore import Waiver
from loaders.services import chores
from loaders.tables import ListedBucket, ListedFile
from magma.client import Magma
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)
CURATOR = "curator@ucsf.edu"
HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "coordinate-a-chore.md"


def waive(warehouse: RunningWarehouse, *patients: str) -> None:
    warehouse.load({"patient": {patient: {"restricted": True} for patient in patients}})


def listed(now: datetime, *paths: str) -> None:
    ListedBucket.objects.get_or_create(
        project="dt_lung", bucket="release", defaults={"since": now, "read_at": now, "whole_at": now}
    )
    for path in paths:
        ListedFile.objects.create(project="dt_lung", bucket="release", path=path, updated_at=now, seen_at=now)


def chore(*options: str) -> str:
    said = StringIO()
    call_command("chore", "waiver", "dt_lung", "--requester", CURATOR, *options, stdout=said)
    return said.getvalue()


def test_waived_patients_are_asked_about_in_one_request_without_a_loader(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    waive(warehouse, "DTL003", "DTL001")

    said = chore()

    request = AnalysisRequest.objects.get()
    assert said.strip() == f"Published as {request.name}."
    assert (request.analysis, request.loader, request.requester) == ("move_restricted", "", CURATOR)
    assert {"DTL001", "DTL003"} <= set(request.config["inputs"])
    assert request.config["params"]["to"] == "restricted"


def test_where_the_bucket_is_listed_those_alone_who_have_files_there(
    magma: Magma, warehouse: RunningWarehouse, now: datetime
) -> None:
    waive(warehouse, "DTL001", "DTL003")
    listed(now, "run1/DTL003.T1.bam", "DTL0031/x", "DTL001x.bam", "DTL002/x.vcf", "DTL003/deep/x.vcf")

    said = json.loads(chore("--dry-run"))

    assert said["inputs"] == ["DTL003"]
    assert said["params"]["files"] == ["DTL003/deep/x.vcf", "run1/DTL003.T1.bam"]
    assert not AnalysisRequest.objects.exists()


def test_of_how_many_nothing_is_known_is_told_and_nobody_unmarked_is_named(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    people = magma.identifiers("dt_lung", "patient")
    warehouse.load({"patient": {name: {"restricted": False} for name in people}})
    warehouse.load({"patient": {name: {"restricted": None} for name in people[:2]}})
    waive(warehouse, people[2])

    said = json.loads(chore("--dry-run"))

    assert said["inputs"] == [people[2]]
    assert said["params"]["consent_unknown"] == 2


def test_nobody_concerned_is_nothing_to_do(magma: Magma, now: datetime) -> None:
    listed(now)

    assert chore().strip() == "Nothing to do."


def test_the_same_is_not_asked_for_twice_at_a_time(magma: Magma, warehouse: RunningWarehouse) -> None:
    waive(warehouse, "DTL001")
    chore()

    with pytest.raises(CommandError, match="asked for already"):
        chore()


def complete(**changes: Any) -> None:
    AnalysisRequest.objects.update(
        status=RequestStatus.ARCHIVED, outcome=Outcome.TICKET, ended_at="2026-05-05T00:00Z", **changes
    )


def test_what_was_done_last_is_not_asked_for_again_but_more_is(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    waive(warehouse, "DTL001")
    chore()
    complete()

    same = chore()
    waive(warehouse, "DTL002")
    more = chore()

    assert (same.strip(), more.startswith("Published")) == ("Nothing to do.", True)


def test_what_was_cancelled_may_be_asked_for_again(magma: Magma, warehouse: RunningWarehouse) -> None:
    waive(warehouse, "DTL001")
    chore()
    AnalysisRequest.objects.update(
        status=RequestStatus.ARCHIVED, outcome=Outcome.CANCELLED, ended_at="2026-05-05T00:00Z"
    )

    assert chore().startswith("Published")


def test_no_check_can_see_that_it_is_done(magma: Magma, warehouse: RunningWarehouse) -> None:
    waive(warehouse, "DTL001")
    chore()
    request = AnalysisRequest.objects.get()

    assert seam.see_outputs([request]) == {request.pk: Sight.NO_CHECK}


def test_the_words_are_a_labs_to_set(magma: Magma, warehouse: RunningWarehouse, now: datetime) -> None:
    waive(warehouse, "DTL001")
    work = Waiver(release_bucket="public", restricted_bucket="vault").work(magma, "dt_lung")

    assert work is not None
    name = chores.publish(Waiver(), "dt_lung", work, requester=CURATOR, now=now)
    assert AnalysisRequest.objects.get(name=name).config["params"]["from"] == "public"
    with pytest.raises(AlreadyRequestedError):
        chores.publish(Waiver(), "dt_lung", work, requester=CURATOR, now=now)


def test_a_chore_nobody_knows_is_named(magma: Magma) -> None:
    with pytest.raises(CommandError, match="no chore 'wavier'; there are"):
        call_command("chore", "wavier", "dt_lung", "--requester", CURATOR)


def test_the_chore_in_the_how_to_works(magma: Magma, warehouse: RunningWarehouse) -> None:
    warehouse.load({"sample": {"DTL001.T1": {"tumor_type": None}}})
    (source,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "shown"}
    exec(source, names)  # noqa: S102 — the page's own code

    work = names["Untyped"]().work(magma, "dt_lung")

    assert work is not None
    assert work.inputs == ("DTL001.T1",)


def test_it_has_a_page_for_people() -> None:
    readme = Path(chores.__file__).parents[1] / "library" / "waiver" / "README.md"

    assert readme.read_text().startswith("# waiver\n")
