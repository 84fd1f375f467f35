"""Forests of any shape, links of any kind, and whatever people, programs and DBAs do between any two steps.

However it goes: a row is gone only if a DBA deleted it, or if a verified copy of a decided removal holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magma.removal.handoff import Handoff
from orphans.models import Bundle, Orphan, Review
from orphans.services import exports, removals
from orphans.states import BundleStatus, Decision, Fate, ReviewStatus
from polyphemus_site.errors import PolyphemusError
from tests.orphans.world import World

NUMBERS = count(1)
ODD = ("plain", "O'Brien", 'a "b"', "two\nlines", "猫", "$x$ ; --")
LIVE = "Nemean Lion Monster"
TABLES = {"monster": "monsters", "victim": "victims", "wound": "wounds", "sidekick": "sidekicks"}
REFUSALS = {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.INTERNAL_SERVER_ERROR}

Rows = dict[tuple[str, str], int]


@dataclass
class Forest:
    """What one example plants: orphaned monsters and victims with what hangs below, and links among them."""

    tag: str
    #: By victim: the monster above, or None for an orphan.
    monsters: list[str]
    victims: dict[str, str | None]
    wounds: dict[str, str] = field(default_factory=dict)
    sidekicks: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def revisions(self) -> list[dict[str, dict[str, dict[str, Any]]]]:
        """Records first, then rows, then links."""
        monsters = {name: {"species": "lion"} for name in self.monsters}
        victims = {name: ({"monster": above} if above else {}) for name, above in self.victims.items()}
        sidekicks = {name: {"victim": above} for name, above in self.sidekicks.items()}
        wounds = {f"::{name}": {"victim": above, "location": name} for name, above in self.wounds.items()}
        links = {name: {"reference_monster": far} for name, far in self.links.items()}
        planted = [{"monster": monsters}, {"victim": victims}, {"sidekick": sidekicks}, {"wound": wounds}]
        return [one for one in (*planted, {"monster": links}) if all(one.values())]


@dataclass(frozen=True)
class Plan:
    """A forest before its example has a number: names by their place."""

    monsters: tuple[str, ...]
    above: tuple[int | None, ...]
    wounds: tuple[int, ...]
    sidekicks: tuple[int, ...]
    links: tuple[tuple[int, int], ...]

    def plant(self, number: int) -> Forest:
        """With names nobody else has."""
        tag = f"I{number}"
        named = [f"{tag} M{place} {word}" for place, word in enumerate(self.monsters)]
        victims = {
            f"{tag} V{place}": named[one] if one is not None and one < len(named) else None
            for place, one in enumerate(self.above)
        }
        names = list(victims)
        targets = [*named, LIVE]
        return Forest(
            tag,
            named,
            victims,
            {f"{tag}w{place}": names[one] for place, one in enumerate(self.wounds) if one < len(names)},
            {f"{tag} S{place}": names[one] for place, one in enumerate(self.sidekicks) if one < len(names)},
            {named[a]: targets[b] for a, b in self.links if a < len(named) and b < len(targets) and a != b},
        )


PLANS = st.builds(
    Plan,
    monsters=st.lists(st.sampled_from(ODD), max_size=3).map(tuple),
    above=st.lists(st.none() | st.integers(0, 2), min_size=1, max_size=4).map(tuple),
    wounds=st.lists(st.integers(0, 3), max_size=4).map(tuple),
    sidekicks=st.lists(st.integers(0, 3), max_size=3).map(tuple),
    links=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=3).map(tuple),
)


@dataclass
class Play:
    """One example under way."""

    world: World
    forest: Forest
    deleted: set[tuple[str, int]] = field(default_factory=set)

    def load(self, revisions: Mapping[str, Any]) -> None:
        """Somebody edits; Magma may refuse, as when what it hangs on is gone."""
        try:
            self.world.load(dict(revisions))
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code not in REFUSALS:
                raise

    def victim(self, pick: int) -> str:
        return list(self.forest.victims)[pick % len(self.forest.victims)]

    def monster(self, pick: int) -> str:
        return self.forest.monsters[pick % len(self.forest.monsters)] if self.forest.monsters else LIVE

    # --- what may happen ----------------------------------------------------------------------------------
    def adopt(self, pick: int) -> None:
        self.load({"victim": {self.victim(pick): {"monster": LIVE}}})

    def adopt_monster(self, pick: int) -> None:
        self.load({"monster": {self.monster(pick): {"labor": "Nemean Lion"}}})

    def change(self, pick: int) -> None:
        self.load({"victim": {self.victim(pick): {"weapon": f"trident {pick}"}}})

    def change_unseen(self, pick: int) -> None:
        """A DBA's statement moves no stamp."""
        self.world.database.run(
            "UPDATE labors.victims SET weapon = 'unseen' WHERE name = %s", self.victim(pick)
        )

    def rename(self, pick: int) -> None:
        self.load({"victim": {self.victim(pick): {"name": f"{self.victim(pick)} renamed"}}})

    def restrict(self, pick: int) -> None:
        self.load({"victim": {self.victim(pick): {"restricted": True}}})

    def wound(self, pick: int) -> None:
        self.load({"wound": {"::new": {"victim": self.victim(pick), "location": "late"}}})

    def child(self, pick: int) -> None:
        self.load({"sidekick": {f"{self.forest.tag} late {pick}": {"victim": self.victim(pick)}}})

    def steal_child(self, pick: int) -> None:
        for name in list(self.forest.sidekicks)[:1]:
            self.load({"sidekick": {name: {"victim": "LABORS-VICTIM-010"}}})

    def link_from_outside(self, pick: int) -> None:
        self.load({"monster": {"Cretan Bull Monster": {"reference_monster": self.monster(pick)}}})

    def link_within(self, pick: int) -> None:
        self.load({"monster": {self.monster(pick): {"reference_monster": self.monster(pick + 1)}}})

    def refer_unknown(self, pick: int) -> None:
        """A table nobody knew, which would take its own rows along."""
        self.world.database.run(
            "CREATE TABLE IF NOT EXISTS public.stickers"
            " (victim integer REFERENCES labors.victims ON DELETE CASCADE);"
        )
        self.world.database.run(
            "INSERT INTO public.stickers SELECT id FROM labors.victims WHERE name = %s", self.victim(pick)
        )

    def delete(self, pick: int) -> None:
        """A DBA removes a wound."""
        gone = self.world.database.rows(
            "DELETE FROM labors.wounds WHERE id IN (SELECT w.id FROM labors.wounds w JOIN labors.victims v"
            " ON v.id = w.victim_id WHERE v.name = %s) RETURNING id",
            self.victim(pick),
        )
        self.deleted |= {("wound", row_id) for (row_id,) in gone}

    def nothing(self, pick: int) -> None:
        """A quiet moment."""


ACTS = ["adopt", "adopt_monster", "change", "change_unseen", "rename", "restrict", "wound", "child"]
ACTS += ["steal_child", "link_from_outside", "link_within", "refer_unknown", "delete", "nothing"]
ENDS = ["let it end", "let it end", "call it off"]


def rows(world: World) -> Rows:
    """Every row by what it is called (a wound by its number)."""
    return {
        (model, str(name)): row_id
        for model, table in TABLES.items()
        for row_id, name in world.database.rows(
            f"SELECT id, {'id' if model == 'wound' else 'name'} FROM labors.{table}"
        )
    }


def numbers(world: World) -> set[tuple[str, int]]:
    return {(model, row_id) for (model, _), row_id in rows(world).items()}


def held(review: Review, before: Rows) -> dict[int, set[tuple[str, int]]]:
    """The rows each item's verified copy holds, read back and compared with its hash."""
    copies: dict[int, set[tuple[str, int]]] = {}
    for copy in exports.copies(review):
        for tree in copy.document["trees"] if copy.bundle.verified_at else ():
            named = [(node["model"], node["record"]) for node in tree["nodes"]]
            copies[tree["item"]] = {(model, before[(model, record)]) for model, record in named}
    return copies


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    plan=PLANS,
    acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 3)), max_size=6),
    ends=st.sampled_from(ENDS),
    by_hand=st.booleans(),
)
def test_whatever_happens_no_row_is_gone_without_its_verified_copy(
    world: World,
    plan: Plan,
    acts: list[tuple[str, int]],
    ends: str,
    by_hand: bool,
) -> None:
    play = Play(world, plan.plant(next(NUMBERS)))
    world.adapter = Handoff() if by_hand else None
    for revisions in play.forest.revisions():
        world.load(revisions)
    world.look()
    review = world.gathered(Orphan.objects.live().filter(record__startswith=f"{play.forest.tag} "))
    before = rows(world)
    review = decided(world, review)

    for act, pick in acts:
        getattr(play, act)(pick)
        removals.advance(review.pk, world.tools, now=datetime.now(UTC))
    end(play, review, ends, by_hand=by_hand)

    removed = set(review.items.filter(fate=Fate.REMOVED).values_list("pk", flat=True))
    copies = held(review, before)
    gone = set(before.items())
    gone_numbers = {(model, row_id) for (model, _), row_id in gone} - numbers(world) - play.deleted
    assert removed <= copies.keys()
    assert gone_numbers == set().union(*(copies[pk] for pk in removed)) - play.deleted


def decided(world: World, review: Review) -> Review:
    """The removal, where anything can be removed at all."""
    return world.decide(review, Decision.REMOVE) if review.records else review


def end(play: Play, review: Review, ends: str, *, by_hand: bool) -> None:
    """Let it go on to its end, by whichever hand; or call it off."""
    review.refresh_from_db()
    if ends == "call it off":
        try:
            play.world.decide(review, Decision.CANCEL)
        except PolyphemusError:
            assert review.status in (ReviewStatus.DONE, ReviewStatus.CANCELLED)
    Review.objects.filter(pk=review.pk).update(try_again_at=None)
    play.world.advance(review)
    if by_hand and review.status == ReviewStatus.HANDED_OVER:
        run_script(play.world, review)
        Review.objects.filter(pk=review.pk).update(try_again_at=None)
        play.world.advance(review)


def run_script(world: World, review: Review) -> None:
    """The DBA runs it; it may refuse, and then it has removed nothing."""
    before = numbers(world)
    try:
        with psycopg.connect(world.database.url, autocommit=True) as connection:
            connection.execute(exports.removal_script(review).encode())
    except psycopg.errors.RaiseException:
        assert numbers(world) == before
    except PolyphemusError:
        assert not review.items.pending().exists()
    assert not Bundle.objects.filter(status=BundleStatus.WRITTEN, review=review).exists()
