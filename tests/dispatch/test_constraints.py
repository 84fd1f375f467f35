"""What the database refuses, whatever the code does."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction

from dispatch.models import AnalysisRequest, Bid
from dispatch.states import BidState, EventKind, Outcome, RequestStatus
from polyphemus_site.mail.states import NoticeStatus
from tests.dispatch.conftest import Submit

NO_WORD = ["", "New", "news", "a new", "new\n", "neu"]
pytestmark = pytest.mark.django_db


class TestWords:
    @pytest.mark.parametrize("status", NO_WORD)
    def test_what_is_no_status_is_refused(self, submit: Submit, status: str) -> None:
        request = submit()

        with pytest.raises(IntegrityError, match="request_status_is_known"), transaction.atomic():
            AnalysisRequest.objects.filter(pk=request.pk).update(status=status)

    @pytest.mark.parametrize("state", ["", "accepted\n", "acceptedX"])
    def test_what_is_no_state_of_a_bid_is_refused(self, submit: Submit, now: datetime, state: str) -> None:
        with pytest.raises(IntegrityError, match="bid_state_is_known"), transaction.atomic():
            Bid.objects.create(request=submit(), analyst="a", estimate_seconds=1, bid_at=now, state=state)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("request_status_is_known", RequestStatus.values),
            ("archived_requests_alone_have_an_end", Outcome.values),
            ("bid_state_is_known", BidState.values),
            ("event_kind_is_known", EventKind.values),
            ("notice_status_is_known", NoticeStatus.values),
        ],
    )
    def test_every_word_is_known(self, name: str, words: list[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
            ((definition,),) = cursor.fetchall()

        assert [word for word in words if f"'{word}'" not in definition] == []
