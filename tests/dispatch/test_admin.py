"""Keys in the admin: made and replaced on one page, shown once; their scopes are kept in their history."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from dispatch.models import ApiKey, KeyEvent
from dispatch.services import keys
from polyphemus_site.api import audit
from polyphemus_site.api.models import SignedCall
from tests.dispatch.calls import KEK, Program
from tests.dispatch.configuring.test_admin import admin
from tests.dispatch.test_keys import PUBLIC_PEM

pytestmark = [pytest.mark.usefixtures("janus"), pytest.mark.django_db]
ADD = "/admin/dispatch/apikey/add/"
NO_EVENTS = {"events-TOTAL_FORMS": "0", "events-INITIAL_FORMS": "0"}


@pytest.fixture
def curators(curator: str) -> Client:
    return admin(curator, "a:administration")


def scope_form(*lines: tuple[str, str, str], initial: int = 0, **more: str) -> dict[str, str]:
    form = {"scopes-TOTAL_FORMS": str(len(lines)), "scopes-INITIAL_FORMS": str(initial), **NO_EVENTS}
    for number, parts in enumerate(lines):
        names = ("project", "analysis", "verb")
        form |= {f"scopes-{number}-{name}": part for name, part in zip(names, parts, strict=True)}
    return form | more


def made_by(client: Client, *lines: tuple[str, str, str], **fields: str) -> Any:
    form = {"analyst": "Saurabh.Asthana@ucsf.edu", "scheme": "etna-v1", "public_key": ""}
    return client.post(ADD, form | fields | scope_form(*lines))


def test_a_new_keys_secret_is_shown_by_the_page_that_made_it_and_by_no_other(curators: Client) -> None:
    answer = made_by(curators, ("dt_lung", "exome_pipe", "*"))

    key = ApiKey.objects.get()
    secret = keys.secret_of(key, keks=[KEK]).decode()
    page = curators.get(f"/admin/dispatch/apikey/{key.pk}/change/").content.decode()
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert key.analyst == "saurabh.asthana@ucsf.edu"
    assert "psk_" not in page
    assert [str(scope) for scope in key.scopes.all()] == ["*: dt_lung/exome_pipe"]


def test_a_public_key_is_kept_without_a_secret(curators: Client) -> None:
    answer = made_by(curators, scheme="rfc9421-v1", public_key=PUBLIC_PEM)

    assert ApiKey.objects.get().algorithm == "ed25519"
    assert "psk_" not in answer.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"analyst": "nobody"},
        {"scheme": "basic"},
        {"scheme": "rfc9421-v1", "public_key": "nonsense"},
        {"public_key": PUBLIC_PEM},
    ],
)
def test_what_makes_no_sense_is_refused_beside_the_fields(curators: Client, fields: dict[str, str]) -> None:
    answer = made_by(curators, **fields)

    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert not ApiKey.objects.exists()


def test_a_third_live_key_is_refused_in_the_form(curators: Client) -> None:
    answers = [made_by(curators).content.decode() for _ in range(3)]

    assert "has two live keys" in answers[2]
    assert ApiKey.objects.count() == 2


def test_without_a_kek_the_form_says_what_is_missing(curators: Client, settings: Any) -> None:
    settings.POLYPHEMUS_KEK = b""

    assert "POLYPHEMUS_KEK is not set" in made_by(curators).content.decode()


def test_a_change_of_scopes_is_a_line_of_the_keys_history(curators: Client, curator: str) -> None:
    made_by(curators, ("dt_lung", "*", "*"))
    key = ApiKey.objects.get()
    (line,) = key.scopes.all()
    form = scope_form(
        ("dt_lung", "*", "read"),
        initial=1,
        **{"scopes-0-id": str(line.pk), "scopes-0-key": key.pk},
    )

    curators.post(f"/admin/dispatch/apikey/{key.pk}/change/", form)
    curators.post(f"/admin/dispatch/apikey/{key.pk}/change/", form)

    last = KeyEvent.objects.filter(kind="scopes").latest("pk")
    assert (last.actor, last.facts) == (
        f"janus:{curator}",
        {"scopes": ["dt_lung/*/read"], "before": ["dt_lung/*/*"]},
    )
    assert KeyEvent.objects.filter(kind="scopes").count() == 2  # given with the key, and changed once


def test_a_key_is_replaced_and_the_new_secret_shown(curators: Client) -> None:
    made_by(curators, ("dt_lung", "*", "*"))
    old = ApiKey.objects.get()

    answer = curators.post("/admin/dispatch/apikey/", {"action": "rotate", "_selected_action": [old.pk]})

    new = ApiKey.objects.get(state="active")
    assert keys.secret_of(new, keks=[KEK]).decode() in answer.content.decode()
    assert ApiKey.objects.get(pk=old.pk).state == "retiring"


def test_a_key_that_cannot_be_replaced_says_why(curators: Client) -> None:
    made_by(curators)
    made_by(curators)
    chosen = list(ApiKey.objects.values_list("pk", flat=True))

    pages = [
        curators.post(
            "/admin/dispatch/apikey/", {"action": "rotate", "_selected_action": some}, follow=True
        ).content.decode()
        for some in (chosen, chosen[:1])
    ]

    assert "Select one key." in pages[0]
    assert "has two live keys" in pages[1]


def test_the_page_shows_when_a_key_was_last_believed(curators: Client, program: Program) -> None:
    program.get("/api/v1/requests")
    audit.drain()

    page = curators.get(f"/admin/dispatch/apikey/{program.key_id}/change/").content.decode()

    (call,) = SignedCall.objects.filter(key_id=program.key_id)
    shown = re.search(r"field-last_used_at.*?readonly\">([^<]+)<", page, re.DOTALL)
    assert shown
    assert str(call.at.year) in shown[1]


def test_a_key_is_made_pending_and_bound_to_a_place_and_let_in(curators: Client, curator: str) -> None:
    made_by(curators, pending="on", addresses="192.0.2.0/24, 192.0.2.0/24")
    made = ApiKey.objects.get()

    curators.post("/admin/dispatch/apikey/", {"action": "activate", "_selected_action": [made.pk]})

    last = KeyEvent.objects.latest("pk")
    assert (made.state, made.addresses) == ("pending", ["192.0.2.0/24"])
    assert ApiKey.objects.get().state == "active"
    assert (last.kind, last.actor) == ("activated", f"janus:{curator}")


def test_a_key_that_does_not_wait_is_not_let_in(curators: Client) -> None:
    made_by(curators)
    form = {"action": "activate", "_selected_action": [ApiKey.objects.get().pk]}

    page = curators.post("/admin/dispatch/apikey/", form, follow=True).content.decode()

    assert "does not wait to be let in" in page


def test_the_place_of_a_key_is_changed_and_kept_in_its_history(curators: Client, curator: str) -> None:
    made_by(curators)
    page = f"/admin/dispatch/apikey/{ApiKey.objects.get().pk}/change/"

    curators.post(page, scope_form(addresses="192.0.2.7"))
    refused = curators.post(page, scope_form(addresses="example.org")).content.decode()

    last = KeyEvent.objects.latest("pk")
    assert (last.kind, last.actor, last.facts["addresses"]) == (
        "addresses",
        f"janus:{curator}",
        ["192.0.2.7/32"],
    )
    assert "An address or a network is like" in refused
    assert ApiKey.objects.get().addresses == ["192.0.2.7/32"]
