"""Checks from text that people wrote: understood as meant, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from loaders.checks import CHECKS, Linked, Present, from_json
from loaders.errors import MisspeltLoaderError

PRESENT = {"check": "present", "attribute": "physician"}


def test_a_nested_form_becomes_the_check_it_spells() -> None:
    form = {"check": "linked", "path": "sample", "where": {"not": PRESENT}, "max": 1}

    assert from_json(form) == Linked("sample", where=~Present("physician"), max=1)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ("present", "A check is an object, not str"),
        ({}, "There is no check None"),
        ({"check": "persent"}, "There is no check 'persent'"),
        ({"check": ["present"]}, "There is no check"),
        (PRESENT | {"regexp": "x"}, "`present` has no field regexp"),
        ({"check": "present"}, "missing required field `attribute`"),
        ({"check": "present", "attribute": 7}, "Expected `str`, got `int`"),
        ({"check": "range", "attribute": "age", "min": "low"}, "Expected `float"),
        ({"check": "files", "attribute": "x", "pattern": "("}, "can't be used"),
        ({"check": "mates", "attribute": "x", "pattern": "x"}, "needs the groups"),
        ({"check": "linked", "path": "sample", "min": 2, "max": 1}, "at least 2 and at most 1"),
        ({"check": "linked", "path": "sample", "where": {"check": "none"}}, "There is no check 'none'"),
        ({"all": []}, "wants a list of checks"),
        ({"any": PRESENT}, "wants a list of checks"),
        ({"check": "custom", "function": "os:system", "attributes": []}, "runs code"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_the_cause(form: Any, sentence: str) -> None:
    with pytest.raises(MisspeltLoaderError) as refusal:
        from_json(form)

    assert sentence in str(refusal.value)


def test_custom_is_for_installed_loaders() -> None:
    form = {
        "check": "custom",
        "function": "tests.loaders.test_checks:complain_of_youth",
        "attributes": ["age"],
    }

    assert from_json(form, trusted=True).as_json() == form


def test_the_vocabulary_is_the_promised_one() -> None:
    assert set(CHECKS) == {
        "present", "matches", "range", "one_of", "files", "mates", "linked", "rows", "matrix_width",
        "updated_after", "quiet", "when", "custom", "named", "named_by_rule",
    }  # fmt: skip
