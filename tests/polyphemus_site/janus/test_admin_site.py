"""The admin is entered with the Janus identity and shows what the role of the moment allows."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client, RequestFactory
from pytest_django import Settings

from dispatch.models import ApiKey
from loaders.models import Suggestion
from magma.journal.models import JournalEntry
from polyphemus_site.home import readers
from polyphemus_site.janus.backends import user_of
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.mail.models import Notice
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.tokens import token

pytestmark = pytest.mark.django_db
NOTICES = "/admin/mail/notice/"


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.POLYPHEMUS_URL = "https://polyphemus.ucsf.edu"
    settings.POLYPHEMUS_JANUS_URL = "https://janus.ucsf.edu"
    settings.POLYPHEMUS_LOCAL_ADMIN = False
    settings.AUTHENTICATION_BACKENDS = ["polyphemus_site.janus.backends.JanusBackend"]
    settings.ALLOWED_HOSTS = ["*"]


def visitor(perm: str, email: str = "dr.who@ucsf.edu") -> Client:
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(email, perm)
    return client


@pytest.mark.parametrize(
    ("perm", "status"),
    [
        ("a:administration", 200),
        ("e:administration", 200),
        ("v:administration", 200),
        ("a:labors", 200),
        ("e:labors", 302),
        ("v:labors", 302),
        ("g:labors", 302),
        ("g:administration", 302),
        ("", 302),
    ],
)
def test_the_admin_opens_to_admins_and_super_roles(perm: str, status: int) -> None:
    assert visitor(perm).get("/admin/").status_code == status


def test_who_may_not_enter_is_told_so_and_not_sent_in_circles() -> None:
    answer = visitor("e:labors").get("/admin/", follow=True)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "You administer no project" in answer.content.decode()


def test_a_stranger_goes_to_janus_and_comes_back_to_the_page_wanted() -> None:
    answer = Client().get("/admin/mail/notice/?status=failed")
    door = Client().get(answer["Location"])

    assert door["Location"] == (
        "https://janus.ucsf.edu/login?refer="
        "https%3A%2F%2Fpolyphemus.ucsf.edu%2Fadmin%2Fmail%2Fnotice%2F%3Fstatus%3Dfailed"
    )


@pytest.mark.parametrize("wanted", ["https://evil.org/", "//evil.org/", "/\\evil.org"])
def test_the_way_back_never_leads_elsewhere(wanted: str) -> None:
    door = Client().get("/admin/login/", {"next": wanted})

    assert door["Location"].endswith("polyphemus.ucsf.edu%2Fadmin%2F")


@pytest.mark.parametrize(
    ("perm", "status"),
    [("a:administration", 200), ("v:administration", 200), ("a:labors", 403)],
)
def test_rows_of_no_project_are_for_super_roles(perm: str, status: int) -> None:
    assert visitor(perm).get(NOTICES).status_code == status


def test_rights_follow_the_role_of_the_moment_and_are_never_stored() -> None:
    before = visitor("a:administration").get(NOTICES)
    after = visitor("a:labors").get(NOTICES)

    user = User.objects.get()
    assert (before.status_code, after.status_code) == (HTTPStatus.OK, HTTPStatus.FORBIDDEN)
    assert (user.is_staff, user.is_superuser, user.user_permissions.count()) == (False, False, 0)
    assert not user.has_usable_password()


def test_a_local_superuser_of_the_same_name_lends_a_person_nothing() -> None:
    User.objects.create_superuser("dr.who@ucsf.edu", "dr.who@ucsf.edu", "secret")

    answer = visitor("a:labors", "dr.who@ucsf.edu").get(NOTICES)

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_rights_stored_by_hand_count_for_nothing() -> None:
    visitor("a:labors").get("/admin/")
    User.objects.get().user_permissions.set(Permission.objects.all())

    assert visitor("a:labors").get(NOTICES).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("perm", ["a:administration", "e:administration"])
def test_no_role_opens_local_accounts(perm: str) -> None:
    local = User.objects.create_user("somebody")

    answer = visitor(perm).post(f"/admin/auth/user/{local.pk}/change/", {"is_superuser": "on"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not User.objects.get(pk=local.pk).is_superuser


def test_nobody_deletes_or_edits_a_notice_in_the_admin(now: datetime) -> None:
    person = visitor("a:administration")

    notice = Notice.objects.create(kind="k", key="k", recipient="a@b.org", created_at=now, due_at=now)
    answers = [
        person.get(f"{NOTICES}add/"),
        person.post(f"{NOTICES}{notice.pk}/delete/", {"post": "yes"}),
        person.post(f"{NOTICES}{notice.pk}/change/", {"kind": "other"}),
    ]

    assert [answer.status_code for answer in answers] == [HTTPStatus.FORBIDDEN] * 3
    assert Notice.objects.get().kind == "k"


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_who_may_only_look_is_offered_nothing_to_do(model: type[Model], rf: RequestFactory) -> None:
    person = Person("dr.who@ucsf.edu", roles=read_permissions("v:administration"))
    request = rf.get("/admin/")
    request.person, request.user = person, user_of(person)  # type: ignore[attr-defined]  # as the middleware does

    assert admin.site._registry[model].get_actions(request) == {}


@pytest.mark.parametrize(("perm", "state"), [("v:administration", "active"), ("e:administration", "revoked")])
def test_a_key_is_revoked_by_who_may_change_it(perm: str, state: str, now: datetime) -> None:
    key = ApiKey.objects.create(id="pk_1", analyst="a@ucsf.edu", scheme="etna-v1", created_at=now)

    visitor(perm).post(
        "/admin/dispatch/apikey/", {"action": "revoke", "_selected_action": [key.pk], "index": "0"}
    )

    assert ApiKey.objects.get().state == state


@pytest.mark.parametrize(
    ("perm", "seen"), [("a:labors", 1), ("A:labors", 2), ("a:ipi", 0), ("a:administration", 1)]
)
def test_a_projects_admin_sees_its_suggestions_and_nobody_elses(perm: str, seen: int, now: datetime) -> None:
    Suggestion.objects.bulk_create(
        [rows.suggestion("open", now=now), rows.suggestion("hidden", now=now, restricted=True)]
    )

    page = visitor(perm).get("/admin/loaders/suggestion/").content.decode()

    assert page.count('class="field-id"') == seen


@pytest.mark.parametrize(("perm", "seen"), [("a:labors", True), ("a:ipi", False), ("v:administration", True)])
def test_a_projects_admin_sees_who_gets_its_digest(perm: str, seen: bool, now: datetime) -> None:
    readers.meet("rory@ucsf.edu", {"labors": "e"}, now=now)

    page = visitor(perm).get("/admin/polyphemus_site/digestreader/").content.decode()

    assert ("rory@ucsf.edu" in page) == seen


@pytest.mark.parametrize(("perm", "status"), [("a:labors", HTTPStatus.OK), ("a:ipi", HTTPStatus.FOUND)])
def test_a_projects_admin_reads_a_request_with_its_history(perm: str, status: int, now: datetime) -> None:
    request = rows.request("tumor_pair", now=now)
    request.save()

    answer = visitor(perm).get(f"/admin/dispatch/analysisrequest/{request.pk}/change/")

    assert answer.status_code == status
    assert ("Request events" in answer.content.decode()) == (status == HTTPStatus.OK)


@pytest.mark.parametrize(("perm", "seen"), [("a:administration", False), ("v:administration;V:labors", True)])
def test_values_in_the_journal_are_for_who_may_see_all_of_the_project(
    perm: str, seen: bool, now: datetime
) -> None:
    entry = JournalEntry.objects.create(
        project_name="labors",
        sender="magma",
        application="magma",
        event="update",
        documents={"victim": {"Outis": {"disease": "a secret"}}},
        received_at=now,
        retry_at=now,
    )

    page = visitor(perm).get(f"/admin/journal/journalentry/{entry.pk}/change/", follow=True)

    assert page.status_code == HTTPStatus.OK
    assert ("a secret" in page.content.decode()) == seen


class TestLocalSuperuser:
    @pytest.fixture
    def superuser(self) -> Client:
        user = User.objects.create_superuser("root", "root@localhost", "secret")
        client = Client()
        client.force_login(user, "polyphemus_site.janus.backends.JanusBackend")
        return client

    def test_a_password_opens_nothing_by_default(self) -> None:
        User.objects.create_superuser("root", "root@localhost", "secret")

        answer = Client().post("/admin/login/", {"username": "root", "password": "secret"})

        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert "sessionid" not in answer.cookies

    def test_a_password_opens_the_admin_where_the_setting_allows_it(self, settings: Settings) -> None:
        settings.POLYPHEMUS_LOCAL_ADMIN = True
        settings.AUTHENTICATION_BACKENDS = [
            *settings.AUTHENTICATION_BACKENDS,
            "django.contrib.auth.backends.ModelBackend",
        ]
        User.objects.create_superuser("root", "root@localhost", "secret")
        client = Client()

        client.post("/admin/login/", {"username": "root", "password": "secret"})

        assert client.get(NOTICES).status_code == HTTPStatus.OK

    def test_an_old_session_opens_nothing_once_the_setting_is_off(self, settings: Settings) -> None:
        settings.POLYPHEMUS_LOCAL_ADMIN = True
        settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
        client = Client()
        client.force_login(User.objects.create_superuser("root", "root@localhost", "secret"))
        was_open = client.get("/admin/").status_code

        settings.POLYPHEMUS_LOCAL_ADMIN = False

        assert (was_open, client.get("/admin/").status_code) == (HTTPStatus.OK, HTTPStatus.FOUND)
