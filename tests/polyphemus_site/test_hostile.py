"""Hostile names, reasons and forms through every page, mail and list of the admin: text stays text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from dispatch.services import requests
from loaders.models import Gap, ScanRun, Suggestion
from loaders.services import suggestions
from loaders.states import ScanKind, Verdict
from polyphemus_site.janus.people import Person
from polyphemus_site.mail import outbox
from polyphemus_site.mail.kinds import kinds
from polyphemus_site.mail.messages import compose
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from tests.loaders.rows import desk, propose
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db
TAG = "<img src=x onerror=alert(1)>"
HOSTILE = f"{TAG}\"'`{{{{ 7|add:7 }}}}<script>alert(2)</script>\u202egnp.\u2066\nBcc: x@evil.example"
LONG = HOSTILE * 80
PERSON = "dr.who@ucsf.edu"


class Tags(HTMLParser):
    """Collects what a browser would take for more than text."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An image nobody drew, a script without an address, an address or attribute that runs."""
        told = dict(attrs)
        runs = [
            name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "").lower()
        ]
        loose = tag == "script" and "src" not in told and told.get("type") != "application/json"
        if tag == "img" or loose or runs:
            self.found.append(self.get_starttag_text() or tag)


@pytest.fixture(autouse=True)
def everywhere(settings: Settings, now: datetime) -> None:
    """Every row a page shows, with hostile text wherever a person or the warehouse may write."""
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.ALLOWED_HOSTS = ["*"]
    tree = {
        "needs": {
            "passed": False,
            "check": "all",
            "says": LONG,
            "whom": HOSTILE,
            "parts": [{"check": "files", "passed": True, "says": HOSTILE}],
        }
    }
    proposal = propose(
        HOSTILE,
        reason=LONG,
        config={"inputs": [HOSTILE], "params": {HOSTILE: LONG}},
        receipt={"anchors": {HOSTILE: tree}},
    )
    desk(now).open([proposal])
    one = Suggestion.objects.get()
    suggestions.wave_away(one, person="rival@ucsf.edu", reason=LONG, now=now)
    request = requests.submit(
        analysis="exome_pipe",
        project="dt_lung",
        inputs=["x"],
        params={"note": TAG},
        requester=PERSON,
        name="hostile",
        now=now,
    )
    requests.cancel(request, actor=PERSON, note=LONG[:5000], now=now)
    AnalysisRequest.objects.filter(pk=request.pk).update(analyst=HOSTILE[:100])
    rows.orphan(HOSTILE, now=now, project="dt_lung", former_parent=HOSTILE, cause_note=HOSTILE).save()
    ScanRun.objects.create(
        kind=ScanKind.FULL,
        project="dt_lung",
        model=HOSTILE[:100],
        started_at=now,
        error=LONG,
        faults={HOSTILE: LONG},
    )
    gap = {"loader": "exome_pipe", "model": "patient", "project": "dt_lung", "verdict": Verdict.WAITING}
    names = {"anchors": [HOSTILE], "restricted_anchors": [], "count": 1, "restricted_count": 0}
    Gap.objects.create(**gap, **names, label=LONG, whom=HOSTILE, restricted_loader=False, counted_at=now)
    decisions.change("dt_lung", Decided(loaders_off=(HOSTILE[:100],)), actor=HOSTILE[:200], now=now)
    outbox.write(kind="digest", recipient=PERSON, context={"project": HOSTILE, "cards": []}, key="k", now=now)


def visitor(perm: str = "A:dt_lung") -> Client:
    client = Client(raise_request_exception=False)
    client.cookies["JANUS_TOKEN"] = token(PERSON, perm, name=HOSTILE)
    return client


def places() -> Iterator[tuple[str, str]]:
    """Every page that is asked for by GET, with what its address needs."""
    known = {"project": "dt_lung", "name": "hostile", "kind": "digest", "token": "x"}
    for pattern in _patterns(get_resolver().url_patterns):
        wanted = pattern.pattern.converters
        if pattern.name and set(wanted) <= {*known, "pk"}:
            yield (
                pattern.name,
                reverse(
                    pattern.name, kwargs={key: known.get(key, "PK") if key != "pk" else 1 for key in wanted}
                ),
            )


def _patterns(found: list[Any], prefix: str = "") -> Iterator[URLPattern]:
    for one in found:
        if not isinstance(one, URLPattern):
            if str(one.pattern) not in {"admin/", "api/v1/"} and one.app_name != "admin":
                yield from _patterns(one.url_patterns)
        else:
            yield one


PLACES = dict(places())


@pytest.mark.parametrize("name", PLACES)
def test_no_page_takes_text_for_anything_else(name: str) -> None:
    address = PLACES[name].replace("/1", f"/{Suggestion.objects.get().pk}")

    answer = visitor().get(
        address, {"loader": "exome_pipe", "record": HOSTILE, "text": HOSTILE, "model": HOSTILE}
    )

    assert answer.status_code < 500
    if answer.get("Content-Type", "").startswith("text/html"):
        assert Tags(answer.content.decode()).found == []


def test_pages_of_every_kind_are_among_them() -> None:
    assert {"home", "project", "suggestions_page", "suggestion_page", "requests_page", "request_page"} <= set(
        PLACES
    )
    assert {"orphans_page", "waiting_page", "scans_page", "usefulness_page", "project_settings"} <= set(
        PLACES
    )


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_no_list_of_the_admin_takes_text_for_anything_else(model: type[models.Model]) -> None:
    about = model._meta
    client = visitor("a:administration;A:dt_lung")
    listing = reverse(f"admin:{about.app_label}_{about.model_name}_changelist")
    pages = [listing, f"{listing}?q={'x' * 50}"]
    pages += [
        reverse(f"admin:{about.app_label}_{about.model_name}_change", args=[row.pk])
        for row in model._default_manager.all()[:2]
    ]

    answers = [client.get(page) for page in pages]

    assert all(answer.status_code < 500 for answer in answers)
    for answer in answers:
        page = answer.content.decode()
        assert "<img src=x" not in page
        assert "<script>alert" not in page


@pytest.mark.parametrize("kind", kinds())
def test_no_mail_takes_text_for_anything_else(kind: str, now: datetime) -> None:
    context = {name: _hostile(value) for name, value in kinds()[kind].example.items()}

    mail = compose(outbox.write(kind=kind, recipient=PERSON, context=context, key=f"hostile-{kind}", now=now))

    html = str(mail.alternatives[0][0])
    assert Tags(html).found == []
    assert "\n" not in mail.subject
    assert "\u202e" not in mail.subject
    assert mail.to == [PERSON]
    assert "Bcc" not in mail.message()


def _hostile(value: Any) -> Any:
    if isinstance(value, str):
        return HOSTILE
    return [_hostile(item) for item in value] if isinstance(value, list) else value


#: A form's address, and its fields; each field in turn is replaced by what makes no sense.
FORMS: dict[str, dict[str, str]] = {
    "/dt_lung/suggestions/PK/accept": {"name": "a"},
    "/dt_lung/suggestions/PK/dismiss": {"for": "me", "reason": "no"},
    "/dt_lung/suggestions/PK/snooze": {"until": "2027-01-01T00:00"},
    "/dt_lung/requests/hostile/cancel": {"note": "x"},
    "/dt_lung/requests/hostile/help": {"note": "x"},
    "/dt_lung/requests/hostile/extend": {"minutes": "5"},
    "/dt_lung/requests/hostile/message": {"text": "x"},
    "/dt_lung/digest": {"wanted": "yes", "hour": "8"},
    "/dt_lung/settings": {"version": "1", "digest_hour": "8", "digest_zone": "UTC", "most_open_requests": ""},
    "/dt_lung/orphans/reviews": {"model": "", "cause": "", "status": "", "text": "", "orphan": "1"},
    "/-/mail": {"quiet_from": "", "quiet_until": "", "zone": "UTC", "daily_cap": "3", "kinds": "digest"},
}
NONSENSE = {
    "a NUL": "a\x00b",
    "half a character": "\ud800",
    "hostile": HOSTILE,
    "long": "x" * 20_000,
    "a huge number": "9" * 40,
    "a negative number": "-1",
    "digits of another script": "٣",
    "an odd instant": "0000-00-00T99:99",
}


@pytest.mark.parametrize("what", NONSENSE)
@pytest.mark.parametrize("address", FORMS)
def test_no_form_crashes_on_what_makes_no_sense(address: str, what: str) -> None:
    place = address.replace("PK", str(Suggestion.objects.get().pk))
    text = NONSENSE[what].encode("utf-8", "surrogatepass")

    for field in FORMS[address]:
        form = {key: value.encode() for key, value in FORMS[address].items()} | {field: text}
        answer = visitor().post(place, form)
        assert answer.status_code < 500, field


def test_somebody_is_called_by_a_hostile_name() -> None:
    assert Person(PERSON, name=HOSTILE).name == HOSTILE
    page = visitor().get("/").content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
