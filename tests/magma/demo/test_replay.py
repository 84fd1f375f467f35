from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from magma.demo.alike import unlike
from magma.demo.replay import Outcome, replay

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"

#: What the demo warehouse doesn't claim; every other recording it answers as the real Magma did.
UNSUPPORTED = {
    "gnomon_delete_no_grammar": "there is no gnomon grammar here",
    "update_model_add_model": "models can't be changed here",
    "update_model_remove_model": "models can't be changed here",
    "webhook_model_remove_model": "only updates are told to the journal",
}


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return replay(RECORDINGS)


def test_every_recording_it_claims_is_answered_as_recorded(outcomes: list[Outcome]) -> None:
    wrong = {one.name: one.reason for one in outcomes if one.supported and not one.understood}

    assert wrong == {}
    assert len(outcomes) == len(list(RECORDINGS.glob("*.json")))


def test_what_it_does_not_claim_is_named_with_the_reason(outcomes: list[Outcome]) -> None:
    assert {one.name: one.reason for one in outcomes if not one.supported} == UNSUPPORTED


def altered(tmp_path: Path, name: str, **response: Any) -> Outcome:
    """The outcome of a recording whose answer is another than the real one."""
    recording = json.loads((RECORDINGS / f"{name}.json").read_text())
    recording["response"] |= response
    (tmp_path / f"{name}.json").write_text(json.dumps(recording))
    return replay(tmp_path)[0]


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("query_count", {"status": 201}),
        ("query_count", {"body": {"answer": 160, "type": "Numeric", "format": "Numeric"}}),
        ("query_count", {"headers": {"Content-Type": "text/html"}}),
        ("auth_expired_token", {"body": "You are most welcome"}),
        ("retrieve_no_page_empty_filter", {"body": {"models": {"victim": {}}}}),
    ],
)
def test_another_answer_than_recorded_is_noticed(tmp_path: Path, name: str, response: dict[str, Any]) -> None:
    outcome = altered(tmp_path, name, **response)

    assert (outcome.supported, outcome.understood) == (True, False)
    assert outcome.reason


def test_a_push_no_update_explains_is_not_understood(tmp_path: Path) -> None:
    name = "webhook_update_rename.json"
    (tmp_path / name).write_text((RECORDINGS / name).read_text())

    assert [one.reason for one in replay(tmp_path)] == ["no recorded update has this payload"]


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": None}, {}),
        ({}, {"a": None}),
        ([1, 2], [1]),
        (["2020-01-15T00:00:00+00:00"], ["2020-01-16T00:00:00+00:00"]),
        ("https://metis/a?X-Etna-Signature=1", "https://metis/b?X-Etna-Signature=1"),
        ([14, 15], [12, 13]),
    ],
)
def test_a_difference_that_means_something_is_one(recorded: Any, found: Any) -> None:
    assert list(unlike(recorded, found, ""))


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ("2026-11-23T06:31:59+00:00", "2026-11-23T07:00:00+00:00"),
        ("https://metis/a?X-Etna-Signature=1", "https://metis/a?X-Etna-Signature=2"),
        ({"a": [1], "b": 2}, {"b": 2, "a": [1]}),
    ],
)
def test_instants_signatures_and_the_order_of_keys_may_differ(recorded: Any, found: Any) -> None:
    assert list(unlike(recorded, found, "")) == []
