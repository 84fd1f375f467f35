"""Whatever people read can be read in every language we have, and nothing was forgotten."""

from __future__ import annotations

import ast
import gettext as plain_gettext
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from dispatch.services.configs import FAULTS
from loaders.errors import LoaderError
from polyphemus_analyst.wording import MESSAGES
from polyphemus_site import labels
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.mail import outbox
from polyphemus_site.mail.messages import compose
from polyphemus_site.mail.models import Mailbox
from tests.polyphemus_site.janus.tokens import public_key, token
from tests.system_packages import program

ROOT = Path(__file__).resolve().parents[1]
OTHERS = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PACKAGES = ("polyphemus_site", "loaders", "dispatch", "orphans", "magma")
PLACE = re.compile(r"%\((\w+)\)[sdr]|%[sd]|\{(\w+)\}")


def catalogue(language: str, root: Path = ROOT) -> Catalog:
    with (root / f"locale/{language}/LC_MESSAGES/django.po").open("rb") as source:
        return read_po(source, locale=language)


def texts(one: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [one] if isinstance(one, str) else list(one or [""])


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, with every sentence gathered anew, as `make messages` does."""
    program("xgettext", package="gettext")
    copy = tmp_path_factory.mktemp("sources")
    leave = shutil.ignore_patterns("__pycache__", "*.pyc")
    for folder in (*PACKAGES, "locale"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=leave)
    shutil.copy(ROOT / "manage.py", copy)
    command = [sys.executable, "manage.py", "makemessages", "--all", "--no-location", "--no-wrap"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)  # noqa: S603 — a command of our own
    return copy


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_sources_is_translated(gathered: Path, language: str) -> None:
    found = catalogue(language, gathered)
    forgotten = [one.id for one in found if one.id and (one.fuzzy or not all(texts(one.string)))]

    assert forgotten == [], "Run `make messages` and translate these."


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_keeps_every_place_that_is_filled_in(language: str) -> None:
    for one in catalogue(language):
        if one.id:
            wanted = {place for text in texts(one.id) for place in PLACE.findall(text)}
            assert {place for text in texts(one.string) for place in PLACE.findall(text)} == wanted, one.id


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    compiled = ROOT / f"locale/{language}/LC_MESSAGES/django.mo"
    with compiled.open("rb") as source:
        spoken = plain_gettext.GNUTranslations(source)

    for one in catalogue(language):
        if isinstance(one.id, str):
            assert not one.id or spoken.gettext(one.id) == one.string
        else:
            one_and_many = [spoken.ngettext(one.id[0], one.id[1], number) for number in (1, 2)]
            assert one_and_many == texts(one.string)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_counted_is_said_of_one_and_of_many(language: str) -> None:
    counted = re.compile(r"%\((count|counter|number)\)s (\w+ )?(?!is\b)\w+s\b")

    assert [one.id for one in catalogue(language) if isinstance(one.id, str) and counted.search(one.id)] == []


#: Loaders' authors read these, in the language they wrote their loader in.
FOR_AUTHORS = LoaderError
#: A whole message, in words only where it is put together: what others have said, or said elsewhere.
PASSED_ON = re.compile(r"(str\(error\)|f'\{error\}\.'|[a-z_.]+( % .*)?)", re.S)


def families(*names: type[Exception]) -> set[str]:
    below = [set(one.__subclasses__()) for one in names]
    return {one.__name__ for one in names}.union(*(families(*some) for some in below if some))


def untranslatable(source: Path) -> Iterator[str]:
    """What the errors raised in a file say that is in no catalogue."""
    refusals = families(PolyphemusError) - families(FOR_AUTHORS)
    for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and call.args:
            said = ast.unparse(call.args[0])
            is_refusal = ast.unparse(call.func).rpartition(".")[2] in refusals
            if is_refusal and not re.match(r"(_|gettext|ngettext)\(", said) and not PASSED_ON.fullmatch(said):
                yield f"{source.relative_to(ROOT)}:{call.lineno}: {said}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_refusal_holds_words_nobody_can_translate(package: str) -> None:
    sources = [
        path for path in (ROOT / package).rglob("*.py") if not {"migrations", "management"} & {*path.parts}
    ]

    assert [found for source in sources for found in untranslatable(source)] == []


def test_what_the_judge_of_params_says_can_be_told_in_every_language() -> None:
    assert {str(message) for message in FAULTS} == set(MESSAGES)


def test_what_the_admin_shows_can_be_told_in_every_language() -> None:
    same = {"Ed25519", "HMAC with SHA-256", "HTTP Message Signatures (RFC 9421)", "sha256", "Deutsch"}

    for language in OTHERS:
        known = {text for one in catalogue(language) for text in texts(one.id)}
        assert labels.shown() - known - same == {"English"}


def test_no_name_is_kept_for_the_catalogues_that_nothing_is_called() -> None:
    assert set(labels.NAMES) - labels.shown() == set()


TAGS = (
    r"\{#.*?#\}",
    r"\{% comment.*?endcomment %\}",
    r"\{% blocktranslate.*?endblocktranslate %\}",
    r"\{%.*?%\}",
    r"\{\{.*?\}\}",
)
MARKED = re.compile("|".join(TAGS), re.S)
#: Words that are the same in every language.
NAMES = {"Polyphemus", "UTC", "SHA"}


@pytest.mark.parametrize(
    "template",
    sorted(
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("templates/**/*.html")
    ),
)
def test_no_template_holds_words_nobody_can_translate(template: str) -> None:
    source = (ROOT / template).read_text(encoding="utf-8")
    visible = re.sub(
        r"<(script|style).*?</\1>|<!--.*?-->|<!DOCTYPE[^>]*>", " ", MARKED.sub(" ", source), flags=re.S
    )
    words = re.findall(r"[A-Za-z]{3,}", re.sub(r"&\w+;", " ", re.sub(r"<[^>]*>", " ", visible)))

    assert [word for word in words if word not in NAMES] == []


#: Words of German that stood for more than one thing, or for the same as another: see the glossary.
NOT_SAID = re.compile(
    r"\b(Verwaisten?r?|Abblas\w*|abgeblasen|Durchg[aä]ng\w*|Auftraggeberin|Adoption|Version(en)?|du|dein\w*)\b|!"
)


def test_german_has_one_word_for_each_thing_and_never_shouts() -> None:
    said = [text for one in catalogue("de") if one.id for text in texts(one.string)]

    assert [text for text in said if NOT_SAID.search(text)] == []


#: What is written in capitals everywhere, and the parts of a tube's name.
ABBREVIATIONS = (
    *("SELECT", "UPDATE", "DELETE", "POST", "HMAC", "JSON", "ASCII", "HTTP", "CITE", "SAMPLE", "COMPARTMENT"),
)


def test_english_never_shouts() -> None:
    said = [text for one in catalogue("de") for text in texts(one.id)]
    loud = re.compile(rf"!|\b(?!{'|'.join(ABBREVIATIONS)})[A-Z]{{4,}}\b")

    assert [text for text in said if loud.search(text)] == []


@pytest.mark.django_db
class TestSpeaking:
    @pytest.fixture
    def visitor(self, settings: Settings) -> Client:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        client = Client(headers={"Accept-Language": "de-CH,de;q=0.9"})
        client.cookies["JANUS_TOKEN"] = token(perm="e:labors")
        return client

    def test_a_page_speaks_the_browsers_language(self, visitor: Client) -> None:
        answer = visitor.get("/labors/")

        assert '<html lang="de">' in answer.content.decode()
        assert "Tagesübersicht" in answer.content.decode()
        assert "Accept-Language" in answer["Vary"]

    def test_a_language_we_do_not_have_is_english(self, visitor: Client) -> None:
        page = visitor.get("/labors/", headers={"Accept-Language": "fr"}).content.decode()

        assert '<html lang="en">' in page

    def test_a_refusal_of_a_page_is_in_its_readers_language(self, visitor: Client) -> None:
        page = visitor.get("/labors/requests/unheard-of").content.decode()

        assert "Nicht gefunden" in page
        assert "Einen solchen Auftrag gibt es nicht." in page

    def test_the_api_refuses_a_person_in_their_language_with_the_same_code(self, visitor: Client) -> None:
        german = visitor.get("/api/v1/suggestions?project=labors&status=odd")
        english = visitor.get(
            "/api/v1/suggestions?project=labors&status=odd", headers={"Accept-Language": "en"}
        )

        assert german.json()["detail"].startswith("status muss eines von diesen sein: ")
        assert english.json()["detail"].startswith("status must be one of ")
        assert german.json()["code"] == english.json()["code"] == "unknown_status"
        assert german["Content-Language"] == "de"

    def test_what_is_refused_before_any_view_is_in_the_callers_language_too(self, visitor: Client) -> None:
        visitor.get("/labors/")
        answer = visitor.get("/api/v1//suggestions", headers={"Accept-Language": "en"})

        assert answer.json()["title"] == "Bad Request"

    @pytest.mark.parametrize(
        "signed",
        [
            {"headers": {"X-Etna-Signature": "none of ours"}},
            {"headers": {"Signature-Input": "none of ours"}},
            {"query_params": {"X-Etna-Signature": "none of ours"}},
        ],
    )
    def test_a_program_that_signs_hears_english(self, visitor: Client, signed: dict[str, Any]) -> None:
        answer = visitor.get("/api/v1/requests", **signed)

        assert answer.json()["title"] == "Unauthorized"
        assert "Content-Language" not in answer

    def test_mail_is_in_the_language_its_reader_chose(self, visitor: Client, now: datetime) -> None:
        form = {"language": "de", "zone": "UTC", "daily_cap": 20, "kinds": ["digest"]}
        visitor.post("/-/mail", form)
        context = {"project": "labors", "cards": []}

        mail = compose(
            outbox.write(kind="digest", recipient="dr.who@ucsf.edu", context=context, key="k", now=now)
        )

        assert Mailbox.objects.get().language == "de"
        assert "Was Sie in labors braucht:" in str(mail.body)
        assert '<html lang="de">' in str(mail.alternatives[0][0])
