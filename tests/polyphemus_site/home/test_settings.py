"""The page of a project's settings: for its admins, kept with their name, honoured everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import Settings

from loaders import registry
from polyphemus_site.home import channels
from polyphemus_site.models import ChannelDigest
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db
CURATOR = "curator@ucsf.edu"
Visit = Callable[[str], Client]


@pytest.fixture
def visit(settings: Settings) -> Visit:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""

    def as_one_of(perm: str) -> Client:
        client = Client()
        client.cookies["JANUS_TOKEN"] = token(CURATOR, perm)
        return client

    return as_one_of


def form(**changes: object) -> dict[str, object]:
    choices = {f"loader-{loader.name}": "on" for loader in registry.current()}
    return {"version": 0, "digest_hour": 8, "digest_zone": "UTC"} | choices | changes


@pytest.mark.parametrize(
    ("perm", "status"),
    [
        ("g:labors", 403),
        ("v:labors", 403),
        ("e:labors", 403),
        ("a:labors", 200),
        ("v:administration", 403),
        ("e:administration", 200),
        ("a:administration", 200),
        ("a:ipi", 404),
    ],
)
def test_it_is_for_admins_to_see_and_to_change(visit: Visit, perm: str, status: int) -> None:
    client = visit(perm)

    seen = client.get("/labors/settings").status_code
    sent = client.post("/labors/settings", form(digest_hour=5)).status_code

    assert (seen, sent) == (status, 302 if status == 200 else status)
    assert decisions.of("labors").digest_hour == (5 if status == 200 else 8)


def test_what_is_chosen_holds_and_the_page_says_who_chose_it(visit: Visit) -> None:
    client = visit("a:labors")
    chosen = {"loader-exome_pipe": "off", "loader-bulk_rna_seq": "shadow", "most_open_requests": 7}

    client.post("/labors/settings", form(**chosen, digest_hour=6, digest_zone="America/Los_Angeles"))

    kept = Decided(("exome_pipe",), ("bulk_rna_seq",), 7, 6, "America/Los_Angeles", version=1)
    assert decisions.of("labors") == kept
    page = client.get("/labors/settings").content.decode()
    assert CURATOR in page
    assert "switched off: exome_pipe; tried out: bulk_rna_seq; at most 7 requests at a time" in page
    assert 'value="off" id="id_loader-exome_pipe_2" required checked' in page


@pytest.mark.parametrize(
    "change",
    [
        {"most_open_requests": 0},
        {"most_open_requests": "many"},
        {"digest_hour": 24},
        {"digest_hour": ""},
        {"digest_zone": "Mars/Olympus"},
        {"loader-exome_pipe": "perhaps"},
        {"version": "-1"},
    ],
)
def test_what_makes_no_sense_is_said_and_not_kept(visit: Visit, change: dict[str, object]) -> None:
    answer = visit("a:labors").post("/labors/settings", form(**change))

    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert decisions.of("labors") == Decided()


def test_what_was_typed_is_not_lost_when_somebody_else_was_faster(visit: Visit, now: datetime) -> None:
    decisions.change("labors", Decided(digest_hour=3), actor="rival@ucsf.edu", now=now)

    answer = visit("a:labors").post("/labors/settings", form(most_open_requests=42))

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Somebody else has changed these settings meanwhile" in page
    assert 'value="42"' in page


def test_a_loader_that_is_gone_stays_as_it_was_decided(visit: Visit, now: datetime) -> None:
    decisions.change("labors", Decided(loaders_off=("of_another_lab",)), actor=CURATOR, now=now)

    visit("a:labors").post("/labors/settings", form(version=1, digest_hour=9))

    assert decisions.of("labors").loaders_off == ("of_another_lab",)


def test_the_front_page_leads_admins_there_and_nobody_else(visit: Visit) -> None:
    assert "/labors/settings" in visit("a:labors").get("/labors/").content.decode()
    assert "/labors/settings" not in visit("e:labors").get("/labors/").content.decode()


def test_the_front_page_offers_a_digest_at_the_projects_hour(visit: Visit, now: datetime) -> None:
    decisions.change("labors", Decided(digest_hour=5), actor=CURATOR, now=now)

    assert 'value="5"' in visit("v:labors").get("/labors/").content.decode()


def test_the_channel_is_told_at_the_projects_hour(
    settings: Settings, now: datetime, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    settings.POLYPHEMUS_SLACK_WEBHOOKS = {"labors": "http://127.0.0.1:9/hook"}
    channels.post_due(now=now)
    here = datetime.now(UTC)
    ChannelDigest.objects.update(next_at=here.replace(year=here.year + 1))
    wanted = Decided(digest_hour=5, digest_zone="America/Los_Angeles")

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # a fixture without types
        decisions.change("labors", wanted, actor=CURATOR, now=now)

    following = ChannelDigest.objects.get().next_at
    assert following.hour in {12, 13}
    assert (following - here).days == 0
