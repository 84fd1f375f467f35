"""What Janus is asked, over real HTTP."""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from polyphemus_site.errors import MissingError
from polyphemus_site.janus import directory
from polyphemus_site.janus.errors import AgreementNeededError, ForbiddenError, JanusUnavailableError
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import require_admin_now, require_edit_now, require_view
from polyphemus_site.janus.roles import Level, Role, read_permissions
from tests.polyphemus_site.janus.conftest import JanusServer
from tests.polyphemus_site.janus.tokens import token

pytestmark = pytest.mark.django_db

LABORS = {"project_name": "labors", "project_name_full": "Twelve labors", "role": "administrator"}
OPEN = {"project_name": "atlas", "resource": True, "requires_agreement": False}
COMMUNITY = {"project_name": "club", "resource": True, "requires_agreement": True}


class TestOpenProjects:
    def test_resource_projects_without_an_agreement_are_open(self, janus: JanusServer) -> None:
        janus.projects = [LABORS, OPEN, COMMUNITY]

        assert directory.open_projects("t") == {"atlas"}

    def test_janus_is_asked_once_a_minute_and_token(self, janus: JanusServer) -> None:
        janus.projects = [OPEN]

        answers = [directory.open_projects(token) for token in ("t", "t", "other", "t")]

        assert answers == [{"atlas"}] * 4
        assert janus.calls == ["/api/user/projects"] * 2

    def test_while_janus_is_down_nothing_is_open_and_the_log_says_so(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.POLYPHEMUS_JANUS_URL = "http://127.0.0.1:1"

        with caplog.at_level(logging.WARNING):
            answer = directory.open_projects("t")

        assert answer == frozenset()
        assert "can't be reached" in caplog.text

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"projects": 7}', b'{"projects": [{}]}'])
    def test_an_answer_nobody_understands_opens_nothing(self, janus: JanusServer, body: bytes) -> None:
        janus.body = body

        assert directory.open_projects("t") == frozenset()


class TestAgreements:
    def test_who_could_see_it_by_an_agreement_is_told_where_to_agree(self, janus: JanusServer) -> None:
        janus.projects = [COMMUNITY]

        with pytest.raises(AgreementNeededError) as refused:
            require_view(Person("someone@ucsf.edu", token="t"), "club")

        assert refused.value.members == {"agreement": f"{janus.url}/club/cc"}

    def test_a_page_leads_there_and_back(self, janus: JanusServer, client: Client) -> None:
        janus.projects = [COMMUNITY]
        client.cookies["JANUS_TOKEN"] = token("someone@ucsf.edu", "v:labors")

        answer = client.get("/club/suggestions?model=patient")

        back = quote(f"{settings.POLYPHEMUS_URL}/club/suggestions?model=patient", safe="")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert f'href="{janus.url}/club/cc?refer={back}"' in answer.content.decode()

    @pytest.mark.parametrize(
        "person",
        [
            Person("someone@ucsf.edu", token="t", flags=frozenset({"external"})),
            Person("someone@ucsf.edu"),
        ],
        ids=["external", "without a token"],
    )
    def test_for_others_it_does_not_exist(self, janus: JanusServer, person: Person) -> None:
        janus.projects = [COMMUNITY]

        with pytest.raises(MissingError):
            require_view(person, "club")

    def test_who_has_a_role_there_has_agreed(self, janus: JanusServer) -> None:
        janus.projects = [COMMUNITY]

        require_view(Person("someone@ucsf.edu", roles=read_permissions("g:club"), token="t"), "club")

        assert janus.calls == []


class TestLiveRoles:
    def test_the_roles_are_those_of_this_moment(self, janus: JanusServer) -> None:
        janus.projects = [LABORS | {"privileged": True}, OPEN]
        person = Person("someone@ucsf.edu", roles=read_permissions("a:ipi"), token="t")

        assert directory.live_roles(person) == {"labors": Role(Level.ADMIN, restricted=True)}

    def test_an_admin_of_yesterday_is_refused(self, janus: JanusServer) -> None:
        janus.projects = [LABORS | {"role": "viewer"}]
        person = Person("someone@ucsf.edu", roles=read_permissions("a:labors"), token="t")

        with pytest.raises(ForbiddenError):
            require_admin_now(person, "labors")

    def test_without_janus_nothing_is_taken_for_granted(self, settings: Settings) -> None:
        settings.POLYPHEMUS_JANUS_URL = "http://127.0.0.1:1"
        person = Person("someone@ucsf.edu", roles=read_permissions("a:labors"), token="t")

        with pytest.raises(JanusUnavailableError):
            require_admin_now(person, "labors")

    def test_a_task_token_never_gets_that_far(self, janus: JanusServer) -> None:
        janus.projects = [LABORS]
        person = Person("someone@ucsf.edu", token="t", is_task=True)

        with pytest.raises(ForbiddenError):
            directory.live_roles(person)

        assert janus.calls == []


class TestEditNow:
    EDITOR = Person("someone@ucsf.edu", roles=read_permissions("e:labors"), token="t")

    def test_an_editor_who_still_is_one_goes_on(self, janus: JanusServer) -> None:
        janus.projects = [LABORS | {"role": "editor"}]

        require_edit_now(self.EDITOR, "labors")

        assert janus.calls == ["/api/user/projects"]

    @pytest.mark.parametrize("listed", [[], [LABORS | {"role": "viewer"}]])
    def test_an_editor_of_yesterday_is_refused(
        self, janus: JanusServer, listed: list[dict[str, object]]
    ) -> None:
        janus.projects = listed

        with pytest.raises(ForbiddenError):
            require_edit_now(self.EDITOR, "labors")

    def test_while_janus_is_away_the_token_counts_and_the_log_says_so(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.POLYPHEMUS_JANUS_URL = "http://127.0.0.1:1"

        with caplog.at_level(logging.WARNING):
            require_edit_now(self.EDITOR, "labors")

        assert "someone@ucsf.edu edits labors on the word of a token alone" in caplog.text

    def test_a_viewer_is_refused_before_janus_is_asked(self, janus: JanusServer) -> None:
        with pytest.raises(ForbiddenError):
            require_edit_now(Person("someone@ucsf.edu", roles=read_permissions("v:labors")), "labors")

        assert janus.calls == []
