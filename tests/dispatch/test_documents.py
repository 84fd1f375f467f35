"""The founding text's documents on the wire, byte for byte, and the dates in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import documents
from dispatch.models import AnalysisRequest
from tests.dispatch.calls import Program
from tests.dispatch.conftest import Submit, bid, send_ticket

NAME = "dt_lung_tumor_pair"
NEW = (
    b'{"analysis":"exome_pipe","requester":"dr.who@ucsf.edu","name":"dt_lung_tumor_pair",'
    b'"request-date":"2016-05-04@12:22","status":"%s",'
    b'"config":{"project":"dt_lung","inputs":["blood_normal.exome","tumor.exome"]}'
)
AWARDED = (
    b',"analyst":"saurabh.asthana@ucsf.edu","start-date":"2016-05-04@12:23","due-date":"2016-05-04@13:23"'
)
ENDED = b',"end-date":"2016-05-04@13:01","outcome":"ticket"'
AT = datetime(2016, 5, 4, 12, 22, 7, tzinfo=UTC)
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 — zones are added to what lies between
instants = st.datetimes(FIRST, LAST, timezones=st.timezones())


@pytest.fixture
def published(submit: Submit) -> AnalysisRequest:
    return submit(name=NAME, requester="dr.who@ucsf.edu", now=AT)


@pytest.fixture
def awarded(published: AnalysisRequest) -> AnalysisRequest:
    bid(published, "saurabh.asthana@ucsf.edu", now=AT + timedelta(minutes=1, seconds=52))
    return published


@pytest.fixture
def ended(awarded: AnalysisRequest) -> AnalysisRequest:
    send_ticket(awarded, "saurabh.asthana@ucsf.edu", now=AT + timedelta(minutes=39))
    return awarded


class TestBytes:
    @pytest.mark.parametrize(
        ("state", "status", "expected"),
        [
            ("published", "new", NEW % b"new" + b"}"),
            ("awarded", "running", NEW % b"running" + AWARDED + b"}"),
            ("ended", "archived", NEW % b"archived" + AWARDED + ENDED + b"}"),
        ],
    )
    def test_a_document_is_the_founding_texts_alone_and_in_a_list(
        self, request: pytest.FixtureRequest, program: Program, state: str, status: str, expected: bytes
    ) -> None:
        request.getfixturevalue(state)

        alone = program.get(f"/api/v1/requests/{NAME}")
        listed = program.get(f"/api/v1/requests?status={status}")

        assert (alone.content, alone["Content-Type"]) == (expected, "application/json")
        assert (listed.content, listed["Content-Type"]) == (
            b'{"requests":[' + expected + b'],"next":null}',
            "application/json",
        )

    def test_the_acknowledgements_are_the_founding_texts(
        self, published: AnalysisRequest, program: Program, analyst: str
    ) -> None:
        body = {"analysis": "exome_pipe", "name": NAME}

        go = program.post("/api/v1/bids", body | {"analyst": analyst, "time": "3600"})
        archived = program.post("/api/v1/tickets", body)

        assert (go.content, archived.content) == (b'{"message":"go"}', b'{"message":"archived"}')


class TestMinute:
    @settings(max_examples=2000)
    @given(instants)
    def test_read_again_it_is_the_instants_own_minute_in_utc(self, at: datetime) -> None:
        shown = documents.minute(at)

        read = datetime.strptime(shown, "%Y-%m-%d@%H:%M").replace(tzinfo=UTC)
        assert len(shown) == 16
        assert timedelta(0) <= at - read < timedelta(minutes=1)

    @settings(max_examples=500)
    @given(instants, instants)
    def test_text_order_is_time_order(self, one: datetime, another: datetime) -> None:
        earlier, later = sorted([one, another])

        assert documents.minute(earlier) <= documents.minute(later)
        assert str(documents.exact(earlier)) <= str(documents.exact(later))

    @given(instants)
    def test_the_exact_instant_is_never_later_than_the_one_enforced(self, at: datetime) -> None:
        read = datetime.fromisoformat(str(documents.exact(at)))

        assert timedelta(0) <= at - read < timedelta(milliseconds=1)
