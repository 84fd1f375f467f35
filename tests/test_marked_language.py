"""Whatever people read comes from a catalogue: in strange letters nothing plain is left but data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import gettext
from pytest_django import Settings

from polyphemus_site.mail import outbox
from polyphemus_site.mail.kinds import kinds
from polyphemus_site.mail.messages import compose
from polyphemus_site.mail.models import Mailbox
from tests.browser import lively
from tests.marked import LANGUAGE, Text, plain_words, read, sentences
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("strange")]

#: Words of the world that is shown, and names that are the same in every language.
DATA = {
    *("labors", "ipi", "patient", "exome", "exomes", "sample", "victim", "vcf", "LABORS", "LOST", "print"),
    *("ID", "Search"),  # Django's own admin: the same in German, and forgotten
    *("HTTP Message Signatures", "RFC", "True", "False", "None"),
    *("Polyphemus", "polyphemus", "Magma", "UTC", "Deutsch", "English", "JSON", "America", "Los", "Angeles"),
    *("The Doctor", "redcap", "metis", "mapping", "cellranger", "Done elsewhere", "Not needed"),
    *(lively.REASON, "the core", "fastqs of the normal", "vcf is empty", "has 2 files in"),
    *("both mates of every fastq are there",),
}
MOST_ALIKE = 2
LINK = re.compile(r'(?:href|src)="([^"]+)"')


@pytest.fixture(autouse=True)
def labors(settings: Settings, now: datetime) -> lively.Lively:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY, settings.POLYPHEMUS_JANUS_URL = public_key(), ""
    return lively.make("labors", now)


def visitor(perm: str = "A:labors;v:ipi") -> Client:
    client = Client(headers={"Accept-Language": LANGUAGE}, raise_request_exception=False)
    client.cookies["JANUS_TOKEN"] = token(lively.DOCTOR, perm)
    return client


def kind_of(address: str) -> tuple[str, ...] | None:
    """Which page it is, and how it is asked; None for what is no page of ours."""
    parts = urlsplit(address)
    try:
        return (resolve(parts.path).view_name, *sorted(parse_qs(parts.query)))
    except Resolver404:
        return None


def walk(client: Client, *starts: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, list[str]]]:
    """Every kind of page that links lead to, and what is read there."""
    waiting, met, alike = list(starts), set(starts), Counter[tuple[str, ...]]()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if kind is None or alike[kind] >= MOST_ALIKE:
            continue
        alike[kind] += 1
        answer = client.get(address, follow=True)
        media = answer.headers.get("Content-Type", "")
        if answer.streaming or "html" not in media:
            continue
        yield address, read(answer.content, media)
        for found in LINK.findall(answer.content.decode()):
            place = urljoin(address, found.replace("&amp;", "&")).partition("#")[0]
            if place.startswith("/") and wanted(place) and place not in met:
                met.add(place)
                waiting.append(place)


def left_plain(walked: Iterator[tuple[str, list[str]]]) -> dict[str, str]:
    """Each text with plain words that are no data, and where it was first met."""
    met: dict[str, str] = {}
    for address, texts in walked:
        for text in plain_words(texts, DATA):
            met.setdefault(text, address)
    return met


def test_nothing_on_any_page_is_outside_the_catalogues() -> None:
    pages = walk(visitor(), "/", "/-/mail/previews", wanted=lambda place: not place.startswith("/admin/"))

    assert left_plain(pages) == {}


def told_examples(kind: str) -> list[str]:
    """What an example fills in, less what is told in the reader's language; a digest is written in it."""
    examples = list(sentences(dict(kinds()[kind].example)))
    return examples if kind == "digest" else [text for text in examples if gettext(text) == text]


@pytest.mark.parametrize("kind", kinds())
def test_nothing_in_a_mail_is_outside_the_catalogues(kind: str, now: datetime) -> None:
    Mailbox.objects.create(address=lively.DOCTOR, language=LANGUAGE)
    example = dict(kinds()[kind].example)
    notice = outbox.write(kind=kind, recipient=lively.DOCTOR, context=example, key="k", now=now)

    mail = compose(notice)
    with translation.override(LANGUAGE):
        known = DATA | set(told_examples(kind)) | {"POST"}

    texts = [str(mail.subject), *str(mail.body).splitlines(), *Text(str(mail.alternatives[0][0])).found]
    assert plain_words(texts, known) == []


#: What people's browsers may be refused, each by another part.
SENT = {"content_type": "application/json"}
REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "no such record": ("get", "/api/v1/suggestions/999999", {}),
    "no such address": ("get", "/api/v1/nowhere", {}),
    "another method": ("delete", "/api/v1/suggestions", {}),
    "another form": ("get", "/api/v1/requests", {"headers": {"Accept": "application/pdf"}}),
    "no JSON": ("post", "/api/v1/reviews", {"data": "{", **SENT}),
    "another type": ("post", "/api/v1/reviews", {"data": "a=b", "content_type": "text/plain"}),
    "a list where an object belongs": ("post", "/api/v1/reviews", {"data": [1], **SENT}),
    "names that are unknown": ("post", "/api/v1/reviews", {"data": {"x": 1}, **SENT}),
    "an unknown status": ("get", "/api/v1/suggestions?project=labors&status=odd", {}),
    "an unknown parameter": ("get", "/api/v1/requests?odd=1", {}),
    "a project of others": ("get", "/api/v1/orphans?project=of_others", {}),
    "an odd cursor": ("get", "/api/v1/requests?cursor=odd", {}),
    "a dotted path": ("get", "/api/v1//suggestions", {}),
    "a page of others": ("get", "/of_others/suggestions", {}),
    "a page for admins": ("get", "/ipi/settings", {}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_in_a_refusal_is_outside_the_catalogues(what: str) -> None:
    method, address, more = REFUSED[what]
    answer = (
        visitor().generic(method.upper(), address)
        if not more
        else getattr(visitor(), method)(address, **more)
    )

    media = answer.headers["Content-Type"]
    known = DATA | {"open", "snoozed", "accepted", "dismissed", "closed", "status", "JSON"}
    if "json" in media:
        document = answer.json()
        told = [document["title"], document.get("detail", "")]
    else:
        told = read(answer.content, media)
    assert answer.status_code >= 400
    assert plain_words(told, known) == []


def test_nothing_in_the_admin_is_outside_the_catalogues() -> None:
    admin = visitor("a:administration;A:labors")
    pages = walk(admin, "/admin/", wanted=lambda place: place.startswith("/admin/") and "?" not in place)

    assert left_plain(pages) == {}
