"""Likely parents, by name and by the journal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orphans.services.adoption import Family, rank, tokens

PATIENTS = [f"DTL{number:03}" for number in range(1, 31)]
SAMPLES = [(f"{patient}.{kind}1", patient) for patient in PATIENTS for kind in "TN"]


@pytest.fixture(scope="module")
def lung() -> Family:
    return Family.of(PATIENTS, SAMPLES)


class TestRank:
    def test_the_parent_whose_name_it_begins_with_is_first(self, lung: Family) -> None:
        first, *_ = rank("DTL030.T2", lung)

        assert (first.parent, first.likely) == ("DTL030", True)

    def test_a_longer_number_is_no_prefix(self, lung: Family) -> None:
        assert "DTL030" not in [one.parent for one in rank("DTL0301.T1", lung) if one.likely]

    def test_the_journal_outweighs_the_name(self, lung: Family) -> None:
        first, second, *_ = rank("DTL030.T2", lung, former="DTL001")

        assert (first.parent, second.parent) == ("DTL001", "DTL030")
        assert first.reasons == ("The journal last saw it under DTL001.",)

    def test_naming_rules_outweigh_the_journal(self, lung: Family) -> None:
        first, second, *_ = rank("T2 of DTL030", lung, former="DTL001", named="DTL030")

        assert (first.parent, second.parent) == ("DTL030", "DTL001")

    def test_a_parent_that_is_closed_says_so(self) -> None:
        family = replace(Family.of(["DTL001"], []), closed=frozenset({"DTL001"}))

        assert [one.restricted for one in rank("DTL001.T1", family)] == [True]

    def test_a_former_parent_that_is_gone_is_not_proposed(self, lung: Family) -> None:
        assert "DTL999" not in [one.parent for one in rank("X", lung, former="DTL999")]

    def test_siblings_who_stand_everywhere_say_nothing(self, lung: Family) -> None:
        assert rank("DTL099.T1", lung) == []

    def test_siblings_speak_where_the_parents_name_says_nothing(self) -> None:
        family = Family.of(
            ["Lion", "Hydra"], [("NEMEA-1", "Lion"), ("NEMEA-2", "Lion"), ("LERNA-1", "Hydra")]
        )

        assert [one.parent for one in rank("NEMEA-3", family)] == ["Lion"]

    def test_a_parent_that_holds_its_only_child_already_is_left_out(self) -> None:
        family = Family.of(["DTL001"], [("DTL001.clinical", "DTL001")], single=True)

        assert rank("DTL001.clinical2", family) == []

    def test_a_name_that_resembles_nothing_gets_no_guess(self, lung: Family) -> None:
        assert rank("猫", lung) == []

    def test_of_a_thousand_detached_records_nearly_all_find_their_parent(self) -> None:
        parents = [f"PROJ-P{number}" for number in range(500)]
        children = [(f"{parent}-S{number}", parent) for parent in parents for number in range(4)]
        detached = children[1::2]
        family = Family.of(parents, children[::2])

        right = sum(rank(child, family)[0].parent == parent for child, parent in detached)

        assert right >= 0.95 * len(detached)


def test_names_are_taken_apart_at_every_change() -> None:
    assert tokens("DTL030.T1_exome") == ("dtl", "030", "t", "1", "exome")
