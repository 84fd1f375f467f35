"""Signs of life: what operators and their machines see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from polyphemus_site import health, heartbeats, tasks
from polyphemus_site.health import Finding, Level
from polyphemus_site.mail import outbox
from polyphemus_site.models import Heartbeat

Families = dict[str, list[tuple[dict[str, str], float]]]
pytestmark = pytest.mark.django_db


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register with nothing but what a test adds, and the database."""
    database = health._probes[health.DATABASE]
    monkeypatch.setattr(health, "_probes", {health.DATABASE: database})
    monkeypatch.setattr(health, "_without_database", {health.DATABASE})


def ready(client: Client) -> tuple[int, dict[str, dict[str, str]]]:
    answer = client.get("/readyz")
    return answer.status_code, {line["name"]: line for line in answer.json()["findings"]}


def test_alive_asks_nothing(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


class TestReadiness:
    def test_all_is_well_while_servers_answer_and_beat_beats(self, client: Client) -> None:
        tasks.record_heartbeat()

        _, findings = ready(client)

        assert findings["database"]["level"] == "ok"
        assert findings["broker"]["level"] == "ok"
        assert findings["beat"]["level"] == "ok"
        assert findings["mail"]["level"] == "ok"

    def test_without_redis_it_is_not_ready_and_says_what_to_do(
        self, client: Client, settings: Settings
    ) -> None:
        settings.REDIS_URL = "redis://:hush@127.0.0.1:1/0"

        status, findings = ready(client)

        assert status == HTTPStatus.SERVICE_UNAVAILABLE
        assert "127.0.0.1:1/0 doesn't answer" in findings["broker"]["found"]
        assert "REDIS_URL" in findings["broker"]["remedy"]
        assert "hush" not in str(findings)

    def test_a_beat_that_never_was_is_told_apart_from_one_that_stopped(self, client: Client) -> None:
        never = ready(client)[1]["beat"]

        last = datetime.now(UTC) - timedelta(minutes=5, seconds=1)
        Heartbeat.objects.create(name=heartbeats.BEAT, at=last)
        stopped = ready(client)[1]["beat"]

        assert "ever" in never["found"]
        assert "carried out 30" in stopped["found"]

    @pytest.mark.usefixtures("register")
    def test_a_warning_leaves_it_ready(self, client: Client) -> None:
        health.register("journal", lambda _: Finding.warn("journal", "Quiet for a day.", "Ask Magma."))

        status, findings = ready(client)

        assert status == HTTPStatus.OK
        assert findings["journal"]["remedy"] == "Ask Magma."

    @pytest.mark.usefixtures("register")
    def test_a_question_that_breaks_is_a_failure_and_the_rest_is_asked(self, client: Client) -> None:
        def broken(_: datetime) -> Finding:
            raise RuntimeError

        health.register("broken", broken)
        health.register("fine", lambda _: Finding.ok("fine", "Fine."))

        status, findings = ready(client)

        assert status == HTTPStatus.SERVICE_UNAVAILABLE
        assert findings["broken"]["level"] == "fail"
        assert findings["fine"]["level"] == "ok"

    @pytest.mark.usefixtures("register")
    def test_one_question_may_give_several_findings(self, client: Client) -> None:
        health.register("scans", lambda _: [Finding.ok("scan labors", "ok"), Finding.ok("scan ipi", "ok")])

        assert {"scan labors", "scan ipi"} <= set(ready(client)[1])

    @pytest.mark.usefixtures("register")
    def test_without_the_database_only_questions_that_need_none_are_asked(self, now: datetime) -> None:
        health.register(
            health.DATABASE, lambda _: Finding.fail("database", "Away.", "Start it."), needs_database=False
        )
        health.register("mail", lambda _: Finding.ok("mail", "ok"))
        health.register("broker", lambda _: Finding.ok("broker", "ok"), needs_database=False)

        assert [finding.name for finding in health.examine(now)] == ["database", "broker"]

    def test_given_up_mail_is_shown(self, client: Client) -> None:
        outbox.write(kind="k", recipient="nobody", context={}, key="k", now=datetime.now(UTC))

        assert "1 notice(s) were given up" in ready(client)[1]["mail"]["found"]

    def test_overdue_mail_is_shown(self, client: Client) -> None:
        early = datetime.now(UTC) - timedelta(hours=1)
        outbox.write(kind="k", recipient="a@b.org", context={}, key="k", now=early)

        assert "unsent" in ready(client)[1]["mail"]["found"]


def test_the_worst_finding_is_the_level_of_the_whole() -> None:
    ok, warn = Finding.ok("a", "x"), Finding.warn("b", "x", "y")

    assert health.worst([]) is Level.OK
    assert health.worst([ok, warn]) is Level.WARN
    assert health.worst([warn, Finding.fail("c", "x", "y"), ok]) is Level.FAIL


class TestHeartbeat:
    def test_it_moves_forward_and_never_back(self, now: datetime) -> None:
        heartbeats.record(now=now)
        heartbeats.record(now=now + timedelta(seconds=10))
        heartbeats.record(now=now + timedelta(seconds=5))

        assert heartbeats.age(now=now + timedelta(seconds=10)) == timedelta(0)


class TestMetrics:
    @pytest.fixture
    def families(self, client: Client) -> Families:
        outbox.write(kind="k", recipient="a@b.org", context={}, key="k", now=datetime.now(UTC))
        tasks.record_heartbeat()
        text = client.get("/metrics").content.decode()
        return {
            family.name: [(sample.labels, sample.value) for sample in family.samples]
            for family in text_string_to_metric_families(text)
        }

    def test_the_outbox_is_counted(self, families: Families) -> None:
        assert ({"status": "waiting"}, 1.0) in families["polyphemus_notices"]
        assert ({"status": "failed"}, 0.0) in families["polyphemus_notices"]

    def test_beats_age_is_told(self, families: Families) -> None:
        ((_, seconds),) = families["polyphemus_beat_age_seconds"]

        assert 0 <= seconds < 60
