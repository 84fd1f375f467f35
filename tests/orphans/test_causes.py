"""How an orphan came about, told from journal entries shaped as a real Magma sends them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from magma.disconnected import Found
from magma.templates import Template
from orphans.services.causes import Entry, Story, tell
from orphans.states import Cause

RECORDINGS = Path(__file__).parent / "recordings"
SEED = Path(__file__).parents[2] / "magma" / "demo" / "seed" / "templates_labors.json"
MOMENT = datetime(2026, 11, 23, 6, 36, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    models = json.loads(SEED.read_text())["models"]
    return {name: msgspec.convert(model["template"], Template) for name, model in models.items()}


def entry(
    number: int, documents: dict[str, Any], *, at: datetime = MOMENT, user: str = "editor@ucsf.edu"
) -> Entry:
    return Entry(number, user, at, documents)


def story(templates: dict[str, Template], found: Found, *entries: Entry) -> Story:
    return tell(found, template=templates["victim"], templates=templates, entries=entries)


class TestTell:
    def test_an_emptied_parent_names_who_did_it_and_the_parent_before(
        self, templates: dict[str, Template]
    ) -> None:
        made = entry(1, {"victim": {"V": {"monster": "Lion"}}}, at=MOMENT - HOUR)
        cleared = entry(2, {"victim": {"V": {"name": "V", "monster": None}}})

        told = story(templates, Found("V", MOMENT, MOMENT - HOUR), cleared, made)

        assert (told.cause, told.former_parent) == (Cause.PARENT_CLEARED, "Lion")
        assert (told.appeared_by, told.appeared_at, told.journal_entry) == ("editor@ucsf.edu", MOMENT, 2)

    def test_one_left_out_of_a_rewritten_collection_was_below_that_parent(
        self, templates: dict[str, Template]
    ) -> None:
        rewritten = entry(
            3, {"monster": {"Hydra": {"victim": ["A", "B"]}}, "victim": {"V": {"monster": None}, "A": {}}}
        )

        told = story(templates, Found("V", MOMENT, MOMENT - HOUR), rewritten)

        assert (told.cause, told.former_parent) == (Cause.LEFT_OUT, "Hydra")

    def test_of_two_rewritten_collections_the_journal_says_which(
        self, templates: dict[str, Template]
    ) -> None:
        before = entry(1, {"monster": {"Lion": {"victim": ["V"]}}}, at=MOMENT - HOUR)
        rewritten = entry(
            3,
            {
                "monster": {"Hydra": {"victim": []}, "Lion": {"victim": []}},
                "victim": {"V": {"monster": None}},
            },
        )

        told = story(templates, Found("V", MOMENT, MOMENT - HOUR), rewritten, before)

        assert (told.cause, told.former_parent) == (Cause.LEFT_OUT, "Lion")

    def test_of_two_rewritten_collections_nobody_guesses(self, templates: dict[str, Template]) -> None:
        rewritten = entry(
            3,
            {
                "monster": {"Hydra": {"victim": []}, "Lion": {"victim": []}},
                "victim": {"V": {"monster": None}},
            },
        )

        told = story(templates, Found("V", MOMENT, MOMENT - HOUR), rewritten)

        assert (told.cause, told.former_parent) == (Cause.LEFT_OUT, "")

    def test_a_new_record_without_a_parent_was_created_so(self, templates: dict[str, Template]) -> None:
        created = entry(4, {"victim": {"V": {"name": "V", "weapon": "club"}}})

        told = story(templates, Found("V", MOMENT, MOMENT), created)

        assert told.cause is Cause.CREATED_WITHOUT_PARENT

    def test_a_link_to_a_missing_record_makes_one(self, templates: dict[str, Template]) -> None:
        linked = entry(5, {"monster": {"Lion": {"reference_monster": "Ghost"}}})

        told = tell(
            Found("Ghost", MOMENT, MOMENT),
            template=templates["monster"],
            templates=templates,
            entries=[linked],
        )

        assert told.cause is Cause.MADE_BY_LINK
        assert "Lion" in told.note

    def test_a_record_written_once_and_never_told_of_is_what_a_failed_update_leaves(
        self, templates: dict[str, Template]
    ) -> None:
        told = story(
            templates, Found("NEW-3", MOMENT, MOMENT), entry(6, {"victim": {"Other": {"monster": "L"}}})
        )

        assert told.cause is Cause.FAILED_UPDATE

    def test_a_journal_that_heard_nothing_at_all_blames_nothing(self, templates: dict[str, Template]) -> None:
        told = story(templates, Found("V", MOMENT, MOMENT - HOUR))

        assert told.cause is Cause.UNKNOWN

    def test_the_journals_last_parent_is_kept_when_the_change_went_unheard(
        self, templates: dict[str, Template]
    ) -> None:
        told = story(
            templates,
            Found("V", MOMENT, MOMENT - HOUR),
            entry(1, {"monster": {"Lion": {"victim": ["V", "W"]}}}, at=MOMENT - HOUR),
        )

        assert (told.cause, told.former_parent) == (Cause.PARENT_CLEARED, "Lion")

    def test_the_real_magmas_entry_about_a_rewritten_collection_is_understood(
        self, templates: dict[str, Template]
    ) -> None:
        recorded = json.loads((RECORDINGS / "webhook_update_parent_collection_replace.json").read_text())
        models = recorded["request"]["payload_decoded"]["models"]
        documents = {name: model["documents"] for name, model in models.items()}
        rewritten = next(iter(documents["monster"]))

        told = story(templates, Found("LABORS-VICTIM-020", MOMENT, MOMENT - HOUR), entry(7, documents))

        assert (told.cause, told.former_parent) == (Cause.LEFT_OUT, rewritten)
