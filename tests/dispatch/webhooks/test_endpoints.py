"""Endpoints: made by command, sealed, and seen in the admin without their secret."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from pytest_django import Settings

from dispatch.webhooks.models import Delivery, Endpoint
from dispatch.webhooks.services import endpoints
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from tests.dispatch.calls import KEK, server_time
from tests.dispatch.webhooks.conftest import LOOPBACK, Make
from tests.polyphemus_site.janus.tokens import token

NEW_KEK = bytes(reversed(range(32)))


class TestCreate:
    def test_the_secret_is_in_the_database_only_sealed(
        self, endpoint: Make, requester: str, now: datetime
    ) -> None:
        made = endpoint(requester)
        secret = base64.b64decode(made.secret.removeprefix("whsec_"))

        assert len(secret) == 32
        assert endpoints.secrets_of(made.endpoint, keks=[KEK], now=now) == [secret]
        assert secret not in bytes(Endpoint.objects.get().ciphertext)
        assert made.secret not in repr(made)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"owner": "nobody"}, "invalid_owner"),
            ({"url": "ftp://example.org/"}, "invalid_url"),
            ({"url": "https://user:pass@example.org/"}, "invalid_url"),
            ({"url": "https://example.org/#there"}, "invalid_url"),
            ({"url": "https://example.org:25/"}, "invalid_url"),
            ({"url": "https:///nowhere"}, "invalid_url"),
            ({"url": "https://exa mple.org/"}, "invalid_url"),
            ({"url": "https://example.org/\r\nX: y"}, "invalid_url"),
            ({"url": "https://example.org/" + "x" * 2000}, "invalid_url"),
            ({"url": "http://example.org/", "allowed": ()}, "invalid_url"),
            ({"types": ["request.eaten"]}, "invalid_type"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, endpoint: Make, requester: str, changes: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(InvalidInputError) as refused:
            endpoint(**({"owner": requester} | changes))

        assert refused.value.code == code
        assert not Endpoint.objects.exists()


class TestCommands:
    def test_one_makes_and_one_rotates(
        self, db: None, settings: Settings, requester: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings.POLYPHEMUS_WEBHOOK_NETWORKS = LOOPBACK
        call_command("create_webhook", requester, "http://127.0.0.1:9999/hook", "--type", "request.deferred")
        first = capsys.readouterr().out.split()
        call_command("rotate_webhook", first[1])
        second = capsys.readouterr().out.split()

        assert first[0::2] == second[0::2] == ["id", "secret"]
        assert first[1] == second[1]
        assert first[3] != second[3]
        assert Endpoint.objects.get().types == ["request.deferred"]

    @pytest.mark.parametrize("hours", ["-1", "721", "1.5", "9" * 20])
    def test_hours_that_are_none_say_which_are(self, hours: str) -> None:
        with pytest.raises(CommandError, match="hours are 0 to 720"):
            call_command("rotate_webhook", "we_x", f"--keep-hours={hours}")

    def test_without_hours_the_old_secret_signs_nothing_any_more(
        self, endpoint: Make, requester: str, settings: Settings
    ) -> None:
        made = endpoint(requester)
        call_command("rotate_webhook", made.endpoint.pk, "--keep-hours=0", stdout=StringIO())

        found = Endpoint.objects.get()

        assert len(endpoints.secrets_of(found, keks=[KEK], now=server_time())) == 1

    def test_a_refusal_is_one_sentence(self, db: None, requester: str) -> None:
        with pytest.raises(CommandError, match="must begin with https"):
            call_command("create_webhook", requester, "http://example.org/hook")

    def test_secrets_are_sealed_anew_with_the_present_kek(
        self, endpoint: Make, requester: str, settings: Settings, now: datetime
    ) -> None:
        made = endpoint(requester)
        keep = timedelta(days=9000)
        both = endpoints.secrets_of(
            endpoints.rotate(made.endpoint, keep=keep, kek=KEK, actor="t", now=now).endpoint,
            keks=[KEK],
            now=now,
        )
        settings.POLYPHEMUS_KEK, settings.POLYPHEMUS_KEK_PREVIOUS = NEW_KEK, KEK

        call_command("rewrap_keys")

        assert len(both) == 2
        assert endpoints.secrets_of(Endpoint.objects.get(), keks=[NEW_KEK], now=now) == both


class TestTest:
    def test_a_paused_endpoint_takes_none(self, endpoint: Make, requester: str, now: datetime) -> None:
        made = endpoint(requester).endpoint
        endpoints.pause(made, actor="t", now=now)
        made.refresh_from_db()

        with pytest.raises(MoveRefusedError):
            endpoints.send_test(made, now=now)


@pytest.mark.usefixtures("db", "janus")
class TestAdmin:
    def test_no_secret_shows(self, endpoint: Make, requester: str, super_admin: Client) -> None:
        made = endpoint(requester)
        html = super_admin.get(f"/admin/webhooks/endpoint/{made.endpoint.pk}/change/").content.decode()

        assert requester in html
        assert "ciphertext" not in html
        assert made.secret not in html

    def test_a_test_is_sent_and_delivered_again(
        self, endpoint: Make, requester: str, super_admin: Client, now: datetime
    ) -> None:
        made = endpoint(requester).endpoint
        act(super_admin, "endpoint", "send_test", made.pk)
        owed = Delivery.objects.get()
        Delivery.objects.update(status="failed")

        act(super_admin, "delivery", "deliver_again", owed.pk)

        assert Delivery.objects.get().status == "waiting"

    def test_pausing_and_resuming_are_kept_in_its_history(
        self, endpoint: Make, requester: str, super_admin: Client
    ) -> None:
        made = endpoint(requester).endpoint
        act(super_admin, "endpoint", "pause", made.pk)
        act(super_admin, "endpoint", "resume", made.pk)

        assert [event.kind for event in made.events.all()] == ["created", "paused", "active"]

    def test_nobody_adds_or_deletes(self, django_user_model: Any) -> None:
        request = RequestFactory().get("/")
        request.user = django_user_model(is_superuser=True)

        for model in (Endpoint, Delivery):
            shown = site._registry[model]
            assert not shown.has_add_permission(request)
            assert not shown.has_delete_permission(request)

    def test_who_only_looks_delivers_nothing_again(
        self, endpoint: Make, requester: str, now: datetime
    ) -> None:
        owed = endpoints.send_test(endpoint(requester).endpoint, now=now)
        Delivery.objects.update(status="failed")

        act(admin("v:administration"), "delivery", "deliver_again", owed.pk)

        assert Delivery.objects.get().status == "failed"


def admin(perm: str) -> Client:
    """Somebody who enters the admin by this role."""
    client = Client(headers={"Host": "127.0.0.1"})
    client.cookies["JANUS_TOKEN"] = token("curator@ucsf.edu", perm)
    return client


@pytest.fixture
def super_admin() -> Client:
    return admin("a:administration")


def act(client: Any, model: str, action: str, pk: str) -> None:
    """Choose an action on the list, as an admin does."""
    answer = client.post(
        f"/admin/webhooks/{model}/", {"action": action, "_selected_action": [pk]}, follow=True
    )
    assert answer.status_code == 200
