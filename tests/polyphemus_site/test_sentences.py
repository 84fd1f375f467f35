"""What is kept is a message and its values; what is read is in the reader's language."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as some
from pytest_django import Settings

from loaders.checks import Files, Present
from loaders.models import Suggestion, SuggestionEvent
from loaders.services import suggestions
from polyphemus_site.sentences import Sentence, form_of, from_form, told
from tests.loaders.pages import patients
from tests.loaders.rows import suggested
from tests.polyphemus_site.janus.tokens import public_key, token

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NESTED = Sentence("Waiting for %(what)s.", what=[Sentence("the output is missing"), "100 % of DTL001"])
TEXTS = some.text(max_size=20).filter(lambda text: "\0" not in text)


@pytest.fixture
def german() -> Any:
    with translation.override("de"):
        yield


class TestTold:
    def test_by_itself_it_is_english(self, german: None) -> None:
        assert NESTED == "Waiting for the output is missing; 100 % of DTL001."

    def test_it_is_told_in_the_language_of_the_reader_and_all_its_parts_are(self, german: None) -> None:
        assert told(NESTED) == "Es fehlt: das Ergebnis fehlt; 100 % of DTL001."

    def test_what_somebody_typed_is_never_translated(self, german: None) -> None:
        assert told("The output appeared.") == "The output appeared."

    def test_an_authors_own_words_need_no_catalogue(self, german: None) -> None:
        assert told(Sentence("100% of %(what)s")) == "100% of %(what)s"


@given(some.recursive(TEXTS | some.integers(), lambda inner: some.lists(inner, max_size=3), max_leaves=5))
def test_what_is_kept_comes_back_whatever_fills_it(value: Any) -> None:
    sentence = Sentence("%(label)s: %(detail)s", label=Sentence("fastqs"), detail=value)

    back = from_form(json.loads(json.dumps(form_of(sentence))))

    assert (back, back.message, back.values) == (sentence, sentence.message, sentence.values)


@pytest.mark.parametrize("value", [{"say": 1}, {}, None, float("nan"), 1.5, NOON, Decimal(1), {1}])
def test_what_a_labs_code_fills_in_is_kept_as_its_text(value: Any) -> None:
    sentence = Sentence("found %(value)s", value=value)

    kept = json.dumps(form_of(sentence), allow_nan=False)

    assert from_form(json.loads(kept)) == sentence == f"found {value}"


@pytest.mark.django_db
class TestKept:
    @pytest.fixture
    def reader(self, settings: Settings) -> Client:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        client = Client(headers={"Accept-Language": "de"})
        client.cookies["JANUS_TOKEN"] = token(perm="a:dt_lung")
        return client

    @pytest.fixture
    def suggestion(self) -> Suggestion:
        half = Sentence("no vcf yet")
        reason = Sentence(
            "%(ready)s; %(half)s.", ready=Sentence("Tumor and normal fastqs are there"), half=half
        )
        found = suggested("DTL001", NOON)
        needs = Files("files").named("fastqs", whom="the sequencing core") & Present("physician")
        finding = needs.explain(patients(DTL001={}), 0)
        found.receipt = {"anchors": {"DTL001": {"needs": finding.as_json()}}}
        found.reason = reason
        found.save()
        return found

    def test_pages_tell_a_reason_and_its_tree_in_the_readers_language(
        self, reader: Client, suggestion: Suggestion
    ) -> None:
        listed = reader.get("/dt_lung/suggestions").content.decode()
        page = reader.get(f"/dt_lung/suggestions/{suggestion.pk}").content.decode()

        for shown in (listed, page):
            assert "Fastqs von Tumor und Normalgewebe sind da; noch kein VCF." in shown
        assert "physician ist vorhanden" in page
        assert "Fastqs: files: fertige Dateien: 0, erwartet: mindestens 1" in page
        assert "die Sequenziereinheit" in page

    def test_the_admin_tells_them_in_the_readers_language_and_never_as_they_are_kept(
        self, reader: Client, suggestion: Suggestion
    ) -> None:
        suggestions.snooze(suggestion, person="curator@ucsf.edu", until=None, now=NOON)
        event = SuggestionEvent.objects.latest("id")
        listed = reader.get("/admin/loaders/suggestion/").content.decode()
        one = reader.get(f"/admin/loaders/suggestion/{suggestion.pk}/change/").content.decode()
        history = [
            reader.get(f"/admin/loaders/suggestionevent/{place}").content.decode()
            for place in ("", f"{event.pk}/change/")
        ]

        assert "noch kein VCF." in listed
        assert "noch kein VCF." in one
        assert "files: fertige Dateien: 0" in one
        assert "%(attribute)s" not in one
        assert all("Bis sich etwas ändert." in page for page in history)

    def test_the_api_tells_people_in_their_language_and_others_in_english(
        self, reader: Client, suggestion: Suggestion
    ) -> None:
        address = f"/api/v1/suggestions/{suggestion.pk}"
        german = reader.get(address).json()
        english = reader.get(address, headers={"Accept-Language": "en"}).json()

        assert german["reason"] == "Fastqs von Tumor und Normalgewebe sind da; noch kein VCF."
        assert english["reason"] == "Tumor and normal fastqs are there; no vcf yet."
        assert "files: fertige Dateien" in json.dumps(german["receipt"])
        assert "files: finished files" in json.dumps(english["receipt"])

    def test_history_keeps_no_language(self, reader: Client, suggestion: Suggestion, german: None) -> None:
        suggestions.snooze(suggestion, person="curator@ucsf.edu", until=None, now=NOON)

        kept = SuggestionEvent.objects.latest("id").note

        assert kept == "Until something changes."
        assert told(kept) == "Bis sich etwas ändert."
        assert (
            "Bis sich etwas ändert." in reader.get(f"/dt_lung/suggestions/{suggestion.pk}").content.decode()
        )

    def test_what_ends_without_a_loaders_word_is_told_in_the_readers_language(
        self, reader: Client, suggestion: Suggestion
    ) -> None:
        suggestions.close_hidden("dt_lung", "patient", ["DTL001"], now=NOON)

        page = reader.get(f"/dt_lung/suggestions/{suggestion.pk}").content.decode()

        assert "Magma zeigt den Datensatz nicht mehr" in page

    def test_what_a_person_typed_is_kept_as_typed(self, suggestion: Suggestion, german: None) -> None:
        suggestions.dismiss(suggestion, person="curator@ucsf.edu", reason="the lab", now=NOON)

        assert told(Suggestion.objects.get().because) == "the lab"
