"""Who gets a digest: whoever came by with a role, until they stop it or lose the role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import caches
from django.test import Client
from kombu.exceptions import OperationalError
from pytest_django import Settings

from polyphemus_site.celery import app
from polyphemus_site.home import digests, readers
from polyphemus_site.janus import visits
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.mail import mailboxes
from polyphemus_site.mail.models import Mailbox, Notice
from polyphemus_site.models import DigestReader
from polyphemus_site.projects import decisions
from polyphemus_site.tasks import meet
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db
DOCTOR = "dr.who@ucsf.edu"
TOMORROW = datetime(2026, 5, 5, 8, 0, tzinfo=UTC)


def levels() -> dict[str, tuple[str, bool]]:
    return {row.project: (row.level, row.restricted) for row in DigestReader.objects.all()}


class TestMeeting:
    def test_a_digest_begins_in_every_project_of_ones_own(self, now: datetime) -> None:
        readers.meet(DOCTOR, {"labors": "E", "ipi": "v", "administration": "v"}, now=now)

        assert levels() == {"labors": ("e", True), "ipi": ("v", False)}

    def test_only_watched_projects_have_one(self, now: datetime, settings: Settings) -> None:
        settings.POLYPHEMUS_PROJECTS = ["ipi"]

        readers.meet(DOCTOR, {"labors": "e", "ipi": "v"}, now=now)

        assert set(levels()) == {"ipi"}

    def test_who_came_by_is_told_what_needs_them_without_asking_for_it(self, now: datetime) -> None:
        rows.suggestion("a", now=now).save()
        readers.meet(DOCTOR, {"labors": "e"}, now=now)

        assert (digests.send_due(now=TOMORROW - timedelta(seconds=1)), digests.send_due(now=TOMORROW)) == (
            0,
            1,
        )
        assert Notice.objects.get().recipient == DOCTOR

    @pytest.mark.parametrize("letter", ["v", "g"])
    def test_who_can_do_nothing_about_it_gets_no_mail(self, now: datetime, letter: str) -> None:
        rows.suggestion("a", now=now).save()
        readers.meet(DOCTOR, {"labors": letter}, now=now)

        assert digests.send_due(now=TOMORROW) == 0

    def test_restricted_findings_count_for_upper_case_letters_alone(self, now: datetime) -> None:
        rows.suggestion("a", now=now, restricted=True).save()
        readers.meet(DOCTOR, {"labors": "e", "administration": "a"}, now=now)
        readers.meet("rory@ucsf.edu", {"labors": "E"}, now=now)

        digests.send_due(now=TOMORROW)

        assert [notice.recipient for notice in Notice.objects.all()] == ["rory@ucsf.edu"]

    def test_who_has_lost_their_role_gets_no_more(self, now: datetime) -> None:
        rows.suggestion("a", now=now).save()
        readers.meet(DOCTOR, {"labors": "A", "ipi": "v"}, now=now)

        readers.meet(DOCTOR, {"ipi": "v"}, now=now)

        assert levels() == {"labors": ("", False), "ipi": ("v", False)}
        assert digests.send_due(now=TOMORROW) == 0
        assert readers.admins_of("labors", now=now) == []

    def test_who_has_stopped_it_stays_so_however_often_they_come(self, now: datetime) -> None:
        rows.suggestion("a", now=now).save()
        readers.stop(Person(DOCTOR, roles=read_permissions("e:labors")), "labors", now=now)

        readers.meet(DOCTOR, {"labors": "e"}, now=now)

        assert digests.send_due(now=TOMORROW) == 0

    def test_who_had_unsubscribed_before_stays_so(self, now: datetime) -> None:
        rows.suggestion("a", now=now).save()
        mailboxes.unsubscribe(DOCTOR, readers.KIND, now=now)

        readers.meet(DOCTOR, {"labors": "e"}, now=now)

        assert digests.send_due(now=TOMORROW) == 0

    def test_an_hour_of_ones_own_outlasts_the_visits(self, now: datetime) -> None:
        person = Person(DOCTOR, roles=read_permissions("e:labors"))
        chosen = readers.subscribe(person, "labors", hour=5, now=now)

        readers.meet(DOCTOR, {"labors": "a"}, now=now)

        kept = DigestReader.objects.get()
        assert (kept.hour, kept.next_at, kept.level) == (5, chosen.next_at, "a")

    def test_what_is_no_address_is_not_met(self, now: datetime) -> None:
        readers.meet("<img src=x onerror=alert(1)>@", {"labors": "a"}, now=now)

        assert not DigestReader.objects.exists()

    def test_admins_who_have_stopped_the_digest_are_still_asked_to_agree(self, now: datetime) -> None:
        readers.stop(Person(DOCTOR, roles=read_permissions("a:labors")), "labors", now=now)

        assert readers.admins_of("labors", now=now) == [DOCTOR]


class TestHour:
    def test_it_is_the_projects(self, now: datetime) -> None:
        chosen = decisions.Decided(digest_hour=6, digest_zone="America/Los_Angeles")
        decisions.change("labors", chosen, actor=DOCTOR, now=now)

        readers.meet(DOCTOR, {"labors": "e"}, now=now)

        assert DigestReader.objects.get().next_at == datetime(2026, 5, 4, 13, 0, tzinfo=UTC)

    def test_it_moves_with_the_projects_for_who_has_chosen_none(self, now: datetime) -> None:
        readers.meet(DOCTOR, {"labors": "e"}, now=now)
        rory = Person("rory@ucsf.edu", roles=read_permissions("e:labors"))
        own = readers.subscribe(rory, "labors", hour=9, now=now)
        decisions.change("labors", decisions.Decided(digest_hour=20), actor=DOCTOR, now=now)

        readers.follow_settings("labors", now=now)

        assert DigestReader.objects.get(email=DOCTOR).next_at == datetime(2026, 5, 4, 20, 0, tzinfo=UTC)
        assert DigestReader.objects.get(pk=own.pk).next_at == own.next_at


class TestComingBy:
    """A page, or a widget's call: either is a visit."""

    @pytest.fixture(autouse=True)
    def visitor(self, settings: Settings) -> Iterator[None]:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        caches["janus"].clear()
        app.conf.task_always_eager = True
        yield
        app.conf.task_always_eager = False

    @pytest.mark.parametrize("address", ["/", "/labors/", "/api/v1/suggestions?project=labors"])
    def test_a_visit_is_remembered_with_its_rights(self, client: Client, address: str) -> None:
        client.get(address, headers={"Authorization": f"Etna {token(DOCTOR, 'E:labors')}"})

        assert levels() == {"labors": ("e", True)}

    def test_another_token_with_other_roles_counts_at_once(self, client: Client) -> None:
        for perm in ("E:labors", "v:labors"):
            client.get("/", headers={"Authorization": f"Etna {token(DOCTOR, perm)}"})

        assert levels() == {"labors": ("v", False)}

    def test_a_token_is_looked_at_once_an_hour(self, client: Client) -> None:
        held = {"Authorization": f"Etna {token(DOCTOR, 'e:labors')}"}
        client.get("/", headers=held)
        DigestReader.objects.all().delete()

        client.get("/", headers=held)

        assert not DigestReader.objects.exists()

    @pytest.mark.parametrize("claims", [{"task": True}, {"flags": "inactive"}])
    def test_who_is_no_person_of_today_is_not_met(self, client: Client, claims: dict[str, Any]) -> None:
        client.get("/", headers={"Authorization": f"Etna {token(DOCTOR, 'e:labors', **claims)}"})

        assert not DigestReader.objects.exists()

    def test_without_a_broker_the_page_comes_and_the_visit_is_remembered_later(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = {"Authorization": f"Etna {token(DOCTOR, 'e:labors')}"}
        with monkeypatch.context() as away:
            away.setattr(visits, "AFTER_FAILURE_SECONDS", 0)
            away.setattr(meet, "apply_async", Mock(side_effect=OperationalError("no broker")))
            answer = client.get("/", headers=held)
        before = DigestReader.objects.count()

        client.get("/", headers=held)

        assert (answer.status_code, before, DigestReader.objects.count()) == (HTTPStatus.OK, 0, 1)

    def test_a_broker_that_is_away_is_not_asked_for_every_page(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = Mock(side_effect=OperationalError("no broker"))
        monkeypatch.setattr(meet, "apply_async", away)
        held = {"Authorization": f"Etna {token(DOCTOR, 'e:labors')}"}

        for _ in range(3):
            client.get("/", headers=held)

        assert away.call_count == 1


class TestPage:
    @pytest.fixture(autouse=True)
    def visitor(self, settings: Settings, client: Client) -> None:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        client.cookies["JANUS_TOKEN"] = token(DOCTOR, "E:labors")

    def test_the_page_starts_and_stops_it(self, client: Client) -> None:
        client.post("/labors/digest", {"wanted": "yes", "hour": "7"})
        reader = DigestReader.objects.get()
        client.post("/labors/digest", {"wanted": "no"})

        assert (reader.email, reader.hour, reader.level, reader.restricted) == (DOCTOR, 7, "e", True)
        assert DigestReader.objects.get().stopped_at is not None

    def test_the_page_knows_of_the_mail_programs_button(self, client: Client, now: datetime) -> None:
        client.post("/labors/digest", {"wanted": "yes", "hour": "7"})
        before = client.get("/labors/").content.decode()
        mailboxes.unsubscribe(DOCTOR, readers.KIND, now=now)

        after = client.get("/labors/").content.decode()

        assert ("you get one mail" in before, "you get one mail" in after) == (True, False)

    @pytest.mark.parametrize("hour", ["24", "-1", "", "8.5", "\u0663", "999999999999"])
    def test_an_hour_that_is_none_is_refused(self, client: Client, hour: str) -> None:
        answer = client.post("/labors/digest", {"wanted": "yes", "hour": hour})

        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert not DigestReader.objects.exists()

    def test_looking_starts_nothing(self, client: Client) -> None:
        answer = client.get("/labors/digest?wanted=yes&hour=7")

        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_a_project_of_others_has_none(self, client: Client) -> None:
        answer = client.post("/ipi/digest", {"wanted": "yes", "hour": "7"})

        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_the_page_says_that_one_gets_it_unasked(self, client: Client) -> None:
        page = client.get("/labors/").content.decode()

        assert "you get one mail that says so" in page

    def test_who_has_no_role_of_their_own_gets_none_unasked(self, client: Client) -> None:
        client.cookies["JANUS_TOKEN"] = token(DOCTOR, "v:administration")

        assert "You get no digest of this project" in client.get("/labors/").content.decode()

    def test_the_projects_hour_is_told_in_ones_own_zone(self, client: Client, now: datetime) -> None:
        Mailbox.objects.create(address=DOCTOR, zone="America/Los_Angeles")
        decisions.change("labors", decisions.Decided(digest_hour=20), actor=DOCTOR, now=now)

        page = client.get("/labors/").content.decode()

        shown = datetime.now(UTC).replace(hour=20).astimezone(ZoneInfo("America/Los_Angeles")).hour
        assert f'value="{shown}"' in page
        assert "clock (America/Los_Angeles)" in page

    def test_the_hour_of_midnight_is_shown_as_chosen(self, client: Client) -> None:
        client.post("/labors/digest", {"wanted": "yes", "hour": "0"})

        assert 'value="0"' in client.get("/labors/").content.decode()
