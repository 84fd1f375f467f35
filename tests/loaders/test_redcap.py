"""Mappings from REDCap, which shows no changes: due in turns, and when the mapping is another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from dispatch.models import AnalysisRequest
from dispatch.states import Outcome, RequestStatus
from loaders.library.redcap.loader import Redcap
from loaders.models import Suggestion
from loaders.services import mappings, scans, suggestions
from loaders.services.verdicts import Engine, Tally
from loaders.sources.base import Place
from loaders.sources.mappings import RedcapMappings
from loaders.tables import RedcapMapping
from magma.client import Magma
from magma.questions import has
from polyphemus_site.errors import MoveRefusedError
from tests.loaders.conftest import now, only_suggestion
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mapping() -> RedcapMapping:
    one = RedcapMapping(
        project="dt_lung",
        name="clinic",
        model="patient",
        attributes={"physician": "attending"},
        fields=["attending", "age"],
        secret_name="clinic_token",
    )
    return mappings.save(one, now=NOON)


NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def scan(magma: Magma) -> Tally:
    return scans.scan_all(magma, "dt_lung", clock=now)


def judged(magma: Magma, at: datetime = NOON) -> dict[str, int]:
    tally = Engine.of(magma, "dt_lung", [Redcap()]).judge_names("redcap:mapping", ["clinic"], now=at)
    return tally.plain()["redcap"]


def change(mapping: RedcapMapping, **values: Any) -> RedcapMapping:
    for name, value in values.items():
        setattr(mapping, name, value)
    return mappings.save(mapping, now=NOON)


def complete(suggestion: Suggestion) -> None:
    accepted = suggestions.accept(suggestion, person="dr.who@ucsf.edu", now=NOON)
    AnalysisRequest.objects.filter(name=accepted.request_name).update(
        status=RequestStatus.ARCHIVED, outcome=Outcome.TICKET, ended_at=NOON, wake_at=None
    )


class TestRedcap:
    def test_a_mapping_that_fits_is_due_at_once(self, magma: Magma, mapping: RedcapMapping) -> None:
        assert judged(magma) == {"due": 1}
        assert only_suggestion().config == {
            "inputs": ["clinic"],
            "params": {
                "model": "patient",
                "attributes": {"physician": "attending"},
                "strict": False,
                "dry_run": False,
                "secret": "clinic_token",
                "mapping_version": 1,
            },
        }

    def test_values_that_were_merely_found_do_not_stand_in_for_a_load(
        self, magma: Magma, warehouse: RunningWarehouse, mapping: RedcapMapping
    ) -> None:
        warehouse.load({"patient": {"DTL001": {"physician": "Dr. A"}}})

        assert judged(magma) == {"due": 1}
        assert only_suggestion().due == "changed"

    @pytest.mark.parametrize(
        ("values", "verdict"),
        [
            ({"attributes": {}}, "waiting"),
            ({"secret_name": ""}, "waiting"),
            ({"strict": True}, "waiting"),
            ({"model": "nobody"}, "blocked"),
            ({"attributes": {"shoe_size": "age"}}, "blocked"),
            ({"attributes": {"physician": "doctor"}}, "blocked"),
        ],
    )
    def test_one_that_does_not_fit(
        self, magma: Magma, mapping: RedcapMapping, values: dict[str, Any], verdict: str
    ) -> None:
        change(mapping, **values)

        assert judged(magma) == {verdict: 1}

    def test_once_done_it_is_fresh_for_the_day_and_due_the_next(
        self, magma: Magma, warehouse: RunningWarehouse, mapping: RedcapMapping
    ) -> None:
        warehouse.load({"patient": {"DTL001": {"physician": "Dr. A"}}})
        judged(magma)
        complete(only_suggestion())

        today = judged(magma, NOON + timedelta(hours=11))
        tomorrow = judged(magma, NOON + timedelta(hours=12))

        assert (today, tomorrow) == ({"fresh": 1}, {"due": 1})
        assert only_suggestion(status="open").due == "changed"

    def test_mapped_records_elsewhere_do_not_keep_the_others_from_being_counted(
        self, magma: Magma, warehouse: RunningWarehouse, mapping: RedcapMapping
    ) -> None:
        (root,) = magma.identifiers("dt_lung", "project")
        warehouse.load({"patient": {"DTL031": {"project": root, "physician": "Dr. A"}}})
        change(mapping, attributes={"physician": "attending", "sample": "specimens"})

        (document,) = RedcapMappings().documents(Place(magma, "dt_lung"), ["clinic"]).values()

        assert document["loaded_records"] == magma.count("dt_lung", "patient", filters=[has("physician")])

    def test_it_is_judged_again_by_itself_when_its_turn_comes(
        self, magma: Magma, warehouse: RunningWarehouse, mapping: RedcapMapping
    ) -> None:
        warehouse.load({"patient": {"DTL001": {"physician": "Dr. A"}}})
        judged(magma)
        complete(only_suggestion())
        judged(magma)

        scans.judge_pending(magma, "dt_lung", clock=lambda: NOON + timedelta(hours=12))

        assert Suggestion.objects.filter(status="open").count() == 1

    def test_dismissed_it_returns_with_the_next_turn(self, magma: Magma, mapping: RedcapMapping) -> None:
        judged(magma)
        suggestions.dismiss(only_suggestion(), person="curator@ucsf.edu", reason="On leave.", now=NOON)

        judged(magma, NOON + timedelta(hours=11))
        same_day = Suggestion.objects.standing().count()
        judged(magma, NOON + timedelta(hours=12))

        assert (same_day, Suggestion.objects.standing().count()) == (0, 1)

    def test_another_mapping_is_due_again_the_same_day(
        self, magma: Magma, warehouse: RunningWarehouse, mapping: RedcapMapping
    ) -> None:
        warehouse.load({"patient": {"DTL001": {"physician": "Dr. A"}}})
        judged(magma)
        complete(only_suggestion())

        change(mapping, fields=["attending", "age", "weight"])

        assert judged(magma) == {"due": 1}

    def test_strict_mode_wants_a_yes_to_the_mapping_as_it_is_and_a_dry_run_first(
        self, magma: Magma, mapping: RedcapMapping, curator: str
    ) -> None:
        change(mapping, strict=True)
        mappings.confirm(mapping, version=mapping.version, person=curator, now=NOON)

        confirmed = judged(magma)
        params = only_suggestion().config["params"]
        change(mapping, attributes={"physician": "age"})

        assert (confirmed, params["strict"], params["dry_run"]) == ({"due": 1}, True, True)
        assert judged(magma) == {"waiting": 1}

    def test_a_yes_to_another_version_counts_for_nothing(self, mapping: RedcapMapping, curator: str) -> None:
        change(mapping, strict=True)
        seen = mapping.version
        change(mapping, fields=["attending"])

        with pytest.raises(MoveRefusedError):
            mappings.confirm(mapping, version=seen, person=curator, now=NOON)

    def test_saving_it_unchanged_is_no_other_version(self, mapping: RedcapMapping) -> None:
        assert change(mapping).version == 1

    def test_the_database_holds_what_can_be_confirmed(self, mapping: RedcapMapping) -> None:
        with pytest.raises(IntegrityError, match="only_a_version_that_is_there"):
            RedcapMapping.objects.update(confirmed_version=2)

    def test_a_project_without_any_is_passed_over(self, magma: Magma) -> None:
        assert "redcap" not in scan(magma).plain()
