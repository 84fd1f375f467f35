"""What happens to an entry after it is kept: told again, passed on, forgotten."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import LazySettings

from magma.journal import probes
from magma.journal.models import Forwarding, JournalEntry
from magma.journal.services import entries, forwarding
from magma.signals import journal_entry_written
from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.health import Level

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OUR_KEY = "our own key"
EVENT = {
    "user": "e@x.org",
    "event": "update",
    "message": "slain Ω",
    "payload": json.dumps({"models": {"victim": {"documents": {"A": {"name": "A"}}, "template": {}}}}),
    "consolidate": None,
    "application": None,
}


def write(now: datetime = NOW) -> JournalEntry:
    body = json.dumps(EVENT | {"project_name": "labors"}).encode()
    return entries.write(project_name="labors", sender="magma", document=EVENT, body=body, now=now)


@dataclass
class Receiver:
    """Fails while it is told to, and remembers what it heard."""

    failing: bool = True
    heard: list[int] = field(default_factory=list)

    def hear(self, *, entry_id: int, **_: Any) -> None:
        self.heard.append(entry_id)
        if self.failing:
            raise ConnectionError("no broker")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The only one that listens."""
    others, journal_entry_written.receivers = journal_entry_written.receivers, []
    one = Receiver()
    journal_entry_written.connect(one.hear)
    yield one
    journal_entry_written.receivers = others
    journal_entry_written.sender_receivers_cache.clear()


class TestTellAgain:
    def test_an_entry_nobody_took_is_told_again_after_half_a_minute(self, receiver: Receiver) -> None:
        entry = write()
        entries.tell(entry.pk, "labors", now=NOW)
        receiver.failing = False

        early = entries.tell_again(now=NOW + timedelta(seconds=29))
        handled = entries.tell_again(now=NOW + timedelta(seconds=30))

        assert (early, handled, receiver.heard) == (0, 1, [entry.pk, entry.pk])
        assert JournalEntry.objects.get().handled_at == NOW + timedelta(seconds=30)

    def test_one_that_still_fails_waits_longer_each_time(self, receiver: Receiver) -> None:
        entry = write()

        entries.tell_again(now=NOW + timedelta(seconds=30))

        entry.refresh_from_db()
        assert (entry.handled_at, entry.tries) == (None, 1)
        assert entry.retry_at == NOW + timedelta(seconds=90)

    def test_an_entry_everybody_took_is_not_told_again(self, receiver: Receiver) -> None:
        receiver.failing = False
        entries.tell(write().pk, "labors", now=NOW)

        assert entries.tell_again(now=NOW + timedelta(days=1)) == 0
        assert len(receiver.heard) == 1

    def test_an_entry_whose_teller_died_is_told(self, receiver: Receiver) -> None:
        receiver.failing = False
        write()

        assert entries.tell_again(now=NOW + timedelta(seconds=30)) == 1

    def test_one_that_fails_does_not_hold_up_the_others(self, receiver: Receiver) -> None:
        write()
        write(NOW + timedelta(seconds=1))

        entries.tell_again(now=NOW + timedelta(minutes=1))

        assert len(receiver.heard) == 2

    def test_waiting_entries_are_shown_to_operators(self, receiver: Receiver) -> None:
        write()

        findings = list(probes.journal(NOW + timedelta(minutes=6)))

        assert [finding.level for finding in findings if "not handled" in finding.found] == [Level.WARN]


class TestLargeEntries:
    def test_are_told_by_a_worker_while_the_sender_is_answered(
        self, receiver: Receiver, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr("magma.journal.receivers.tell_again.delay", lambda: asked.append("worker"))
        receiver.failing = False
        records: dict[str, dict[str, str]] = {f"V{number}": {} for number in range(201)}
        payload = json.dumps({"models": {"victim": {"documents": records}}})

        with django_capture_on_commit_callbacks(execute=True):
            entries.write(
                project_name="labors",
                sender="magma",
                document=EVENT | {"payload": payload},
                body=b"{}",
                now=NOW,
            )
        heard_while_waiting = list(receiver.heard)
        handled = entries.tell_again(now=NOW)

        assert (asked, heard_while_waiting, handled) == (["worker"], [], 1)


class TestForget:
    def test_old_entries_go_but_for_those_still_to_be_handled(self) -> None:
        handled = write()
        JournalEntry.objects.filter(pk=handled.pk).update(handled_at=NOW)
        waiting = write()

        forgotten = entries.forget(before=NOW + timedelta(days=1))

        assert forgotten == 1
        assert [entry.pk for entry in JournalEntry.objects.all()] == [waiting.pk]


@dataclass
class EventLog:
    """An existing event log: a real HTTP server that keeps what it is sent."""

    status: int = 200
    calls: list[Call] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def event_log(settings: LazySettings) -> Iterator[EventLog]:
    log = EventLog()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            path, _, query = self.path.partition("?")
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            body = self.rfile.read(int(self.headers["Content-Length"]))
            log.calls.append(
                Call("POST", "127.0.0.1", path, query, headers, body, {"project_name": "labors"})
            )
            self.send_response(log.status)
            self.end_headers()
            self.wfile.write(b"out of ink")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log.url = f"http://127.0.0.1:{server.server_port}"
        settings.POLYPHEMUS_JOURNAL_FORWARD_URL = log.url
        settings.POLYPHEMUS_ETNA_KEYS = {"polyphemus": OUR_KEY, "magma": "its key"}
        yield log
        server.shutdown()


class TestForward:
    def test_an_entry_is_passed_on_signed_and_whole(self, event_log: EventLog) -> None:
        write()

        (pk,) = forwarding.due(now=NOW)
        done = forwarding.forward(pk, now=NOW)

        (call,) = event_log.calls
        verified = etna.verify(
            call, (OUR_KEY.encode(),), host="127.0.0.1", now=NOW, max_life=timedelta(minutes=5)
        )
        assert done
        assert (call.path, verified.key_id) == ("/api/log/labors/write", "polyphemus")
        assert json.loads(call.body) == EVENT | {"project_name": "labors", "application": "magma"}

    def test_its_body_is_let_go_once_it_is_delivered(self, event_log: EventLog) -> None:
        write()

        forwarding.forward(forwarding.due(now=NOW)[0], now=NOW)

        owed = Forwarding.objects.get()
        assert (owed.forwarded_at, bytes(owed.body), owed.error) == (NOW, b"", "")
        assert forwarding.due(now=NOW + timedelta(days=1)) == []

    def test_a_failure_is_kept_on_the_entry_and_tried_again(self, event_log: EventLog) -> None:
        event_log.status = 500
        write()
        pk = forwarding.due(now=NOW)[0]

        done = forwarding.forward(pk, now=NOW)

        owed = Forwarding.objects.get()
        assert (done, owed.tries, owed.error) == (False, 1, "HTTP 500: out of ink")
        assert forwarding.due(now=NOW + timedelta(seconds=29)) == []
        assert forwarding.due(now=NOW + timedelta(seconds=30)) == [pk]

    def test_an_event_log_that_is_away_is_tried_again(
        self, event_log: EventLog, settings: LazySettings
    ) -> None:
        settings.POLYPHEMUS_JOURNAL_FORWARD_URL = "http://127.0.0.1:1"
        write()

        forwarding.forward(forwarding.due(now=NOW)[0], now=NOW)

        assert "ConnectError" in Forwarding.objects.get().error

    def test_while_one_worker_tries_another_leaves_it_alone(self, event_log: EventLog) -> None:
        write()
        (pk,) = forwarding.due(now=NOW)
        Forwarding.objects.update(retry_at=NOW + forwarding.LEASE)

        assert not forwarding.forward(pk, now=NOW)
        assert event_log.calls == []

    def test_without_a_key_of_our_own_it_says_so(self, event_log: EventLog, settings: LazySettings) -> None:
        settings.POLYPHEMUS_ETNA_KEYS = {"magma": "its key"}
        write()

        forwarding.forward(forwarding.due(now=NOW)[0], now=NOW)

        assert "holds no key 'polyphemus'" in Forwarding.objects.get().error

    def test_nothing_is_owed_without_an_event_log(self) -> None:
        write()

        assert not Forwarding.objects.exists()

    @pytest.mark.parametrize(
        ("base", "expected"),
        [
            ("https://log.example.org", "https://log.example.org/api/log/labors/write"),
            ("https://log.example.org/", "https://log.example.org/api/log/labors/write"),
            ("https://x.org/events/:project_name", "https://x.org/events/labors"),
        ],
    )
    def test_the_address_is_etnas_own_or_as_written(self, base: str, expected: str) -> None:
        assert forwarding.target(base, "labors") == expected

    def test_failures_are_shown_to_operators(self, event_log: EventLog) -> None:
        event_log.status = 500
        write()
        forwarding.forward(forwarding.due(now=NOW)[0], now=NOW)

        findings = list(probes.journal(NOW))

        assert [finding.level for finding in findings if "passed on" in finding.found] == [Level.WARN]
