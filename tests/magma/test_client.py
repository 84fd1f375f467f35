from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest

from magma.client import Magma
from magma.errors import (
    MagmaFailed,
    MagmaForbidden,
    MagmaGarbled,
    MagmaNotFound,
    MagmaRefused,
    MagmaRestricted,
)
from magma.questions import Ending
from magma.wire import Patience
from tests.magma.demo_fixture import RunningWarehouse
from tests.magma.stand_in import StandIn, answer

StartWarehouse = Callable[..., RunningWarehouse]
STRANGE_NAMES = ("a/b", "a b", "Ω≈ç", "", "1", "::x", "\u202e", "'\"\\")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def reader(warehouse: RunningWarehouse) -> Iterator[Magma]:
    """A client that sees restricted data."""
    with closing(Magma(url=warehouse.url, token=warehouse.mint("VIEWER"))) as magma:
        yield magma


@pytest.fixture
def plain_reader(warehouse: RunningWarehouse) -> Iterator[Magma]:
    """A client that does not."""
    with closing(Magma(url=warehouse.url, token=warehouse.mint("viewer"))) as magma:
        yield magma


class TestTemplates:
    def test_describe_every_model(self, reader: Magma) -> None:
        templates = reader.templates("labors")

        victim, wound, project = (templates[name] for name in ("victim", "wound", "project"))
        assert (victim.identifier, victim.parent, victim.parent_attribute) == ("name", "monster", "monster")
        assert victim.restricted_attributes == {"country"}
        assert victim.holds_restricted_records
        assert wound.is_table
        assert not victim.is_table
        assert project.parent_attribute is None
        assert victim.attributes["monster"].link_model == "monster"
        assert victim.attributes["monster"].is_link
        assert templates["monster"].attributes["stats"].is_file

    def test_can_not_be_changed(self, reader: Magma) -> None:
        victim = reader.templates("labors")["victim"]

        with pytest.raises(AttributeError):
            victim.identifier = "other"  # type: ignore[misc]  # the very mistake

    def test_are_refused_for_a_project_that_is_not_ours(self, reader: Magma) -> None:
        with pytest.raises(MagmaForbidden):
            reader.templates("nope")

    def test_may_hold_keys_of_a_newer_magma(self, magma: Magma, stand_in: StandIn) -> None:
        attribute = {"name": "a", "attribute_type": "quantum", "spin": 0.5}
        template = {"name": "m", "identifier": "a", "attributes": {"a": attribute}, "colour": "red"}
        stand_in.will(answer(200, {"models": {"m": {"documents": {}, "template": template}}, "more": 1}))

        templates = magma.templates("p")

        assert templates["m"].attributes["a"].type == "quantum"

    @pytest.mark.parametrize(
        "model",
        [
            {"documents": {}},
            {"documents": {}, "template": None},
            {"documents": {}, "template": {"name": "m", "identifier": "a"}},
            {"documents": {}, "template": {"name": "m", "identifier": "a", "attributes": {"a": {}}}},
        ],
    )
    def test_are_garbled_without_what_a_template_needs(
        self, magma: Magma, stand_in: StandIn, model: dict[str, Any]
    ) -> None:
        stand_in.will(answer(200, {"models": {"m": model}}))

        with pytest.raises(MagmaGarbled):
            magma.templates("p")

    def test_are_garbled_where_a_project_has_no_model_at_all(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(answer(200, {"models": {}}))

        with pytest.raises(MagmaGarbled, match="no model at all of p"):
            magma.templates("p")


class TestPages:
    def test_count_on_the_first_and_end_with_the_last(self, reader: Magma) -> None:
        pages = list(reader.pages("labors", "victim", ["name"], page_size=100))

        counts = [page.count for page in pages]
        names = [name for page in pages for name in page.documents]
        assert counts == [len(names), None]
        assert len(names) == len(set(names)) == reader.count("labors", "victim")

    def test_past_the_end_are_empty_and_say_so(self, reader: Magma) -> None:
        past = reader.page("labors", "victim", ["name"], page=99, page_size=50)
        nothing = reader.page("labors", "victim", ["name"], page=1, page_size=50, filters=["name=nope"])

        assert (past.documents, past.ending) == ({}, Ending.PAST_END)
        assert (nothing.documents, nothing.ending) == ({}, Ending.NOTHING)

    def test_are_refused_for_what_is_no_end(self, reader: Magma) -> None:
        with pytest.raises(MagmaRefused, match="Page size must be greater than 1"):
            reader.page("labors", "victim", ["name"], page=1, page_size=1)
        with pytest.raises(MagmaRefused, match="updated_at is not an attribute"):
            list(reader.pages("labors", "victim", ["name"], filters=["updated_at>2026-01-01"]))
        with pytest.raises(MagmaNotFound):
            reader.page("labors", "nope", ["name"], page=1)

    def test_come_with_the_rows_of_their_tables(self, reader: Magma) -> None:
        page = reader.page("labors", "victim", ["name", "wound"], page=1)

        first = next(iter(page.documents.values()))
        assert {str(row) for row in first["wound"]} <= page.tables["wound"].keys()

    def test_show_only_the_disconnected_when_asked_to(self, reader: Magma) -> None:
        pages = reader.pages("labors", "victim", ["monster"], show_disconnected=True)

        parents = {document["monster"] for page in pages for document in page.documents.values()}

        assert parents == {None}

    @pytest.mark.parametrize(
        "body",
        [
            {"models": {"other": {"documents": {}}}},
            {"models": {}},
            {"answer": []},
            [],
            "text",
            None,
            {"models": {"m": {"documents": {"a": []}}}},
            {"models": {"m": {"documents": []}}},
        ],
    )
    def test_of_another_shape_are_garbled(self, magma: Magma, stand_in: StandIn, body: Any) -> None:
        stand_in.will(answer(200, body))

        with pytest.raises(MagmaGarbled):
            magma.page("p", "m", ["a"], page=1)

    @pytest.mark.parametrize("content_type", ["text/html", "", "text/plain; charset=utf-8"])
    def test_of_another_type_are_garbled(self, magma: Magma, stand_in: StandIn, content_type: str) -> None:
        stand_in.will(answer(200, "<html>Log in</html>", content_type))

        with pytest.raises(MagmaGarbled, match="Log in"):
            magma.page("p", "m", ["a"], page=1)

    def test_that_are_truncated_json_are_garbled(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(answer(200, b'{"models": {"m": {"documents": {"a": {"na'))

        with pytest.raises(MagmaGarbled):
            magma.page("p", "m", ["a"], page=1)

    def test_hold_identifiers_of_every_kind(self, magma: Magma, stand_in: StandIn) -> None:
        documents = {
            name: {"name": name} for name in ("a/b", "a b", "Ω≈ç", "", "1", "::x", "\u202e", "'\"\\")
        }
        stand_in.will(answer(200, {"models": {"m": {"documents": documents}}}))

        page = magma.page("p", "m", ["name"], page=1)

        assert page.documents == documents


class TestWalk:
    def test_gives_the_record_that_pages_lose(self, reader: Magma, warehouse: RunningWarehouse) -> None:
        names = reader.identifiers("labors", "victim")
        walk, pages = (
            iter(reader.walk("labors", "victim", ["name"], page_size=50)),
            reader.pages("labors", "victim", ["name"], page_size=50),
        )
        walked, paged = [*next(walk).documents], [*next(pages).documents]
        warehouse.load({"victim": {names[0]: {"monster": None}}}, project="labors")

        walked += [name for page in walk for name in page.documents]
        paged += [name for page in pages for name in page.documents]

        assert walked == names
        assert [name for name in names if name not in paged] == [names[50]]

    def test_outlives_a_magma_that_restarts(self, start_warehouse: StartWarehouse) -> None:
        first = start_warehouse()
        patience = Patience(attempts=9)  # this one may start slowly
        with closing(Magma(url=first.url, token=first.mint("VIEWER"), patience=patience)) as magma:
            names = magma.identifiers("labors", "victim")
            pages = iter(magma.walk("labors", "victim", ["name"], page_size=50))
            walked = [*next(pages).documents]
            first.process.terminate()
            first.process.wait()
            again = Thread(target=start_warehouse, args=("--port", first.url.rpartition(":")[2]))

            again.start()
            walked += [name for page in pages for name in page.documents]
            again.join()

        assert walked == names

    def test_is_restricted_by_its_filters(self, reader: Magma) -> None:
        walk = reader.walk("labors", "victim", ["name", "weapon"], filters=["weapon=sword"])

        weapons = {document["weapon"] for page in walk for document in page.documents.values()}

        assert weapons == {"sword"}


class TestRecords:
    def test_are_given_without_those_that_can_not_be_seen(self, reader: Magma, plain_reader: Magma) -> None:
        names = ["LABORS-VICTIM-002", "LABORS-VICTIM-007", "LABORS-VICTIM-000", "nobody"]

        seen = [set(magma.records("labors", "victim", names, ["name"])) for magma in (reader, plain_reader)]

        assert seen == [{"LABORS-VICTIM-002", "LABORS-VICTIM-007"}, {"LABORS-VICTIM-002"}]

    def test_are_asked_for_in_chunks(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(answer(200, {"models": {"m": {"documents": {}}}}))

        magma.records("p", "m", (f"R{number}" for number in range(2001)), ["name"])

        assert [len(call.json()["record_names"]) for call in stand_in.calls] == [1000, 1000, 1]

    def test_are_not_asked_for_without_names(self, magma: Magma, stand_in: StandIn) -> None:
        documents = magma.records("p", "m", [], ["name"])

        assert documents == {}
        assert stand_in.calls == []


class TestChangedSince:
    def test_gives_what_was_written_since(self, reader: Magma, warehouse: RunningWarehouse) -> None:
        (stamp,) = {
            document["updated_at"]
            for page in [reader.page("labors", "habitat", ["updated_at"], page=1)]
            for document in page.documents.values()
        }
        seeded = datetime.fromisoformat(stamp)

        at_once = list(reader.changed_since("labors", "habitat", seeded, ["name"]))
        later = list(reader.changed_since("labors", "habitat", seeded + timedelta(hours=1), ["name"]))

        assert [len(page.documents) for page in at_once] == [4]
        assert later == []

    def test_asks_in_utc_for_the_whole_second_before(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(answer(422, {"errors": ["No results found"]}))
        since = datetime.fromisoformat("2026-11-23T01:37:01.5-07:00")

        pages = list(magma.changed_since("p", "m", since, ["name"]))

        body = stand_in.calls[0].json()
        assert pages == []
        assert body["filter"] == ["updated_at>2026-11-23T08:37:00"]
        assert body["attribute_names"] == ["name", "updated_at"]


class TestQuery:
    def test_counts_and_names(self, reader: Magma) -> None:
        names = reader.identifiers("labors", "habitat")

        assert names == ["Forest", "Mountain", "Swamp", "Underworld"]
        assert reader.count("labors", "habitat") == 4
        assert reader.count("labors", "victim", filters=[["weapon", "::equals", "sword"]]) > 0

    def test_past_the_end_is_empty_and_says_so(self, reader: Magma) -> None:
        answered = reader.query("labors", ["habitat", "::all", "::identifier"], page=9, page_size=3)

        assert (answered.pairs(), answered.ending) == ([], Ending.PAST_END)

    def test_of_a_restricted_attribute_says_so(self, plain_reader: Magma) -> None:
        with pytest.raises(MagmaRestricted, match="country"):
            plain_reader.query("labors", ["victim", "::all", "country"])

    def test_finds_orphans(self, reader: Magma) -> None:
        orphans = reader.orphans("labors", "victim", "monster")
        tomorrow = datetime.now(UTC) + timedelta(days=1)

        assert "LABORS-VICTIM-ORPHAN-A" in {orphan.identifier for orphan in orphans}
        assert reader.orphans("labors", "victim", "monster", since=LONG_AGO) == orphans
        assert reader.orphans("labors", "victim", "monster", since=tomorrow) == []

    def test_breaks_at_the_root_as_magma_does(self, reader: Magma) -> None:
        with pytest.raises(MagmaRefused, match="OR operator"):
            reader.identifiers("labors", "project", show_disconnected=True)
        with pytest.raises(MagmaFailed, match="Server error"):
            reader.page("labors", "project", ["name"], page=1, show_disconnected=True)

    def test_digests_files_and_collections_of_files(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(
            answer(200, {"answer": [["a", "d41d"], ["b", ["1", "2"]], ["c", None]], "type": "String"})
        )

        digests = magma.file_digests("p", "m", "files", ["a", "b", "c", "gone"])

        assert digests == {"a": ["d41d"], "b": ["1", "2"], "c": None}
        assert stand_in.calls[0].json()["query"] == [
            "m",
            ["::identifier", "::in", ["a", "b", "c", "gone"]],
            "::all",
            "files",
            "::md5",
        ]

    @pytest.mark.parametrize(
        ("ask", "said"),
        [
            (lambda magma: magma.count("p", "m"), "many"),
            (lambda magma: magma.identifiers("p", "m"), 5),
            (lambda magma: magma.identifiers("p", "m"), [["only one"]]),
            (lambda magma: magma.orphans("p", "m", "parent"), [["a", ["not a date"]]]),
            (lambda magma: magma.orphans("p", "m", "parent"), [["a", None]]),
        ],
    )
    def test_with_a_strange_answer_is_garbled(
        self, magma: Magma, stand_in: StandIn, ask: Callable[[Magma], Any], said: Any
    ) -> None:
        stand_in.will(answer(200, {"answer": said, "type": "String", "format": "x"}))

        with pytest.raises(MagmaGarbled):
            ask(magma)


class TestWhoWeAre:
    def test_is_read_from_our_own_token(self, reader: Magma, plain_reader: Magma) -> None:
        assert reader.sees_restricted("labors")
        assert not plain_reader.sees_restricted("labors")
        assert reader.projects() == ["dt_lung", "labors"]
        assert reader.token().expires_at is not None

    def test_is_known_to_magma(self, reader: Magma) -> None:
        assert reader.alive() == "Magma is available."
        assert reader.flags("labors") == {}
