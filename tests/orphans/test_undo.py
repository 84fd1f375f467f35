"""Removed, loaded again by hand from what the bundle says, and compared attribute by attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from magma.disconnected import read_trees
from magma.trees import Tree
from orphans.models import Review
from orphans.services import exports
from tests.orphans.world import World

#: What Magma gives anew to whatever is loaded.
GIVEN_ANEW = {"created_at", "updated_at", "id"}


def plain(tree: Tree) -> Any:
    """The tree without what Magma gives anew: rows are compared by what they hold, not by their numbers."""
    below: dict[Any, list[Any]] = {}
    for node in tree:
        below.setdefault(node.above, []).append(node)

    def value(node: Any) -> Any:
        document = {
            key: sorted(map(str, shown)) if isinstance(shown, list) else shown
            for key, shown in node.document.items()
            if key not in GIVEN_ANEW
            and key not in {"wound", "treatment", "demographics", "characteristic", "prize"}
        }
        return [node.name.model, document, sorted(map(value, below.get(node.name, [])), key=str)]

    return value(tree.top)


def trees(world: World, model: str, records: Sequence[str], project: str) -> dict[str, Any]:
    templates = world.magma.templates(project)
    forest = read_trees(world.magma, project, templates, model, records)
    return {record: plain(tree) for record, tree in forest.trees.items()}


def load_again(world: World, review: Review) -> Sequence[Mapping[str, Any]]:
    bodies = exports.as_update(review).bodies
    for body in bodies:
        world.load(body["revisions"], project=body["project_name"])
    return bodies


class TestAsUpdate:
    def test_a_victim_with_rows_files_and_children_comes_back_whole(self, world: World) -> None:
        world.load(
            {
                "victim": {
                    "LABORS-VICTIM-010": {
                        "monster": None,
                        "country": 'O\'Crete\n"猫"',
                        "wound": ["::a", "::b"],
                    }
                },
                "wound": {"::a": {"location": "arm", "severity": 0}, "::b": {"location": "leg"}},
                "treatment": {"::t": {"wound": "::a", "note": "a bandage"}},
            }
        )
        before = trees(world, "victim", ["LABORS-VICTIM-010"], "labors")
        review = world.advance(world.approved("LABORS-VICTIM-010"))
        between = trees(world, "victim", ["LABORS-VICTIM-010"], "labors")

        load_again(world, review)

        assert before["LABORS-VICTIM-010"]
        assert between == {}
        assert trees(world, "victim", ["LABORS-VICTIM-010"], "labors") == before

    def test_exomes_that_refer_to_each_other_come_back_with_their_links(self, world: World) -> None:
        names = ["DTL030.N1", "DTL030.T1"]
        before = trees(world, "sample", names, "dt_lung")
        review = world.advance(world.approved(*names, project="dt_lung"))
        assert trees(world, "sample", names, "dt_lung") == {}

        load_again(world, review)

        assert trees(world, "sample", names, "dt_lung") == before

    def test_files_come_back_from_where_they_came(self, world: World) -> None:
        world.load(
            {"sample": {"DTL001.T1": {"patient": None}}, "exome": {"DTL002.T1.exome": {"normal": None}}},
            project="dt_lung",
        )
        before = trees(world, "sample", ["DTL001.T1"], "dt_lung")
        review = world.advance(world.approved("DTL001.T1", project="dt_lung"))
        assert trees(world, "sample", ["DTL001.T1"], "dt_lung") == {}

        load_again(world, review)

        assert "metis://" in str(exports.as_update(review).bodies)
        assert trees(world, "sample", ["DTL001.T1"], "dt_lung") == before

    def test_an_orphan_comes_back_as_an_orphan(self, world: World) -> None:
        review = world.advance(world.approved("LABORS-VICTIM-000"))

        load_again(world, review)

        world.look()
        assert trees(world, "victim", ["LABORS-VICTIM-000"], "labors")

    def test_what_must_exist_beforehand_is_said(self, world: World) -> None:
        world.load({"monster": {"Cretan Bull Monster": {"labor": None}}})
        review = world.advance(world.approved("Cretan Bull Monster"))

        notes = exports.as_update(review).notes

        assert any("monster Nemean Lion Monster" in note and "habitat Mountain" in note for note in notes)
