"""Where loaders meet dispatch: what is in progress, what is fresh, and whether an output is there."""

from __future__ import annotations

import pytest

from dispatch.models import AnalysisRequest
from dispatch.states import Outcome, RequestStatus
from dispatch.witness import Sight
from loaders import registry, seam
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.models import Suggestion
from loaders.registry import Registry
from loaders.services import explaining, scans, suggestions
from loaders.services.verdicts import Engine
from loaders.states import DueReason, SuggestionStatus
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
from tests.loaders.rows import desk, propose
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def request_made(magma: Magma, warehouse: RunningWarehouse, requester: str) -> AnalysisRequest:
    """A request for DTL001, accepted from its suggestion."""
    upload_normal(warehouse)
    judge(magma)
    accepted = suggestions.accept(only_suggestion(), person=requester, now=now())
    return AnalysisRequest.objects.get(name=accepted.request_name)


class Other(ExomePipe):
    """Makes the same output."""

    name = "other_pipe"


def judge(magma: Magma) -> dict[str, dict[str, int]]:
    return Engine.of(magma, "dt_lung").judge_names("patient", [PATIENT], now=now()).plain()


def complete(request: AnalysisRequest, outcome: Outcome = Outcome.PASSED) -> None:
    AnalysisRequest.objects.filter(pk=request.pk).update(
        status=RequestStatus.ARCHIVED, outcome=outcome, ended_at=now(), wake_at=None
    )


def test_an_open_request_is_in_progress(magma: Magma, request_made: AnalysisRequest) -> None:
    assert judge(magma) == {"exome_pipe": {"in_progress": 1}}
    assert not Suggestion.objects.standing().exists()


def test_an_alternative_is_in_progress_too_until_it_is_over(
    magma: Magma, request_made: AnalysisRequest
) -> None:
    engine = Engine.of(magma, "dt_lung", [ExomePipe(), Other()])

    meanwhile = engine.judge_names("patient", [PATIENT], now=now()).plain()
    AnalysisRequest.objects.update(
        status=RequestStatus.ARCHIVED, outcome=Outcome.CANCELLED, ended_at=now(), wake_at=None
    )
    afterwards = engine.judge_names("patient", [PATIENT], now=now()).plain()

    assert meanwhile == {"exome_pipe": {"in_progress": 1}, "other_pipe": {"in_progress": 1}}
    assert afterwards == {"exome_pipe": {"due": 1}, "other_pipe": {"due": 1}}


def test_an_alternative_is_explained_by_the_request_that_is_open(
    magma: Magma, request_made: AnalysisRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Registry({"exome_pipe": ExomePipe(), "other_pipe": Other()})
    monkeypatch.setattr(registry, "current", lambda: known)

    assert explaining.explain(magma, "dt_lung", "other_pipe", PATIENT, now=now()).verdict == "in_progress"


def test_what_is_suggested_in_spite_of_an_open_request_ends_with_that_for_its_reason(
    magma: Magma, request_made: AnalysisRequest
) -> None:
    desk(now()).open([propose(PATIENT)])  # as a judgement under way while somebody accepted could leave it

    judge(magma)

    assert Suggestion.objects.latest("pk").because == "A request for it is open."


def test_a_full_scan_that_sees_the_output_archives_the_open_request(
    magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
) -> None:
    load_vcf(warehouse)

    scans.scan_all(magma, "dt_lung", clock=now)

    request_made.refresh_from_db()
    assert (request_made.status, request_made.outcome) == (RequestStatus.ARCHIVED, Outcome.PASSED)


def test_an_output_that_appears_archives_the_open_request(
    magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
) -> None:
    load_vcf(warehouse)

    judge(magma)

    request_made.refresh_from_db()
    assert (request_made.status, request_made.outcome) == (RequestStatus.ARCHIVED, Outcome.PASSED)


class TestSeeOutputs:
    def test_no_output_is_not_seen(self, magma: Magma, request_made: AnalysisRequest) -> None:
        assert seam.see_outputs([request_made]) == {request_made.pk: Sight.NOT_SEEN}

    def test_an_output_is_seen(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        load_vcf(warehouse)

        assert seam.see_outputs([request_made]) == {request_made.pk: Sight.SEEN}

    def test_a_warehouse_that_is_away_tells_nothing(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        warehouse.process.terminate()
        warehouse.process.wait()

        assert seam.see_outputs([request_made]) == {request_made.pk: Sight.UNKNOWN}

    def test_a_request_without_a_loader_has_no_check(
        self, magma: Magma, request_made: AnalysisRequest
    ) -> None:
        request_made.loader = ""

        assert seam.see_outputs([request_made]) == {request_made.pk: Sight.NO_CHECK}

    def test_an_anchor_that_is_gone_is_not_seen(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        load_vcf(warehouse)
        warehouse.load({"patient": {PATIENT: {"project": None}}})

        assert seam.see_outputs([request_made]) == {request_made.pk: Sight.NOT_SEEN}


class TestAfterCompletion:
    def test_the_same_inputs_are_fresh_however_often_they_are_touched(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        load_vcf(warehouse)
        complete(request_made)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1"))

        assert judge(magma) == {"exome_pipe": {"fresh": 1}}

    def test_new_inputs_are_due_again_and_say_so(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        load_vcf(warehouse)
        complete(request_made)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))

        judge(magma)

        again = only_suggestion(status=SuggestionStatus.OPEN)
        assert again.due == DueReason.CHANGED
        assert again.reason == (
            "Tumor and normal fastqs are there; the fastqs changed since the last vcf was made."
        )

    @pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.TICKET])
    def test_of_what_was_given_up_an_output_that_is_there_is_adopted_whatever_changes(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest, outcome: Outcome
    ) -> None:
        load_vcf(warehouse)
        complete(request_made, outcome)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))

        assert judge(magma) == {"exome_pipe": {"due" if outcome == Outcome.TICKET else "fresh": 1}}

    def test_to_its_alternatives_the_output_was_never_theirs(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        load_vcf(warehouse)
        complete(request_made)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))
        engine = Engine.of(magma, "dt_lung", [ExomePipe(), Other()])

        tally = engine.judge_names("patient", [PATIENT], now=now())

        assert tally.plain() == {"exome_pipe": {"due": 1}, "other_pipe": {"fresh": 1}}

    def test_of_several_requests_the_one_completed_last_counts(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest, requester: str
    ) -> None:
        load_vcf(warehouse)
        complete(request_made)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))
        judge(magma)
        again = suggestions.accept(only_suggestion(status=SuggestionStatus.OPEN), person=requester, now=now())

        complete(AnalysisRequest.objects.get(name=again.request_name))

        assert judge(magma) == {"exome_pipe": {"fresh": 1}}

    def test_inputs_put_back_close_it_and_say_so(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest
    ) -> None:
        load_vcf(warehouse)
        complete(request_made)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))
        judge(magma)
        again = only_suggestion(status=SuggestionStatus.OPEN)

        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1"))
        judge(magma)

        again.refresh_from_db()
        assert again.status == SuggestionStatus.CLOSED
        assert again.because == "The inputs are again as at the last completed request."

    def test_a_ticket_without_an_output_leaves_the_loader_due(
        self, magma: Magma, request_made: AnalysisRequest
    ) -> None:
        complete(request_made)

        judge(magma)

        assert only_suggestion(status=SuggestionStatus.OPEN).due == DueReason.MISSING

    def test_a_rerun_is_seen_only_once_the_output_is_another(
        self, magma: Magma, warehouse: RunningWarehouse, request_made: AnalysisRequest, requester: str
    ) -> None:
        load_vcf(warehouse)
        complete(request_made)
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))
        judge(magma)
        again = suggestions.accept(only_suggestion(status=SuggestionStatus.OPEN), person=requester, now=now())
        rerun = AnalysisRequest.objects.get(name=again.request_name)

        before = seam.see_outputs([rerun])
        load_vcf(warehouse, name="DTL001.again.vcf")
        after = seam.see_outputs([rerun])

        assert (before[rerun.pk], after[rerun.pk]) == (Sight.NOT_SEEN, Sight.SEEN)
