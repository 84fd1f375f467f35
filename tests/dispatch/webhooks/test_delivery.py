"""Sending: signed as the standard says, tried for three days, and safe from bad receivers."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from dispatch.webhooks import probes
from dispatch.webhooks.models import Attempt, Delivery, Endpoint
from dispatch.webhooks.services import delivery, endpoints
from dispatch.webhooks.services.endpoints import NewEndpoint
from dispatch.webhooks.states import MOVES, PAUSES, TYPES, DeliveryStatus
from dispatch.webhooks.tasks import tell_endpoints
from polyphemus_site.health import Level
from polyphemus_site.outbound import posting
from polyphemus_site.outbound.posting import Outcome
from tests.dispatch.calls import KEK, server_time
from tests.dispatch.conftest import Submit
from tests.dispatch.webhooks.conftest import LOOPBACK, Make, deliver
from tests.dispatch.webhooks.receiver import Receiver, receiving

HOURS = timedelta(hours=1)
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "webhooks.md"
ARROW = re.compile(r"^\s+(\w+) --> (\w+)", re.MULTILINE)
NAMED = re.compile(r"^\| `(request\.\w+)` \|", re.MULTILINE)


@pytest.fixture
def made(endpoint: Make, requester: str) -> NewEndpoint:
    return endpoint(requester)


@pytest.fixture
def owed(made: NewEndpoint, now: datetime) -> Delivery:
    return endpoints.send_test(made.endpoint, now=now)


def fresh(owed: Delivery) -> Delivery:
    return Delivery.objects.get(pk=owed.pk)


def tried(owed: Delivery) -> list[tuple[int | None, str]]:
    return list(Attempt.objects.filter(delivery=owed).values_list("status", "error"))


class TestSigning:
    def test_the_receivers_library_believes_it(
        self, made: NewEndpoint, receiver: Receiver, requester: str
    ) -> None:
        at = server_time()
        owed = endpoints.send_test(made.endpoint, now=at)
        deliver(at)

        [heard] = receiver.heard
        told = Webhook(made.secret).verify(heard.body, heard.headers)
        assert told["data"] == {"endpoint": made.endpoint.pk}
        assert heard.headers["webhook-id"] == owed.pk
        assert heard.headers["Host"] == f"127.0.0.1:{receiver.port}"

    @pytest.mark.parametrize("part", ["body", "webhook-id", "webhook-timestamp"])
    def test_what_was_altered_is_not_believed(self, made: NewEndpoint, receiver: Receiver, part: str) -> None:
        at = server_time()
        endpoints.send_test(made.endpoint, now=at)
        deliver(at)
        [heard] = receiver.heard
        body = heard.body.replace(b"test", b"text") if part == "body" else heard.body
        headers = heard.headers | ({part: f"{heard.headers[part]}0"} if part != "body" else {})

        with pytest.raises(WebhookVerificationError):
            Webhook(made.secret).verify(body, headers)

    @pytest.mark.parametrize(
        ("later", "believed"), [(timedelta(hours=23), True), (timedelta(hours=24), False)]
    )
    def test_both_secrets_sign_until_the_old_one_ends(
        self, made: NewEndpoint, receiver: Receiver, later: timedelta, believed: bool
    ) -> None:
        at = server_time()
        rotated_at = at - later
        keep = timedelta(hours=24)
        new = endpoints.rotate(made.endpoint, keep=keep, kek=KEK, actor="t", now=rotated_at)
        endpoints.send_test(new.endpoint, now=at)
        deliver(at)
        [heard] = receiver.heard

        assert Webhook(new.secret).verify(heard.body, heard.headers)
        assert (len(heard.headers["webhook-signature"].split()) == 2) is believed


class TestTries:
    def test_what_is_taken_is_sent_once(self, owed: Delivery, receiver: Receiver, now: datetime) -> None:
        assert (deliver(now), deliver(now + HOURS)) == (1, 0)

        assert len(receiver.heard) == 1
        assert fresh(owed).status == DeliveryStatus.DELIVERED

    def test_a_failing_receiver_is_tried_for_three_days_under_one_id(
        self, owed: Delivery, receiver: Receiver, now: datetime
    ) -> None:
        receiver.status = 503
        at = now
        for _ in range(len(PAUSES) + 1):
            deliver(at)
            at = fresh(owed).due_at

        assert fresh(owed).status == DeliveryStatus.FAILED
        assert {heard.headers["webhook-id"] for heard in receiver.heard} == {owed.pk}
        assert len(receiver.heard) == len(tried(owed)) == len(PAUSES) + 1
        assert timedelta(hours=60) < at - now < timedelta(hours=80)

    def test_each_try_is_stamped_anew(self, owed: Delivery, receiver: Receiver, now: datetime) -> None:
        receiver.status = 500
        deliver(now)
        deliver(fresh(owed).due_at)

        assert len({heard.headers["webhook-timestamp"] for heard in receiver.heard}) == 2

    def test_a_receiver_that_asks_for_patience_gets_it(
        self, owed: Delivery, receiver: Receiver, now: datetime
    ) -> None:
        receiver.status, receiver.answer_headers = 429, {"Retry-After": "3600"}
        deliver(now)

        assert fresh(owed).due_at >= now + HOURS

    @pytest.mark.parametrize("asked", ["999999999999", "-1", "soon", "99999999"])
    def test_but_not_beyond_reason(
        self, owed: Delivery, receiver: Receiver, now: datetime, asked: str
    ) -> None:
        receiver.status, receiver.answer_headers = 503, {"Retry-After": asked}
        deliver(now)

        assert fresh(owed).due_at <= now + delivery.LONGEST_PATIENCE + timedelta(seconds=40)

    def test_one_that_is_gone_is_told_no_more(
        self, owed: Delivery, made: NewEndpoint, receiver: Receiver, now: datetime
    ) -> None:
        receiver.status = 410
        deliver(now)

        endpoint = Endpoint.objects.get(pk=made.endpoint.pk)
        assert (endpoint.state, fresh(owed).status) == ("gone", "failed")
        assert [event.kind for event in endpoint.events.all()] == ["created", "gone"]

    def test_what_failed_is_owed_again_with_its_tries_kept(
        self, owed: Delivery, receiver: Receiver, now: datetime
    ) -> None:
        receiver.status = 410
        deliver(now)
        endpoints.resume(owed.endpoint, actor="t", now=now)
        receiver.status = 204

        assert delivery.redeliver(owed, now=now)
        assert deliver(now) == 1
        assert [status for status, _ in tried(owed)] == [410, 204]
        assert receiver.heard[0].body == receiver.heard[1].body

    def test_a_sender_that_died_leaves_it_to_the_next_after_its_lease(
        self, owed: Delivery, receiver: Receiver, now: datetime
    ) -> None:
        delivery.claim(owed.pk, now=now)

        assert deliver(now + delivery.LEASE - timedelta(seconds=1)) == 0
        assert deliver(now + delivery.LEASE) == 1

    def test_what_another_has_taken_over_is_not_ours_to_settle(self, owed: Delivery, now: datetime) -> None:
        slow = delivery.claim(owed.pk, now=now)
        delivery.claim(owed.pk, now=now + delivery.LEASE)
        assert slow is not None

        delivery.settle(slow, Outcome(status=500, error="late"), now=now + delivery.LEASE)

        assert (fresh(owed).status, fresh(owed).attempts) == (DeliveryStatus.SENDING, 2)

    def test_only_what_ended_long_ago_is_forgotten(self, owed: Delivery, now: datetime) -> None:
        later = now + timedelta(days=91)
        assert delivery.forget(now=later) == 0
        deliver(now)

        assert delivery.forget(now=now + timedelta(days=90)) == 0
        assert delivery.forget(now=later) > 0


class TestBadReceivers:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        post_all = posting.post_all
        monkeypatch.setattr(
            posting, "post_all", lambda posts, *, allowed: post_all(posts, allowed=allowed, seconds=0.5)
        )

    def test_one_that_hangs_is_left(self, owed: Delivery, receiver: Receiver, now: datetime) -> None:
        receiver.go.clear()
        started = time.monotonic()
        deliver(now)

        assert time.monotonic() - started < 5
        assert tried(owed) == [(None, "No answer within 0.5 s.")]

    def test_one_that_drips_is_left_as_well(self, owed: Delivery, receiver: Receiver, now: datetime) -> None:
        receiver.go.clear()
        receiver.drips = True
        deliver(now)

        assert tried(owed) == [(None, "No answer within 0.5 s.")]

    def test_a_redirect_is_not_followed(self, owed: Delivery, receiver: Receiver, now: datetime) -> None:
        with receiving() as inside:
            receiver.status, receiver.answer_headers = 307, {"Location": inside.url}
            deliver(now)

            assert inside.heard == []
        assert tried(owed) == [(307, "It answers 307; redirects are not followed.")]

    def test_ten_megabytes_of_answer_are_not_read(
        self, owed: Delivery, receiver: Receiver, now: datetime
    ) -> None:
        receiver.answer = b"x" * 10_000_000

        assert deliver(now) == 1

    def test_one_that_hangs_keeps_no_other_waiting(
        self, made: NewEndpoint, endpoint: Make, receiver: Receiver, analyst: str, now: datetime
    ) -> None:
        receiver.go.clear()
        for _ in range(20):
            endpoints.send_test(made.endpoint, now=now)
        with receiving() as good:
            other = endpoint(analyst, url=good.url)
            endpoints.send_test(other.endpoint, now=now + timedelta(seconds=1))
            started = time.monotonic()
            first_round = list(Delivery.objects.due(now=now + timedelta(seconds=1)))
            deliver(now + timedelta(seconds=1))

            assert Counter(one.endpoint_id for one in first_round)[other.endpoint.pk] == 1
            assert len(good.heard) == 1
        assert time.monotonic() - started < 10

    def test_a_closed_port_is_a_fault_in_words(self, endpoint: Make, analyst: str, now: datetime) -> None:
        with receiving() as closed:
            url = closed.url
        owed = endpoints.send_test(endpoint(analyst, url=url).endpoint, now=now)
        deliver(now)

        [(status, error)] = tried(owed)
        assert (status, error.split(":")[0]) == (None, "ConnectError")

    def test_a_secret_that_does_not_open_stops_no_other(
        self, made: NewEndpoint, endpoint: Make, receiver: Receiver, analyst: str, now: datetime
    ) -> None:
        broken = endpoints.send_test(endpoint(analyst).endpoint, now=now)
        Endpoint.objects.filter(pk=broken.endpoint_id).update(ciphertext=made.endpoint.ciphertext)
        good = endpoints.send_test(made.endpoint, now=now)

        assert deliver(now) == 1
        assert fresh(good).status == DeliveryStatus.DELIVERED
        assert "does not open" in tried(broken)[0][1]


@pytest.mark.django_db(transaction=True)
def test_three_senders_at_once_send_each_delivery_once(
    endpoint: Make, receiver: Receiver, requester: str, now: datetime
) -> None:
    made = endpoint(requester)
    owed = {endpoints.send_test(made.endpoint, now=now).pk for _ in range(30)}

    def one_sender(_: int) -> int:
        with closing(connection):
            return deliver(now)

    with ThreadPoolExecutor(3) as pool:
        taken = sum(pool.map(one_sender, range(3)))

    assert taken == 30
    assert Counter(heard.headers["webhook-id"] for heard in receiver.heard) == dict.fromkeys(owed, 1)


class TestMoves:
    def test_the_drawing_shows_each_move_and_no_other(self) -> None:
        drawn = set(ARROW.findall(PAGE.read_text(encoding="utf-8")))

        assert drawn == {
            (source.value, target.value) for source in DeliveryStatus for target in MOVES[source]
        }

    def test_the_page_names_each_type_of_event(self) -> None:
        named = set(NAMED.findall(PAGE.read_text(encoding="utf-8")))

        assert named == set(TYPES.values())


class TestHealth:
    def test_a_receiver_that_fails_and_fails_is_told(
        self, owed: Delivery, receiver: Receiver, now: datetime
    ) -> None:
        receiver.status = 500
        assert probes.deliveries(now).level == Level.OK
        for _ in range(3):
            deliver(Delivery.objects.get(pk=owed.pk).due_at)

        finding = probes.deliveries(now)

        assert finding.level == Level.WARN
        assert "not taken after 3 tries: It answers 500." in finding.found


@pytest.mark.django_db
def test_what_beat_asks_for_tells_and_delivers(
    endpoint: Make, receiver: Receiver, submit: Submit, requester: str, settings: Settings
) -> None:
    settings.POLYPHEMUS_WEBHOOK_NETWORKS = LOOPBACK
    endpoint(requester)
    submit(name="told")

    assert tell_endpoints() == 1

    assert b'"name":"told"' in receiver.heard[0].body
