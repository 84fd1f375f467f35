"""Work that nobody can or will do is told to requester and admins."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import TestCase

from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING, Scope, Scopes
from dispatch.services import extensions, flags, keys
from dispatch.services.keys import NewKey
from dispatch.webhooks.services import endpoints
from polyphemus_site import heartbeats
from polyphemus_site.api import audit
from polyphemus_site.api.models import SignedCall
from polyphemus_site.mail.models import Notice
from tests.dispatch.calls import KEK, Program, program_of, server_time
from tests.dispatch.conftest import Submit, bid, claim_on, fresh
from tests.dispatch.test_pages import browser

PATIENCE = timedelta(minutes=10)
ADMIN = "admin@ucsf.edu"
V2 = "application/vnd.polyphemus.v2+json"


def key(analyst: str, *scopes: Scope, now: datetime) -> NewKey:
    return keys.create(analyst=analyst, scheme="etna-v1", scopes=Scopes(scopes), kek=KEK, actor="t", now=now)


def sweep(now: datetime) -> int:
    return flags.sweep(admins=[ADMIN], patience=PATIENCE, now=now)


def watched(until: datetime) -> None:
    """Somebody was there to be polled all the while before."""
    for minutes in range(20, -1, -1):
        heartbeats.unbroken("flags", now=until - timedelta(minutes=minutes))


def polled(made: NewKey, at: datetime, path: str = "/api/v1/requests") -> None:
    """The audit's line of a poll."""
    SignedCall.objects.create(
        at=at, request_id=uuid4(), key_id=made.key.pk, method="GET", path=path, accepted=True, microseconds=1
    )


def told() -> set[tuple[str, str]]:
    return set(Notice.objects.filter(kind="request_flagged").values_list("recipient", "context__note"))


@pytest.fixture
def wide(analyst: str, db: None, now: datetime) -> NewKey:
    return key(analyst, Scope("*", "*"), now=now)


class TestNoKey:
    def test_requester_and_admins_are_told_once(self, submit: Submit, requester: str, now: datetime) -> None:
        request = submit()

        assert (sweep(now), sweep(now)) == (1, 0)

        assert fresh(request).flag == "no_key"
        note = "No analyst's key covers this project and analysis."
        assert told() == {(requester, note), (ADMIN, note)}
        assert request.events.filter(kind="flagged", target="new").count() == 1

    def test_a_key_clears_it(self, submit: Submit, analyst: str, now: datetime) -> None:
        request = submit()
        sweep(now)
        key(analyst, Scope("dt_lung", "exome_pipe", "bid"), now=now)

        sweep(now + timedelta(seconds=30))

        assert fresh(request).flag == ""
        assert request.events.filter(kind="cleared").count() == 1

    def test_it_is_told_as_soon_as_the_work_is_published(
        self, submit: Submit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[bool] = []
        monkeypatch.setattr("dispatch.tasks.flag_requests.apply_async", lambda **_: asked.append(True))

        with TestCase.captureOnCommitCallbacks(execute=True):
            submit()

        assert asked == [True]


class TestNotPolled:
    def test_work_nobody_asked_for_in_all_the_time_is_told(
        self, submit: Submit, wide: NewKey, requester: str, now: datetime
    ) -> None:
        request = submit()
        watched(now + PATIENCE)

        sweep(now + PATIENCE)

        assert fresh(request).flag == "not_polled"
        assert {recipient for recipient, _ in told()} == {requester, ADMIN}

    def test_a_poll_by_a_key_that_covers_it_is_enough(
        self, submit: Submit, wide: NewKey, now: datetime
    ) -> None:
        submit()
        watched(now + PATIENCE)
        polled(wide, now + timedelta(seconds=1))

        assert sweep(now + PATIENCE) == 0

    def test_a_poll_by_one_that_does_not_is_none(
        self, submit: Submit, wide: NewKey, rival: str, now: datetime
    ) -> None:
        submit()
        watched(now + PATIENCE)
        polled(key(rival, Scope("labors", "*"), now=now), now + timedelta(seconds=1))

        assert sweep(now + PATIENCE) == 1

    @pytest.mark.parametrize(
        ("types", "changed"), [((), 0), (("request.opened",), 0), (("request.message",), 1)]
    )
    def test_whoever_is_told_of_open_work_need_not_ask(
        self,
        submit: Submit,
        wide: NewKey,
        analyst: str,
        now: datetime,
        types: tuple[str, ...],
        changed: int,
    ) -> None:
        endpoints.create(owner=analyst, url="https://example.org/", types=types, kek=KEK, actor="t", now=now)
        submit()
        watched(now + PATIENCE)

        assert sweep(now + PATIENCE) == changed

    def test_reading_one_document_is_no_poll(self, submit: Submit, wide: NewKey, now: datetime) -> None:
        submit()
        watched(now + PATIENCE)
        polled(wide, now + timedelta(seconds=1), path="/api/v1/requests/other")

        assert sweep(now + PATIENCE) == 1

    def test_new_work_is_given_its_time(self, submit: Submit, wide: NewKey, now: datetime) -> None:
        submit(now=now + timedelta(seconds=1))
        watched(now + PATIENCE)

        assert sweep(now + PATIENCE) == 0

    def test_work_that_was_given_back_is_given_its_time_anew(
        self, running: AnalysisRequest, wide: NewKey, analyst: str, now: datetime
    ) -> None:
        later = now + timedelta(seconds=1)
        extensions.release(claim_on(running, analyst), reason="x", scopes=EVERYTHING, now=later)
        watched(now + PATIENCE)

        assert sweep(now + PATIENCE) == 0

    def test_after_a_week_of_downtime_nobody_is_blamed_for_not_asking(
        self, submit: Submit, wide: NewKey, now: datetime
    ) -> None:
        submit()
        watched(now)
        back = now + timedelta(days=7)

        assert sweep(back) == 0
        assert sweep(back + timedelta(minutes=1)) == 0

    def test_a_poll_clears_it(self, submit: Submit, wide: NewKey, now: datetime) -> None:
        request = submit()
        watched(now + PATIENCE)
        sweep(now + PATIENCE)
        polled(wide, now + PATIENCE + timedelta(seconds=10))

        sweep(now + PATIENCE + timedelta(seconds=30))

        assert fresh(request).flag == ""

    def test_a_bid_leaves_no_flag_behind(
        self, submit: Submit, wide: NewKey, analyst: str, now: datetime
    ) -> None:
        request = submit()
        watched(now + PATIENCE)
        sweep(now + PATIENCE)
        bid(request, analyst, now=now + PATIENCE)

        sweep(now + PATIENCE + timedelta(seconds=30))

        assert (fresh(request).status, fresh(request).flag) == ("running", "")
        assert not request.events.filter(kind="cleared").exists()

    def test_a_real_poll_is_heard(self, submit: Submit, program: Program) -> None:
        submit()
        program.get("/api/v1/requests")
        audit.drain()

        assert program.key_id in flags.pollers(since=server_time() - PATIENCE)


@pytest.mark.usefixtures("janus")
class TestShown:
    def test_page_and_document_say_so(
        self, submit: Submit, wide: NewKey, rival: str, requester: str, now: datetime
    ) -> None:
        submit(name="lonely")
        watched(now + PATIENCE)
        sweep(now + PATIENCE)

        html = browser(requester).get("/dt_lung/requests/lonely").content.decode()
        document = program_of(rival).get("/api/v1/requests/lonely", Accept=V2).json()

        assert "has asked for work lately" in html
        assert document["flag"] == "not_polled"
