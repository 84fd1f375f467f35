"""The list of projects, and who sees which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.template import Context, Template
from django.test import Client
from pytest_django import Settings

from polyphemus_site.home.projects import visible_projects
from polyphemus_site.janus.directory import JanusProject
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.mail.states import NoticeStatus
from polyphemus_site.templatetags.polyphemus import lasting
from tests.polyphemus_site.janus.tokens import public_key, token

LISTED = (
    JanusProject("labors", "Twelve Labors", role=None, is_open=False),
    JanusProject("atlas", "An Atlas", role=None, is_open=True),
    JanusProject("club", "A Club", role=None, is_open=False),
)


def names(perm: str, watched: tuple[str, ...] = ()) -> list[str]:
    person = Person(
        "dr.who@ucsf.edu", roles=read_permissions(perm), open_projects=lambda: frozenset({"atlas"})
    )
    return [line.name for line in visible_projects(person, listed=LISTED, watched=watched)]


class TestVisibleProjects:
    def test_a_person_sees_their_own_and_the_open_ones(self) -> None:
        assert names("v:labors;g:mvir1") == ["atlas", "mvir1", "labors"]

    def test_the_watched_come_first(self) -> None:
        assert names("v:labors;g:mvir1", watched=("labors",)) == ["labors", "atlas", "mvir1"]

    def test_a_super_role_sees_all_that_is_watched(self) -> None:
        assert names("v:administration", watched=("labors", "ipi")) == ["ipi", "labors", "atlas"]

    def test_the_pseudo_project_is_none(self) -> None:
        assert "administration" not in names("a:administration")


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def visitor(self, settings: Settings, client: Client) -> Client:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        client.cookies["JANUS_TOKEN"] = token("dr.who@ucsf.edu", "e:labors")
        return client

    def test_the_home_page_links_to_each_project(self, client: Client) -> None:
        page = client.get("/").content.decode()

        assert 'href="/labors/"' in page
        assert "editor" in page

    def test_a_project_of_ones_own_has_a_front_page(self, client: Client) -> None:
        assert client.get("/labors/").status_code == HTTPStatus.OK

    def test_each_page_of_a_project_leads_to_the_others(self, client: Client) -> None:
        page = client.get("/labors/requests").content.decode()

        assert '<a href="/labors/suggestions" >Suggestions</a>' in page
        assert '<a href="/labors/requests" aria-current="page">Requests</a>' in page

    def test_a_project_of_others_does_not_exist(self, client: Client) -> None:
        assert client.get("/ipi/").status_code == HTTPStatus.NOT_FOUND

    def test_a_hostile_name_is_text(self, client: Client) -> None:
        client.cookies["JANUS_TOKEN"] = token(perm="v:labors", name="<img src=x onerror=alert(1)>")

        page = client.get("/").content.decode()

        assert "<img" not in page
        assert "&lt;img src=x" in page

    def test_pages_load_nothing_from_elsewhere(self, client: Client) -> None:
        page = client.get("/").content.decode()

        assert "http://" not in page
        assert "https://" not in page
        assert "<style" not in page
        assert 'style="' not in page


class TestTags:
    def test_an_instant_is_exact_in_utc(self) -> None:
        at = datetime(2026, 5, 4, 12, 22, 7, 123000, tzinfo=UTC)

        text = Template("{% load polyphemus %}{% instant at %}").render(Context({"at": at}))

        assert text == (
            '<time datetime="2026-05-04T12:22:07+00:00" title="2026-05-04T12:22:07.123+00:00">'
            "2026-05-04 12:22 UTC</time>"
        )

    def test_a_badge_says_its_status_in_words(self) -> None:
        context = Context({"status": NoticeStatus.FAILED})

        text = Template("{% load polyphemus %}{% badge status %}").render(context)

        assert text == '<span class="badge" data-tone="late">Given up</span>'

    @pytest.mark.parametrize(
        ("length", "words"),
        [
            (0, "0 s"),
            (59.9, "59 s"),
            (3600, "1 h"),
            (3661, "1 h 1 min"),
            (3601, "1 h"),
            (90061, "1 d 1 h"),
            (timedelta(minutes=-5), "\N{MINUS SIGN}5 min"),
        ],
    )
    def test_a_length_has_at_most_two_units(self, length: float | timedelta, words: str) -> None:
        assert lasting(length) == words
