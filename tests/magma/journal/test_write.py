"""`POST /api/log/PROJECT/write`: takes exactly what a real sibling sends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from magma.journal.models import JournalEntry
from magma.journal.services import entries
from magma.signals import journal_entry_written
from polyphemus_site.api.models import UsedNonce
from tests.magma.journal.conftest import DOCUMENTS, HOST, Push

Send = Callable[..., Any]
RECORDINGS = Path(__file__).parent / "recordings"
WEBHOOKS = {path.stem: json.loads(path.read_text()) for path in sorted(RECORDINGS.glob("webhook_*.json"))}


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    return body


class TestWrite:
    def test_an_update_is_kept_without_its_templates(self, send: Send, update: dict[str, Any]) -> None:
        response = send(Push(update))

        entry = JournalEntry.objects.get()
        assert (response.status_code, response.json()) == (200, {"log": entry.pk})
        assert response["Content-Type"] == "application/json"
        assert (entry.project_name, entry.sender, entry.application) == ("labors", "magma", "magma")
        assert (entry.user, entry.event) == ("eurystheus@twelve-labors.org", "update")
        assert entry.documents == DOCUMENTS

    @pytest.mark.parametrize("name", WEBHOOKS)
    def test_every_recorded_push_of_a_real_magma_is_taken(self, send: Send, name: str) -> None:
        recorded = WEBHOOKS[name]["request"]
        body = recorded["body"] | {"payload": json.dumps(recorded["payload_decoded"])}
        project = body.pop("project_name")

        response = send(Push(body, project=project))

        assert response.status_code == 200
        models = recorded["payload_decoded"].get("models", {})
        documents = {model: part["documents"] for model, part in models.items()}
        assert JournalEntry.objects.get().documents == (documents or None)

    def test_an_event_of_metis_without_payload_names_no_records(self, send: Send) -> None:
        event = {
            "user": "a@b.org",
            "event": "upload",
            "message": "put a.fastq",
            "payload": None,
            "consolidate": True,
        }

        response = send(Push(event, key_id="metis", key="old-key"))

        entry = JournalEntry.objects.get()
        assert (response.status_code, entry.sender, entry.documents) == (200, "metis", None)

    def test_either_key_of_a_sibling_changing_them_is_believed(
        self, send: Send, update: dict[str, Any]
    ) -> None:
        first = send(Push(update, key_id="metis", key="new-key", nonce="n" * 32))
        second = send(Push(update, key_id="metis", key="old-key", nonce="m" * 32))

        assert (first.status_code, second.status_code) == (200, 200)

    def test_who_the_event_belongs_to_may_be_said(self, send: Send, update: dict[str, Any]) -> None:
        send(Push(update | {"application": "vulcan"}))

        entry = JournalEntry.objects.get()
        assert (entry.sender, entry.application) == ("magma", "vulcan")

    def test_a_signed_false_is_taken(self, send: Send, update: dict[str, Any]) -> None:
        assert send(Push(update | {"consolidate": False})).status_code == 200

    @pytest.mark.parametrize(
        "payload",
        [
            "",
            "not json",
            "[]",
            '{"models": 3}',
            '{"models": {"victim": {"documents": [1]}}}',
            "[" * 9999,
            '"\\ud800"',
            7,
        ],
    )
    def test_an_unreadable_payload_still_says_something_changed(
        self, send: Send, update: dict[str, Any], payload: Any
    ) -> None:
        response = send(Push(update | {"payload": payload}))

        assert response.status_code == 200
        assert JournalEntry.objects.get().documents is None

    def test_characters_postgresql_cannot_keep_are_replaced(self, send: Send, update: dict[str, Any]) -> None:
        payload = '{"models": {"victim": {"documents": {"A\\u0000": {"x": ["b\\u0000"]}}}}}'

        response = send(Push(update | {"payload": payload}))

        assert response.status_code == 200
        assert JournalEntry.objects.get().documents == {"victim": {"A\ufffd": {"x": ["b\ufffd"]}}}

    def test_a_large_push_with_templates_is_taken(self, send: Send, update: dict[str, Any]) -> None:
        models = {"victim": {"documents": {"A": {"name": "A"}}, "template": {"padding": "x" * 8_000_000}}}

        response = send(Push(update | {"payload": json.dumps({"models": models})}))

        assert response.status_code == 200
        assert JournalEntry.objects.get().documents == {"victim": {"A": {"name": "A"}}}


class TestRefusals:
    def test_the_same_signed_call_is_kept_once(self, send: Send, update: dict[str, Any]) -> None:
        send(Push(update))

        again = send(Push(update))

        problem(again, 401, "unauthorized")
        assert JournalEntry.objects.count() == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"key": "another"},
            {"key_id": "unknown"},
            {"key_id": "vulcan", "key": ""},
            {"key_id": "janus", "key": "None"},
            {"life": timedelta(days=10, seconds=90)},
            {"life": timedelta(seconds=-1)},
            {"nonce": "short"},
        ],
    )
    def test_a_call_that_is_not_believed_leaves_nothing(
        self, send: Send, update: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        response = send(Push(update, **changes))

        problem(response, 401, "unauthorized")
        assert not JournalEntry.objects.exists()
        assert not UsedNonce.objects.exists()

    @pytest.mark.parametrize(
        "added",
        [{"application": "someone-else"}, {"more": 1}, {"X-Etna-Id": "metis"}, {"project_name": "other"}],
    )
    def test_what_was_not_signed_is_not_taken(
        self, send: Send, update: dict[str, Any], added: dict[str, Any]
    ) -> None:
        push = Push(update)
        body = json.dumps(json.loads(push.body()) | added).encode()

        response = send(push, body=body)

        problem(response, 401, "unauthorized")
        assert not JournalEntry.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"event": 3}, "event"),
            ({"event": None}, "event"),
            ({"event": ""}, "event"),
            ({"event": "e" * 101}, "event"),
            ({"user": ["a"]}, "user"),
            ({"message": {}}, "message"),
            ({"application": 1}, "application"),
        ],
    )
    def test_a_field_of_a_wrong_type_is_named(
        self, send: Send, update: dict[str, Any], fields: dict[str, Any], field: str
    ) -> None:
        response = send(Push(update | fields))

        assert problem(response, 400, "invalid")["field"] == field
        assert not JournalEntry.objects.exists()

    @pytest.mark.parametrize("project", ["~", "a.b", "p" * 101])
    def test_a_project_that_cannot_be_is_refused(
        self, send: Send, update: dict[str, Any], project: str
    ) -> None:
        response = send(Push(update, project=project))

        problem(response, 400, "bad_project")

    def test_without_a_database_no_sender_is_asked_to_repeat_at_once(
        self, send: Send, update: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(**_: Any) -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr(entries, "write", gone)

        response = send(Push(update))

        assert problem(response, 500, "unavailable")["detail"] == "Try again in a moment."

    def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
        self, send: Send, update: dict[str, Any]
    ) -> None:
        response = send(Push(update), CONTENT_LENGTH=str(32 * 1024 * 1024 + 1))

        problem(response, 413, "too_large")


class TestTelling:
    def test_the_apps_are_told_after_commit(
        self, send: Send, update: dict[str, Any], django_capture_on_commit_callbacks: Any
    ) -> None:
        heard: list[tuple[int, str]] = []

        def receiver(*, entry_id: int, project_name: str, **_: Any) -> None:
            heard.append((entry_id, project_name))

        journal_entry_written.connect(receiver)
        with django_capture_on_commit_callbacks(execute=True):
            response = send(Push(update))
        journal_entry_written.disconnect(receiver)

        assert heard == [(response.json()["log"], "labors")]
        assert JournalEntry.objects.get().handled_at is not None

    def test_a_receiver_that_fails_does_not_spoil_the_answer(
        self, send: Send, update: dict[str, Any], django_capture_on_commit_callbacks: Any, caplog: Any
    ) -> None:
        def receiver(**_: Any) -> None:
            raise ConnectionError("no broker")

        journal_entry_written.connect(receiver)
        with django_capture_on_commit_callbacks(execute=True):
            response = send(Push(update))
        journal_entry_written.disconnect(receiver)

        assert response.status_code == 200
        assert JournalEntry.objects.get().handled_at is None
        assert "no broker" in caplog.text


@pytest.mark.usefixtures("siblings")
class TestRouteList:
    def test_etnas_clients_find_the_journal(self, client: Client) -> None:
        response = client.options("/", HTTP_HOST=HOST)

        by_name = {route["name"]: route for route in response.json()}
        assert response["Content-Type"] == "application/json"
        assert by_name["log_write"] == {
            "method": "POST",
            "route": "/api/log/:project_name/write",
            "name": "log_write",
            "params": ["project_name"],
        }
