"""What is restricted stays with upper-case roles, whichever door is tried: every address, and mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from loaders import mentions, registry, restriction
from loaders.checks import Files, Finding, Linked
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Config, Loader
from loaders.models import Dismissal, Gap, ScanRun, Suggestion
from loaders.pages import Page
from loaders.registry import Registry
from loaders.services import apart, changes, explaining, scans, suggestions
from loaders.services.verdicts import Engine
from magma.client import Magma
from polyphemus_site.home import channels, digests, readers
from polyphemus_site.home.overview import Card, overview
from polyphemus_site.home.sight import sight_of
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.mail.models import Notice
from tests.loaders.conftest import NORMAL_EXOME, TUMOR_EXOME, upload, upload_normal, uploaded
from tests.loaders.conftest import now as this_instant
from tests.loaders.rows import suggested
from tests.magma.demo_fixture import RunningWarehouse
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "ZQ-7731"
#: The most that people without the right to it may be.
LOWER = "a:dt_lung;a:administration"
UPPER = "A:dt_lung;a:administration"
KINDS = {"project": "dt_lung", "app_label": "loaders", "model_name": "patient"}


@pytest.fixture(autouse=True)
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY, settings.POLYPHEMUS_JANUS_URL = public_key(), ""


@pytest.fixture
def secrets(now: datetime, curator: str) -> list[Suggestion]:
    """Restricted suggestions in every state, all of whose words are secret; and what is waited for."""
    told: dict[str, Any] = {"reason": f"{SECRET} is there.", "restricted": True}
    told |= {"config": {"inputs": [SECRET], "params": {"p": SECRET}}, "records": [f"patient/{SECRET}"]}
    told |= {"receipt": {"anchors": {SECRET: {"needs": {"check": "x", "passed": True, "says": SECRET}}}}}
    anchors = [f"{SECRET}-{number}" for number in range(3)]
    #: Accepting publishes which records it is about; the reason, the values seen and the rest stay secret.
    made = [suggested(anchor, now, **told) for anchor in [*anchors, "DTL999"]]
    suggestions.dismiss(made[1], person=curator, reason=SECRET, now=now)
    suggestions.snooze(made[2], person=curator, until=None, now=now)
    suggestions.accept(made[3], person=curator, name="a_request", inputs=["x"], params={}, now=now)
    Gap.objects.create(
        project="dt_lung", model="patient", loader="exome_pipe", verdict="waiting", label=SECRET, whom=SECRET,
        restricted_loader=True, count=1, restricted_count=1, anchors=[SECRET], restricted_anchors=[SECRET],
        counted_at=now,
    )  # fmt: skip
    told = {"project": "dt_lung", "started_at": now, "faults": {"exome_pipe": f"ValueError: {SECRET}"}}
    failed = {"error": f"KeyError: '{SECRET}'", "ended_at": now}
    for kind, model, ending in (("full", "patient", failed), ("changes", "", failed), ("full", "sample", {})):
        ScanRun.objects.create(kind=kind, model=model, **told, **ending)
    return made


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address there is, but for the admin's, as a pattern."""
    for one in resolver.url_patterns:
        here = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield here
        elif not here.startswith("admin/"):
            yield from addresses(one, here)


def filled(pattern: str, pk: int) -> str:
    """The address with its places filled in."""
    words = re.sub(r"<(?:\w+:)?(\w+)>", lambda place: KINDS.get(place.group(1), str(pk)), pattern)
    return "/" + words.removesuffix("$")


def places(rows: list[Suggestion]) -> Iterator[str]:
    """Every address that may tell of these suggestions."""
    queries = ["", "&status=dismissed", "&status=snoozed", "&status=accepted", "&model=patient"]
    for pattern in addresses(get_resolver()):
        if "<int:pk>" in pattern:
            yield from (f"{filled(pattern, row.pk)}?project=dt_lung" for row in rows)
        else:
            yield from (f"{filled(pattern, rows[0].pk)}?project=dt_lung{query}" for query in queries)
    for model in admin.site._registry:
        yield from in_admin(model)


def in_admin(model: type[Model]) -> Iterator[str]:
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    yield base
    yield f"{base}?q={SECRET[:2]}"
    for row in model._default_manager.all()[:20]:
        yield from (f"{base}{row.pk}/change/", f"{base}{row.pk}/history/")


def telling(perm: str, rows: list[Suggestion]) -> set[str]:
    """The addresses that say something secret to a person with these rights."""
    client = Client(raise_request_exception=False)
    client.cookies["JANUS_TOKEN"] = token(perm=perm, email="somebody@ucsf.edu")
    found = set()
    for place in places(rows):
        answer = client.get(place, headers={"Accept": "application/json, text/html"})
        body = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code < 500 or answer.status_code == 503, place
        if SECRET.encode() in body:
            found.add(re.sub(r"\d+", "N", place.split("?")[0]))
    return found


def test_no_address_tells_what_is_restricted(secrets: list[Suggestion]) -> None:
    assert telling(LOWER, secrets) == set()


def test_the_same_addresses_tell_it_to_whom_it_may_be_told(secrets: list[Suggestion]) -> None:
    told = telling(UPPER, secrets)

    assert told >= {
        "/api/vN/suggestions",
        "/api/vN/suggestions/N",
        "/api/vN/waiting",
        "/dt_lung/suggestions",
        "/dt_lung/suggestions/N",
        "/dt_lung/waiting",
        "/api/vN/scans",
        "/dt_lung/scans",
        "/dt_lung/",
        "/admin/loaders/suggestion/",
        "/admin/loaders/suggestion/N/change/",
        "/admin/loaders/suggestionevent/",
    }


@pytest.mark.parametrize("verb", ["accept", "dismiss", "snooze"])
class TestNothingCanBeDoneWithWhatMayNotBeSeen:
    def test_by_the_api(self, secrets: list[Suggestion], verb: str) -> None:
        client = Client(headers={"Authorization": f"Etna {token(perm=LOWER)}"})

        answer = client.post(
            f"/api/v1/suggestions/{secrets[0].pk}/{verb}", {}, content_type="application/json"
        )

        assert (answer.status_code, self.status_of(secrets[0])) == (404, "open")

    def test_by_the_page(self, secrets: list[Suggestion], verb: str) -> None:
        client = Client()
        client.cookies["JANUS_TOKEN"] = token(perm=LOWER)

        answer = client.post(f"/dt_lung/suggestions/{secrets[0].pk}/{verb}")

        assert (answer.status_code, self.status_of(secrets[0])) == (404, "open")

    def status_of(self, suggestion: Suggestion) -> str:
        suggestion.refresh_from_db()
        return suggestion.status


def person(perm: str) -> Person:
    return Person("somebody@ucsf.edu", roles=read_permissions(perm))


def cards(perm: str, now: datetime) -> list[Card]:
    return overview(person(perm), "dt_lung", sight_of(person(perm), "dt_lung", now=now))


def test_digests_count_it_for_those_alone_who_may_see_it(secrets: list[Suggestion], now: datetime) -> None:
    figures = {
        perm: [card.figure for card in cards(perm, now) if "sugges" in card.path] for perm in (LOWER, UPPER)
    }

    assert figures[LOWER] != figures[UPPER]
    assert SECRET not in str(figures)


def test_no_mail_and_no_channel_tells_it(
    secrets: list[Suggestion], now: datetime, settings: Settings
) -> None:
    readers.subscribe(person(LOWER), "dt_lung", hour=8, now=now)

    digests.send_due(now=now.replace(year=now.year + 1))
    posted = channels.text_of("dt_lung", cards("v:dt_lung", now))

    assert SECRET not in str(list(Notice.objects.values()))
    assert SECRET not in posted


def test_whoever_removes_a_record_is_not_told_of_it(secrets: list[Suggestion]) -> None:
    assert mentions.of_records("dt_lung", "patient", [SECRET]) == {}


def test_dismissing_for_oneself_is_told_to_nobody(secrets: list[Suggestion], now: datetime) -> None:
    suggestions.wave_away(secrets[0], person="dr.who@ucsf.edu", reason=SECRET, now=now)

    assert Dismissal.objects.count() == 1
    assert telling(LOWER, secrets) == set()


class Tubes(Loader):
    """Reads nothing beyond its anchor."""

    name, model, analysis = "tubes", "exome", "align"
    needs, outputs = Files("raw_fastqs"), Files("bam", r"realigned\..+")


class Failing(Tubes):
    name = "failing"

    def config(self, page: Page, index: int) -> Config:
        raise ValueError(SECRET)

    def explain(self, page: Page, index: int) -> dict[str, Finding]:
        raise ValueError(SECRET)


#: Of patients, reading nothing that the template restricts.
OPEN = type("Open", (ExomePipe,), {"outputs": Linked("sample.exome", every=Files("bam"))})()


def a_minute_later() -> datetime:
    """Long enough after that every stamp's second is over."""
    return this_instant() + timedelta(minutes=1)


def hiding(engine: Engine, model: str, attribute: str) -> Engine:
    """The same engine after an admin has restricted an attribute."""
    shape = engine.shapes[model]
    traits = {**shape.traits, attribute: replace(shape.traits[attribute], restricted=True)}
    models = {**engine.shapes.models, model: replace(shape, traits=traits)}
    return replace(engine, shapes=replace(engine.shapes, models=models))


def why(perm: str, loader: str, record: str) -> Any:
    client = Client(headers={"Authorization": f"Etna {token(perm=perm)}"})
    return client.get("/api/v1/explanations", {"project": "dt_lung", "loader": loader, "record": record})


class TestWhatIsRestricted:
    """Marks follow from Magma: an attribute of the template, a record, or one above it."""

    def test_records_below_a_restricted_one_are(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        upload_normal(warehouse)
        warehouse.load({"patient": {"DTL001": {"restricted": True}}})

        scans.scan_all(magma, "dt_lung", clock=this_instant)

        assert set(Suggestion.objects.values_list("restricted", flat=True)) == {True}

    @pytest.mark.parametrize("marks", [(True, False), (False, True)])
    def test_a_mark_that_is_set_or_lifted_on_a_patient_marks_what_stands(
        self, magma: Magma, warehouse: RunningWarehouse, marks: tuple[bool, bool]
    ) -> None:
        loader = type("Open", (ExomePipe,), {"outputs": Linked("sample.exome", every=Files("bam"))})()
        seen = []
        upload_normal(warehouse)

        for mark in marks:
            warehouse.load({"patient": {"DTL001": {"restricted": mark}}})
            Engine.of(magma, "dt_lung", [loader]).judge_names("patient", ["DTL001"], now=this_instant())
            seen.append(Suggestion.objects.get().restricted)

        assert tuple(seen) == marks

    def test_a_suggestion_everyone_could_read_ends_without_naming_what_is_restricted_since(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        loader = type("Open", (ExomePipe,), {"outputs": Linked("sample.exome", every=Files("bam"))})()
        engine = Engine.of(magma, "dt_lung", [loader])
        upload_normal(warehouse)
        engine.judge_names("patient", ["DTL001"], now=this_instant())
        upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1")[:1])
        warehouse.load({"patient": {"DTL001": {"restricted": True}}})

        engine.judge_names("patient", ["DTL001"], now=this_instant())

        ended = Suggestion.objects.get()
        assert (ended.status, ended.restricted) == ("closed", False)
        assert ended.because == "No longer ready; why is restricted."

    @pytest.mark.parametrize("marks", [(True, False), (False, True)])
    def test_one_on_what_stands_above_all_that_is_read_reaches_it_by_the_journal(
        self, magma: Magma, warehouse: RunningWarehouse, marks: tuple[bool, bool]
    ) -> None:
        engine = Engine.of(magma, "dt_lung", [Tubes()])
        seen = []

        for mark in marks:
            warehouse.load({"patient": {"DTL001": {"restricted": mark}}})
            changes.tell("dt_lung", {"patient": ["DTL001"]}, now=this_instant())
            scans.judge_pending(magma, "dt_lung", clock=this_instant, engine=engine)
            seen.append(Suggestion.objects.standing().get(anchor=TUMOR_EXOME).restricted)

        assert tuple(seen) == marks

    def test_an_attribute_that_becomes_restricted_marks_what_stands_though_no_record_was_written(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        engine = Engine.of(magma, "dt_lung", [OPEN])
        for _ in range(2):
            engine.judge_names("patient", ["DTL001"], now=a_minute_later())
        before = Suggestion.objects.get().restricted

        hiding(engine, "exome", "raw_fastqs").judge_names("patient", ["DTL001"], now=a_minute_later())

        assert (before, Suggestion.objects.get().restricted) == (False, True)

    def test_a_link_that_is_restricted_restricts_what_is_read_along_it(self, magma: Magma) -> None:
        engine = Engine.of(magma, "dt_lung", [OPEN])

        hidden = hiding(engine, "patient", "sample")

        assert not restriction.reads_restricted(OPEN, engine.shapes)
        assert restriction.reads_restricted(OPEN, hidden.shapes)

    def test_why_is_not_told_of_a_restricted_record_nor_why_a_loader_fails_on_it(
        self, magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        warehouse.load({"patient": {"DTL001": {"restricted": True}}})
        known: dict[str, Loader] = {"tubes": Tubes(), "failing": Failing()}
        monkeypatch.setattr(registry, "current", lambda: Registry(known))
        monkeypatch.setattr(apart, "explain", explaining.explain)

        told = {
            perm: [why(perm, loader, TUMOR_EXOME).status_code for loader in known] for perm in (LOWER, UPPER)
        }

        assert told == {LOWER: [404, 404], UPPER: [200, 200]}
        assert why(LOWER, "tubes", "DTL002.T1.exome").status_code == 200

    def test_what_may_hide_what_is_read_is_scanned_for_changes(self, magma: Magma) -> None:
        engine = Engine.of(magma, "dt_lung", [Tubes()])

        assert scans.models_read(engine) == ["exome", "patient", "sample"]
