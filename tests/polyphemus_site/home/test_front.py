"""A project's front page: what is going on, for whom, and how complete the view is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from dispatch.models import AnalysisRequest
from dispatch.states import Outcome, RequestStatus
from loaders.models import ScanCursor, ScanRun, Suggestion
from loaders.states import ScanKind
from orphans.models import Orphan, Review
from orphans.states import ReviewStatus
from polyphemus_site.home.overview import Card, overview
from polyphemus_site.home.sight import sight_of
from polyphemus_site.home.throughput import Week, throughput
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from tests.bench.computing import both_cpu
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db
DOCTOR = "dr.who@ucsf.edu"
CLEARED = Person(DOCTOR, roles=read_permissions("V:labors"))


#: When the rows of these tests are.
NOW = datetime(2026, 5, 4, 12, 22, 7, tzinfo=UTC)


def cards(perm: str, email: str = DOCTOR, *, now: datetime = NOW) -> dict[str, Card]:
    person = Person(email, roles=read_permissions(perm))
    return {str(card.title): card for card in overview(person, "labors", sight_of(person, "labors", now=now))}


class TestOverview:
    @pytest.fixture(autouse=True)
    def labors(self, now: datetime) -> None:
        Suggestion.objects.bulk_create(
            [
                rows.suggestion("a", now=now),
                rows.suggestion("b", now=now, restricted=True),
                rows.suggestion("c", now=now, project="ipi"),
            ]
        )
        AnalysisRequest.objects.bulk_create(
            [
                rows.request("new", now=now),
                rows.running("running", now=now),
                rows.running("asked", now=now, asked_seconds=60),
                rows.running("mine", now=now, status=RequestStatus.DEFERRED, wake_at=None),
                rows.running(
                    "theirs", now=now, status=RequestStatus.DEFERRED, wake_at=None, requester="x@ucsf.edu"
                ),
                rows.running("elsewhere", now=now, project="ipi"),
            ]
        )
        Orphan.objects.bulk_create(
            [rows.orphan("o", now=now), rows.orphan("hidden", now=now, restricted=True)]
        )

    @pytest.mark.parametrize(
        ("perm", "figures"),
        [
            ("e:labors", {"Ready": 1, "Running": 2, "Open": 1, "Orphan data review": 1, "Waiting on you": 2}),
            ("E:labors", {"Ready": 2, "Running": 2, "Open": 1, "Orphan data review": 2, "Waiting on you": 2}),
            ("a:labors", {"Ready": 1, "Running": 2, "Open": 1, "Orphan data review": 1, "Waiting on you": 3}),
            (
                "v:administration",
                {"Ready": 1, "Running": 2, "Open": 1, "Orphan data review": 1, "Waiting on you": 2},
            ),
        ],
    )
    def test_each_person_sees_what_is_theirs_to_see(self, perm: str, figures: dict[str, int]) -> None:
        assert {title: card.figure for title, card in cards(perm).items()} == figures

    def test_what_waits_on_the_person_comes_first(self) -> None:
        assert next(iter(cards("v:labors"))) == "Waiting on you"

    def test_what_waits_on_somebody_else_does_not(self) -> None:
        assert "Waiting on you" not in cards("e:labors", email="nobody@ucsf.edu")

    def test_a_viewer_is_not_asked_to_do_what_they_may_not(self) -> None:
        shown = cards("v:labors")

        assert not shown["Ready"].needs_you
        assert not shown["Orphan data review"].needs_you

    def test_orphans_are_one_suggestion_to_those_who_may_review_them(self, now: datetime) -> None:
        Orphan.objects.bulk_create(rows.orphan(f"more-{number}", now=now) for number in range(3))

        needed = {perm: cards(perm)["Orphan data review"].needs_you for perm in ("a:labors", "e:labors")}

        assert needed == {"a:labors": True, "e:labors": True}
        assert cards("e:labors")["Orphan data review"].figure == 4

    def test_a_scan_that_is_late_needs_the_admins_and_is_seen_by_all(self, now: datetime) -> None:
        ScanCursor.objects.create(
            project="labors", model="victim", disconnected=False, since=now, read_at=now - rows.HOUR
        )

        shown = {perm: cards(perm, now=now).get("Late") for perm in ("a:labors", "e:labors")}
        before = cards("a:labors", now=now - rows.HOUR)

        assert {perm: (card.figure, card.needs_you) for perm, card in shown.items() if card} == {
            "a:labors": (1, True),
            "e:labors": (1, False),
        }
        assert "Late" not in before

    def test_a_guest_sees_no_orphans(self) -> None:
        assert "Orphan data review" not in cards("g:labors")

    def test_an_admin_is_told_of_removals_that_others_propose(self, now: datetime) -> None:
        proposed = {"project": "labors", "status": ReviewStatus.PROPOSED, "created_at": now}
        for who in ("rival@ucsf.edu", DOCTOR):
            Review.objects.create(**proposed, created_by=who, decided_by=who)

        assert cards("a:labors")["To agree to"].figure == 1
        assert "To agree to" not in cards("e:labors")

    def test_a_suggestion_waved_away_is_gone_for_that_person_alone(self, now: datetime) -> None:
        Suggestion.objects.get(anchor="a").dismissals.create(person=DOCTOR, fingerprint="f", dismissed_at=now)

        assert cards("e:labors")["Ready"].figure == 0
        assert cards("e:labors", email="rival@ucsf.edu")["Ready"].figure == 1


class TestThroughput:
    def test_weeks_are_counted_by_their_end_and_the_boundary_is_on_time(self, now: datetime) -> None:
        week = timedelta(weeks=1)
        AnalysisRequest.objects.bulk_create(
            [
                rows.ended("on_time", now=now, after=rows.HOUR),
                rows.ended("late", now=now, after=rows.HOUR + timedelta(seconds=1)),
                rows.ended("cancelled", now=now, after=rows.HOUR, outcome=Outcome.CANCELLED),
                rows.ended("last_week", now=now - week, after=rows.HOUR),
                rows.ended("long_ago", now=now - 20 * week, after=rows.HOUR),
            ]
        )

        weeks = throughput("labors", now=now)

        monday = date(2026, 5, 4)
        assert len(weeks) == 12
        assert weeks[-2:] == [
            Week(monday - week, done=1, on_time=1),
            Week(monday, done=2, on_time=1, cancelled=1),
        ]
        assert sum(one.done for one in weeks) == 3


class TestSight:
    def test_a_project_nobody_scanned_is_told_apart(self) -> None:
        assert sight_of(CLEARED, "labors", now=NOW).read_at is None

    def test_the_oldest_cursor_counts_and_all_is_never_rounded_up(self, now: datetime) -> None:
        ScanCursor.objects.create(
            project="labors", model="a", disconnected=False, since=now, read_at=now - rows.HOUR
        )
        ScanCursor.objects.create(project="labors", model="b", disconnected=False, since=now, read_at=now)
        scan = {"kind": ScanKind.FULL, "project": "labors", "started_at": now, "ended_at": now}
        ScanRun.objects.create(**scan, model="a", records=999, expected=1000)
        ScanRun.objects.create(**scan, model="b", records=0, expected=0, error="Magma is away.")

        sight = sight_of(CLEARED, "labors", now=NOW)

        assert sight.read_at == now - rows.HOUR
        assert (sight.judged, sight.expected, sight.percent) == (999, 1000, 99)
        assert "Magma is away." in sight.faults[0]


class TestPage:
    @pytest.fixture(autouse=True)
    def visitor(self, settings: Settings, client: Client) -> None:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        client.cookies["JANUS_TOKEN"] = token(DOCTOR, "e:labors")

    def test_numbers_are_drawn_and_told(self, client: Client, now: datetime) -> None:
        rows.ended("done", now=datetime.now(now.tzinfo), after=rows.HOUR).save()

        page = client.get("/labors/").content.decode()

        assert "<svg" in page
        assert "<table>" in page
        assert "style=" not in page

    def test_it_is_found_without_its_last_slash(self, client: Client) -> None:
        answer = client.get("/labors")

        assert (answer.status_code, answer["Location"]) == (HTTPStatus.FOUND, "/labors/")

    def test_a_fault_of_a_scan_is_text(self, client: Client, now: datetime) -> None:
        fault = "<img src=x onerror=alert(1)>"
        ScanRun.objects.create(kind=ScanKind.CHANGES, project="labors", started_at=now, error=fault)

        assert "<img" not in client.get("/labors/").content.decode()

    def test_ten_thousand_suggestions_cost_few_questions_and_little_time(
        self, client: Client, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        made = [rows.suggestion(str(number), now=now) for number in range(10_000)]
        Suggestion.objects.bulk_create(made, batch_size=2000)
        client.get("/labors/")

        with django_assert_max_num_queries(12):
            assert client.get("/labors/").status_code == HTTPStatus.OK

        assert both_cpu(lambda: client.get("/labors/")) < 1.0
