"""Loaders written by people who err, or mean harm: refused in a sentence, at once, and alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.checks import CHECKS, Check, Custom, Files, Not, OneOf, Present, Range, from_json
from loaders.declared import DeclaredLoader, parsed
from loaders.errors import MisspeltLoaderError
from loaders.judging import Past, judge
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.pages import Page
from loaders.registry import Registry, built
from tests.loaders.pages import patients
from tests.loaders.strategies import ODD

FIELDS = [
    "attribute", "path", "where", "every", "min", "max", "pattern", "values", "inner", "label", "condition",
    "then", "minutes", "than", "width", "attributes", "function",
]  # fmt: skip
WORDS = [
    *CHECKS, *FIELDS, "all", "any", "not", "check",
    "name", "model", "analysis", "outputs", "needs", "inputs", "config", "params", "from", "everywhere",
]  # fmt: skip
words = st.sampled_from(WORDS) | st.text(max_size=5)
anything = st.recursive(
    st.sampled_from(ODD) | words | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=12,
)
formlike = st.fixed_dictionaries(
    {"check": st.sampled_from(sorted(CHECKS))},
    optional=dict.fromkeys(FIELDS, anything),
)


def understood_or_refused(form: Any) -> bool:
    try:
        return isinstance(from_json(form), Check)
    except MisspeltLoaderError as refusal:
        return bool(refusal.message)


@settings(deadline=None, max_examples=300)
@given(anything | formlike)
def test_any_form_is_a_check_or_is_refused_in_words(form: Any) -> None:
    assert understood_or_refused(form)


def read_or_refused(text: bytes | str) -> bool:
    try:
        return isinstance(parsed(text), DeclaredLoader)
    except MisspeltLoaderError as refusal:
        return bool(refusal.message)


@settings(deadline=None)
@given(st.text() | st.binary())
def test_any_text_is_a_loader_or_is_refused_in_words(text: bytes | str) -> None:
    assert read_or_refused(text)


def test_a_form_nobody_could_read_is_refused_however_deep() -> None:
    form: Any = {"check": "present", "attribute": "age"}
    for _ in range(100):
        form = {"not": form}

    with pytest.raises(MisspeltLoaderError, match="not for people"):
        from_json(form)


@pytest.mark.parametrize("pattern", [r"((a+)+)+$", r"(a|a)*b", r"(.*a){20}", r"(x+x+)+y"])
def test_a_pattern_made_to_hang_is_answered_at_once(pattern: str) -> None:
    check = from_json({"check": "matches", "attribute": "physician", "pattern": pattern})
    page = patients(A={"physician": "a" * 50_000 + "!"})

    started = time.process_time()
    (answer,) = check.judge(page)

    assert (answer, time.process_time() - started < 1) == (False, True)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"check": "quiet", "minutes": -1}, "0 to 5256000 minutes"),
        ({"check": "quiet", "minutes": 10**12}, "0 to 5256000 minutes"),
        ({"check": "files", "attribute": "x", "min": -1}, "less than 0"),
        ({"check": "files", "attribute": "x", "min": 3, "max": 1}, "at least 3 and at most 1"),
        ({"check": "rows", "attribute": "x", "min": 3, "max": 1}, "at least 3 and at most 1"),
        ({"check": "range", "attribute": "x", "min": 3, "max": 1}, "at least 3 and at most 1"),
        ({"check": "range", "attribute": "x", "max": float("nan")}, "wants numbers"),
        ({"check": "range", "attribute": "x", "max": float("inf")}, "wants numbers"),
        ({"check": "one_of", "attribute": "x", "values": []}, "at least one value"),
        ({"check": "mates", "attribute": "x", "pattern": r"\Q(?P<stem>(?P<read>\E"}, "stem, read|needs"),
    ],
)
def test_numbers_that_can_not_be_are_refused(form: Any, sentence: str) -> None:
    with pytest.raises(MisspeltLoaderError, match=sentence):
        from_json(form)


def test_a_list_written_for_a_tuple_is_as_good() -> None:
    check = OneOf("physician", ["Dr. A", "Dr. B"])  # type: ignore[arg-type]  # as people write it

    assert check == OneOf("physician", ("Dr. A", "Dr. B"))
    assert check.answers(patients(A={"physician": "Dr. B"})) == [True]


@pytest.mark.parametrize(("kind", "first"), [(OneOf, "x"), (Custom, "a.b:c")])
def test_a_text_written_for_a_list_is_refused(kind: Any, first: str) -> None:
    with pytest.raises(TypeError, match="wants a list"):
        kind(first, "Normal")


def test_true_and_one_are_asked_for_apart() -> None:
    page = patients(A={"age": True})

    answers = [OneOf("age", (1,)).answers(page), OneOf("age", (True,)).answers(page)]

    assert answers == [[False], [True]]


def test_true_and_one_are_explained_apart() -> None:
    page = patients(A={"age": True})
    one, true = (type("Asking", (ExomePipe,), {"needs": OneOf("age", (wanted,))})() for wanted in (1, True))

    findings = [loader.explain(page, 0)["needs"] for loader in (one, true)]

    assert [finding.passed for finding in findings] == [False, True]


class Absent(Present):
    """A lab's own, which calls itself as ours does."""

    def judge(self, page: Page) -> list[bool]:
        return [not there for there in super().judge(page)]


class Older(Range):
    """A lab's own, whose JSON form leaves out what it asks for."""

    def as_json(self) -> dict[str, Any]:
        return {"check": "older"}


@pytest.mark.parametrize("wrapped", [lambda check: check, lambda check: check & Present("age"), Not])
def test_checks_that_two_labs_call_alike_are_asked_apart(wrapped: Callable[[Check], Check]) -> None:
    page = patients(A={"age": 1})

    ours, theirs = (wrapped(check).answers(page) for check in (Present("age"), Absent("age")))

    assert ours != theirs


def test_checks_whose_forms_leave_something_out_are_asked_apart() -> None:
    page = patients(A={"age": 50})

    assert [Older("age", min=low).answers(page) for low in (40, 60)] == [[True], [False]]


def test_outputs_that_two_labs_call_alike_are_no_alternatives() -> None:
    ours, theirs, again = (
        type("Asking", (ExomePipe,), {"outputs": check("age")})() for check in (Present, Absent, Absent)
    )

    assert ours.output_key != theirs.output_key == again.output_key


def test_a_labs_own_check_may_tell_when_time_will_change_its_answer() -> None:
    class Ripening(Present):
        def ripens(self, page: Page) -> list[datetime | None]:
            return [page.now] * len(page)

    timed = type("Asking", (ExomePipe,), {"needs": Ripening("age") & Present("physician")})()

    assert timed.is_timed
    assert not ExomePipe().is_timed


def test_a_labs_own_check_is_asked_only_about_what_the_questions_before_left() -> None:
    class Careful(Present):
        def judge(self, page: Page) -> list[bool]:
            return [len(value) > 1 for value in page.values(self.attribute)]

    careful = type(
        "Asking",
        (ExomePipe,),
        {
            "scope": None,
            "needs": Present("physician"),
            "wellformed": Careful("physician"),
            "outputs": Present("age"),
        },
    )()
    page = patients(A={"physician": None, "age": 1}, B={"physician": "Dr. B", "age": None})

    assert [one.verdict for one in judge(careful, page, Past())] == ["waiting", "due"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"inputs": "raw_fastqs"}, "`inputs` is a list of texts, not 'raw_fastqs'"),
        ({"inputs": (7,)}, "7 is none"),
        ({"projects": "dt_lung"}, "`projects` is a list"),
        ({"needs": "fastqs"}, "`needs` is a check, not 'fastqs'"),
        ({"outputs": Present}, "`outputs` is a check"),
        ({"outputs": None}, "lacks outputs"),
        ({"model": ""}, "lacks model"),
        ({"model": 7}, "`model` is a text"),
        ({"analysis": "Gene counts"}, "'Gene counts' can't be an analysis"),
        ({"analysis": "a/b"}, "'a/b' can't be an analysis"),
        ({"analysis": ".."}, "'..' can't be an analysis"),
        ({"needs": Files("sample..raw")}, "'sample..raw' is no path"),
        ({"inputs": ("",)}, "'' is no path"),
        ({"name": "my loader"}, "no loader's name"),
        ({"name": "x" * 81}, "at most 80"),
        ({"version": "9" * 101}, "longer than 100"),
        ({"shadow_of": "mine"}, "its own shadow"),
        ({"every_hours": -1}, "a number of hours"),
        ({"every_hours": "24"}, "a number of hours"),
        ({"needs": Present("age").named("a\0b")}, "holds a NUL"),
        ({"title": "\ud800"}, "can't be written down"),
    ],
)
def test_a_loader_with_something_else_in_place_costs_itself_and_says_what(
    changes: dict[str, Any], sentence: str
) -> None:
    registry = Registry()
    registry.add("library ExomePipe", ExomePipe)

    registry.add("package mine", type("Mine", (Loader,), PARTS | changes))

    assert list(registry.loaders) == ["exome_pipe"]
    (broken,) = registry.broken
    assert sentence in broken.cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import sys\nsys.exit(3)", "EndedError: It tried to end the program: SystemExit: 3"),
        ("class Mine(:", "SyntaxError: invalid syntax"),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("Mine = 7", "MisspeltLoaderError: mine_alone:Mine is no Loader"),
        ("Other = 7", "AttributeError: module 'mine_alone' has no attribute 'Mine'"),
    ],
)
def test_a_package_that_can_not_even_be_read_costs_itself_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, cause: str
) -> None:
    (tmp_path / "mine_alone.py").write_text(text)
    (tmp_path / "mine-1.dist-info").mkdir()
    (tmp_path / "mine-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (tmp_path / "mine-1.dist-info" / "entry_points.txt").write_text(
        "[polyphemus.loaders]\nmine = mine_alone:Mine\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mine_alone", raising=False)

    registry = built()

    assert "exome_pipe" in registry.loaders
    (broken,) = [one for one in registry.broken if one.source == "package mine_alone:Mine"]
    assert broken.cause.startswith(cause)


PARTS = {"name": "mine", "model": "patient", "analysis": "x", "outputs": Present("age")}


def test_the_parts_alone_are_a_loader() -> None:
    registry = Registry()

    registry.add("package mine", type("Mine", (Loader,), PARTS))

    assert list(registry.loaders) == ["mine"]


def test_everything_a_package_can_say_a_file_can_say() -> None:
    said = """
    name: mine
    version: 3
    title: Mine
    author: me@ucsf.edu
    model: patient
    analysis: x
    projects: [dt_lung]
    everywhere: true
    scope: {check: present, attribute: physician}
    inputs: [age]
    every_hours: 24
    batch_by: project
    shadow_of: exome_pipe
    outputs: {check: present, attribute: age}
    ready: All is there
    lacking: but not that
    changed: and now it is another
    config: {inputs: sample, params: {age: {from: age}}}
    """

    loader = parsed(said)

    import yaml  # noqa: PLC0415 — only here

    assert parsed(yaml.safe_dump(loader.spelling)).spelling == loader.spelling
    assert set(loader.spelling) == {
        "name", "version", "title", "author", "model", "analysis", "projects", "everywhere", "scope",
        "inputs", "every_hours", "batch_by", "shadow_of", "outputs", "ready", "lacking", "changed", "config",
    }  # fmt: skip
