"""Projects made up at random, served over HTTP, anything in every attribute: through the whole engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loaders import registry
from loaders.declared import DeclaredLoader, Spelling
from loaders.models import Change, Gap, ScanCursor, ScanRun, Seen, Suggestion, SuggestionEvent, Unsettled
from loaders.registry import Registry
from loaders.services import changes, explaining, scans
from magma.demo.store import Row
from magma.demo.tokens import KeyPair
from tests.loaders.conftest import now
from tests.loaders.lying import Lying, lying
from tests.loaders.strategies import ODD

pytestmark = pytest.mark.django_db(transaction=True)

PLAIN = ("string", "integer", "float", "boolean", "date_time", "shifted_date_time", "match", "matrix",
         "file", "image", "file_collection")  # fmt: skip
ATTRIBUTES = tuple(f"a{number}" for number in range(4))
NAMES = (
    "a/b/../c",
    "a b\tc",
    "\U0001f419",
    "R\u00e9/\u00fc%2F?x=1",
    "'; --",
    "null",
    "\u202egnp",
    "C:\\u0000",
)
#: How often a link is what it should be.
MOSTLY = 0.8
#: What no JSON of PostgreSQL can hold, and what only looks like it.
WORSE = (
    "\0",
    "a\0b",
    "\\u0000",
    "C:\\u0000\\",
    "\\\\u0000",
    10**400,
    {"\0": ["\0"]},
    "\\",
    "\x7f\x1b[2J",
    1e308,
)
values = st.sampled_from([*ODD, *WORSE, [*WORSE], "2026-05-04T12:20:00+00:00"])

leaves = st.one_of(
    st.builds(lambda a: {"check": "present", "attribute": a}, st.sampled_from(ATTRIBUTES)),
    st.builds(
        lambda a: {"check": "matches", "attribute": a, "pattern": "(?s).*[a-z].*"},
        st.sampled_from(ATTRIBUTES),
    ),
    st.builds(lambda a: {"check": "range", "attribute": a, "min": 0}, st.sampled_from(ATTRIBUTES)),
    st.builds(
        lambda a: {"check": "one_of", "attribute": a, "values": ["x", 0, False]}, st.sampled_from(ATTRIBUTES)
    ),
    st.builds(lambda a: {"check": "files", "attribute": a}, st.sampled_from(ATTRIBUTES)),
    st.builds(lambda a: {"check": "mates", "attribute": a}, st.sampled_from(ATTRIBUTES)),
    st.builds(lambda a: {"check": "matrix_width", "attribute": a, "width": 1}, st.sampled_from(ATTRIBUTES)),
    st.builds(
        lambda a: {"check": "updated_after", "attribute": a, "than": "parent.a0"}, st.sampled_from(ATTRIBUTES)
    ),
    st.builds(
        lambda a, every: {
            "check": "linked",
            "path": "below",
            "min": 0,
            "every": {"check": every, "attribute": a},
        },
        st.sampled_from(ATTRIBUTES),
        st.sampled_from(("present", "files", "mates")),
    ),
    st.just({"check": "rows", "attribute": "below"}),
    st.just({"check": "rows", "attribute": "notes", "min": 0}),
    st.just({"check": "present", "attribute": "parent.a1"}),
)
checks = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"all": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"any": [a, b]}, inner, inner),
        st.builds(lambda a: {"not": a}, inner),
        st.builds(lambda a, b: {"check": "when", "condition": a, "then": b}, inner, inner),
        st.builds(lambda a: {"check": "named", "label": "so called", "inner": a}, inner),
    ),
    max_leaves=4,
)
spellings = st.fixed_dictionaries(
    {"outputs": checks},
    optional={
        "scope": checks,
        "needs": checks,
        "wellformed": checks,
        "inputs": st.lists(st.sampled_from((*ATTRIBUTES, "below.a2", "notes.a3", "parent.a1")), max_size=3),
        "batch_by": st.just("parent"),
        "config": st.builds(lambda a: {"params": {"p": {"from": a}}}, st.sampled_from(ATTRIBUTES)),
    },
)


def attribute(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "attribute_name": name, "attribute_type": kind, "restricted": False, **more}


def link(name: str, kind: str, model: str, back: str) -> dict[str, Any]:
    return attribute(name, kind, link_model_name=model, link_attribute_name=back)


def template(name: str, kinds: tuple[str, ...], *links: dict[str, Any], parent: str | None = "parent") -> Any:
    own = [attribute(one, kind, options=["g"]) for one, kind in zip(ATTRIBUTES, kinds, strict=True)]
    stamps = [attribute(stamp, "date_time") for stamp in ("created_at", "updated_at")]
    identifier = "id" if name == "note" else f"{name}_name"
    every = [attribute(identifier, "identifier"), *stamps, *own, *links]
    return {
        "documents": {},
        "template": {
            "name": name,
            "identifier": identifier,
            "parent": parent,
            "attributes": {one["name"]: one for one in every},
        },
    }


def templates(kinds: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    below = [link("below", "collection", "thing", "parent"), link("notes", "table", "note", "parent")]
    own = [link("parent", "parent", "top", "below"), link("below", "collection", "part", "parent")]
    rows = link("notes", "table", "remark", "parent")
    return {
        "models": {
            "top": template("top", kinds["top"], *below, parent=None),
            "thing": template("thing", kinds["thing"], *own, rows),
            "part": template("part", kinds["part"], link("parent", "parent", "thing", "below")),
            "note": template("note", kinds["top"], link("parent", "parent", "top", "notes")),
            "remark": template("remark", kinds["part"], link("parent", "parent", "thing", "notes")),
        }
    }


@dataclass
class World:
    """One such project, and a course of events in it."""

    told: Lying
    random: Random
    values: list[Any]

    def fill(self) -> None:
        project, at = self.told.project("odd"), now() - timedelta(hours=1)
        top = project.models["top"].insert("T", at)
        for name in NAMES:
            thing = project.models["thing"].insert(name, at)
            project.point(thing, "parent", top)
            part = project.models["part"].insert(f"{name}.part", at)
            project.point(part, "parent", thing)
            for one in (thing, part):
                self.say(one)

    def say(self, row: Row) -> None:
        """Have it say anything in every place but its name and stamp."""
        said = {name: self.random.choice(self.values) for name in row.model.attributes}
        kept = (row.model.identifier, "updated_at", "created_at")
        true = [name for name in ("parent", "below", "notes") if self.random.random() < MOSTLY]
        for name in (*kept, *true):
            said.pop(name, None)
        self.told.values[row.model.name, row.name] = said

    def change(self) -> None:
        model = self.told.project("odd").models[self.random.choice(("thing", "part"))]
        row = self.random.choice(list(model.rows.values()))
        with self.told.warehouse.lock:
            self.say(row)
            row.stamp(now() + timedelta(seconds=self.random.randrange(3)))
        for _ in range(self.random.choice((0, 1, 2))):
            changes.tell("odd", {model.name: [row.name]}, now=now())

    def play(self, steps: int) -> None:
        for _ in range(steps):
            self.random.choice((self.change, self.change, self.drain, self.scan, self.sweep))()

    def drain(self) -> None:
        scans.judge_pending(self.told.magma, "odd", clock=now)

    def scan(self) -> None:
        scans.scan_changes(self.told.magma, "odd", clock=now)

    def sweep(self) -> None:
        scans.scan_all(self.told.magma, "odd", clock=now)


def later() -> datetime:
    return now() + timedelta(minutes=1)


def forget() -> None:
    """Everything that was concluded."""
    for suggestion in Suggestion.objects.all():
        suggestion.events.all().delete()
    for model in (Suggestion, Change, Seen, Unsettled, ScanCursor, ScanRun, Gap):
        model.objects.all().delete()


def standing() -> set[tuple[Any, ...]]:
    told = Suggestion.objects.standing()
    return set(told.values_list("loader", "anchor", "fingerprint", "due", "restricted"))


def gaps() -> set[tuple[Any, ...]]:
    return {
        (gap.loader, gap.verdict, gap.label, gap.count, *sorted(gap.anchors)) for gap in Gap.objects.all()
    }


@contextmanager
def a_world(keys: KeyPair, kinds: dict[str, tuple[str, ...]], seed: int, said: list[Any]) -> Iterator[World]:
    with lying(keys, templates(kinds)) as told:
        world = World(told, Random(seed), said)
        world.fill()
        yield world


def named(number: int, spelling: dict[str, Any]) -> DeclaredLoader:
    plain = {"name": f"loader_{number}", "model": "thing", "analysis": "x"} | spelling
    return DeclaredLoader(msgspec.convert(plain, Spelling))


kinds = st.fixed_dictionaries(
    {model: st.tuples(*[st.sampled_from(PLAIN)] * len(ATTRIBUTES)) for model in ("top", "thing", "part")}
)


@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # each example takes seconds: as found, not as small as can be
)
@given(
    kinds=kinds,
    spelled=st.lists(spellings, min_size=2, max_size=4),
    seed=st.integers(0, 10**6),
    said=st.lists(values, min_size=4, max_size=12),
)
def test_any_course_of_events_ends_alike_whatever_is_said(
    janus_keys: KeyPair,
    monkeypatch: pytest.MonkeyPatch,
    kinds: dict[str, tuple[str, ...]],
    spelled: list[dict[str, Any]],
    seed: int,
    said: list[Any],
) -> None:
    loaders = {one.name: one for one in (named(number, one) for number, one in enumerate(spelled))}
    monkeypatch.setattr(registry, "current", lambda: Registry(dict(loaders)))
    forget()
    with a_world(janus_keys, kinds, seed, said) as world:
        world.scan()
        world.play(8)
        scans.scan_changes(world.told.magma, "odd", clock=later)
        found = standing()
        scans.scan_all(world.told.magma, "odd", clock=later)
        counted, events = gaps(), SuggestionEvent.objects.count()
        again = scans.scan_all(world.told.magma, "odd", clock=later)
        explained = explaining.explain(world.told.magma, "odd", "loader_0", NAMES[0], now=later())

        assert (again.written, SuggestionEvent.objects.count()) == (0, events)
        assert explained.verdict
        assert found == standing()
        forget()
        scans.scan_all(world.told.magma, "odd", clock=later)

    assert found == standing()
    assert counted == gaps()
    assert ScanRun.objects.exclude(error="").count() == 0
