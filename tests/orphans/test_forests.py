"""Random trees, links and edits between the steps: never is data gone without a bundle that holds it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magma.trees import Name, Node, Tree, tree_from_json
from orphans.models import Orphan, Review
from orphans.services import exports, removals
from orphans.services.standing import Sight, batches, halves, judge
from orphans.states import Decision, Fate
from polyphemus_site.errors import PolyphemusError
from tests.orphans.world import World

KEYS = st.integers(1, 12)
NAMES = st.builds(Name, st.sampled_from(["victim", "wound"]), st.text(max_size=5))


@st.composite
def forests(draw: st.DrawFn) -> dict[int, Sight]:
    """Trees of one record each with links among them, some from outside."""
    keys = sorted(draw(st.sets(KEYS, min_size=1)))
    names = {key: Name("monster", f"M{key}") for key in keys}
    outside = Name("monster", "outside")
    sights = {}
    for key in keys:
        referrers = draw(st.lists(st.sampled_from([*names.values(), outside]), max_size=3))
        links = tuple((one, names[key]) for one in referrers if one != names[key])
        sights[key] = Sight((names[key],), links, draw(st.sampled_from([(), (), ("said so",)])))
    return sights


class TestJudge:
    @given(forests())
    def test_what_goes_is_referred_to_by_nothing_that_stays(self, sights: dict[int, Sight]) -> None:
        standing = judge(sights)

        going = {name for key, seen in sights.items() if key not in standing.blockers for name in seen.names}
        referrers = {
            referrer
            for key, seen in sights.items()
            if key not in standing.blockers
            for referrer, _ in seen.links
        }
        assert referrers <= going

    @given(forests())
    def test_what_links_to_each_other_is_of_one_group_and_no_batch_splits_it(
        self, sights: dict[int, Sight]
    ) -> None:
        groups = judge(sights).groups
        owner = {seen.names[0]: key for key, seen in sights.items()}

        parts = batches(groups, dict.fromkeys(sights, 1), most=3)
        first, second = halves(list(groups), groups) if groups else ([], [])

        linked = [(key, owner[one]) for key in groups for one, _ in sights[key].links]
        part_of = {key: number for number, part in enumerate(parts) for key in part}
        assert all(groups[one] == groups[other] and part_of[one] == part_of[other] for one, other in linked)
        assert sorted(key for part in parts for key in part) == sorted(groups)
        assert {groups[key] for key in first}.isdisjoint(groups[key] for key in second)


class TestTree:
    @given(
        st.dictionaries(
            st.text(max_size=4), st.none() | st.booleans() | st.integers() | st.text(), max_size=4
        )
    )
    def test_a_tree_survives_its_own_json(self, document: dict[str, Any]) -> None:
        top = Node(Name("victim", "V"), document)
        tree = Tree((top, Node(Name("wound", "1"), {"victim": "V"}, top.name)))

        again = tree_from_json(tree.as_json())

        assert (again, again.mark) == (tree, tree.mark)

    @given(st.text(), st.text())
    def test_any_change_changes_the_mark(self, one: str, other: str) -> None:
        marks = {text: Tree((Node(Name("victim", "V"), {"weapon": text}),)).mark for text in (one, other)}

        assert len(set(marks.values())) == len({one, other})


#: What somebody else may do between any two steps of a removal; N is the number of the example.
EDITS: dict[str, dict[str, dict[str, dict[str, Any]]]] = {
    "adopt a victim": {"victim": {"H-N-A": {"monster": "Nemean Lion Monster"}}},
    "change a victim": {"victim": {"H-N-B": {"weapon": "trident"}}},
    "change what hangs below": {"sidekick": {"H-N-S": {"weapon_proficiencies": [9, 9, 9, 9]}}},
    "add a row": {"wound": {"::new": {"victim": "H-N-A", "location": "arm"}}},
    "add a child": {"sidekick": {"H-N-LATE": {"victim": "H-N-B"}}},
    "take a child away": {"sidekick": {"H-N-S": {"victim": "LABORS-VICTIM-010"}}},
    "rename": {"victim": {"H-N-B": {"name": "H-N-RENAMED"}}},
    "link to it": {"monster": {"Cretan Bull Monster": {"reference_monster": "H-N-M"}}},
    "link among them": {"monster": {"H-N-M": {"reference_monster": "H-N-L"}}},
    "restrict": {"victim": {"H-N-A": {"restricted": True}}},
    "adopt a monster": {"monster": {"H-N-L": {"labor": "Nemean Lion"}}},
    "nothing": {},
}
NUMBERS = count(1)
#: A bad request, and what Magma answers when its own database refuses.
REFUSALS = {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR}


def numbered(value: Any, number: int) -> Any:
    """The revisions with this example's number in every name."""
    if isinstance(value, dict):
        return {numbered(key, number): numbered(one, number) for key, one in value.items()}
    return value.replace("H-N-", f"H-{number}-") if isinstance(value, str) else value


TREES: dict[str, dict[str, dict[str, Any]]] = {
    "victim": {"H-N-A": {"wound": ["::one", "::two"]}, "H-N-B": {}, "H-N-C": {}},
    "wound": {"::one": {"location": "arm"}, "::two": {"location": "leg"}},
    "sidekick": {"H-N-S": {"victim": "H-N-B"}},
    "monster": {"H-N-M": {"species": "lion"}, "H-N-L": {"species": "lion"}},
}
LINKS = {"monster": {"H-N-L": {"reference_monster": "H-N-M"}}, "victim": {"H-N-C": {"monster": "H-N-M"}}}
TABLES = {"victim": "victims", "wound": "wounds", "sidekick": "sidekicks", "monster": "monsters"}


def rows(world: World) -> set[tuple[str, int]]:
    """Every row of the tables the trees lie in, by its number: a rename loses none."""
    return {
        (model, row_id)
        for model, table in TABLES.items()
        for (row_id,) in world.database.rows(f"SELECT id FROM labors.{table}")
    }


def copied(review: Review) -> dict[int, set[tuple[str, int]]]:
    """The rows each item's copy holds, from the copies read back and compared with their hashes."""
    held: dict[int, set[tuple[str, int]]] = {}
    for copy in exports.copies(review):
        numbers = copy.document["witness"]["rows"]
        for tree in copy.document["trees"]:
            nodes = tree["nodes"]
            held[tree["item"]] = {(one["model"], numbers[one["model"]][one["record"]][0]) for one in nodes}
    return held


@pytest.mark.django_db
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    edits=st.lists(st.sampled_from(sorted(EDITS)), max_size=4, unique=True),
    ends=st.sampled_from(["let it end", "let it end", "call it off"]),
)
def test_however_edits_interleave_nothing_goes_without_its_copy(
    world: World, edits: list[str], ends: str
) -> None:
    number = next(NUMBERS)
    world.load(numbered(TREES, number))
    world.load(numbered(LINKS, number))
    before = rows(world)
    world.look()
    review = world.gathered(Orphan.objects.live().filter(record__startswith=f"H-{number}-"))
    review = world.decide(review, Decision.REMOVE)

    for edit in edits:
        attempt(world, numbered(EDITS[edit], number))
        removals.advance(review.pk, world.tools, now=datetime.now(UTC))
    review.refresh_from_db()
    END[ends](world, review)

    held = copied(review)
    removed = list(review.items.filter(fate=Fate.REMOVED).values_list("pk", flat=True))
    assert before - rows(world) == set().union(*(held[pk] for pk in removed))


def attempt(world: World, revisions: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Somebody edits; the warehouse may refuse, as when what it hangs on, or its name, is gone or taken."""
    try:
        world.load(revisions)
    except httpx.HTTPStatusError as refused:
        if refused.response.status_code not in REFUSALS:
            raise


def call_off(world: World, review: Review) -> None:
    """Somebody calls it off, if it is not over."""
    with suppress(PolyphemusError):
        world.decide(review, Decision.CANCEL)


END: dict[str, Callable[[World, Review], object]] = {
    "let it end": lambda world, review: world.advance(review),
    "call it off": call_off,
}
