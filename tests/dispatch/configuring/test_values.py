"""What is typed and what is meant: nf-core's sparse params."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.configuring.fields import Field, Kind, field_of
from dispatch.configuring.forms import ConfigForm, form_sections
from dispatch.configuring.values import params_of, text_of, texts_of, value_of
from tests.dispatch.configuring.conftest import RNASEQ, SAREK


def sparse(**texts: str) -> dict[str, Any]:
    """Sarek's params when the form is sent as it opens, but for these."""
    shown = form_sections(SAREK)
    return params_of(shown, texts_of(shown, {}) | texts)


class TestParamsOf:
    def test_an_untouched_form_says_only_what_must_be_said(self) -> None:
        assert sparse() == {"step": "mapping"}
        assert params_of(form_sections(RNASEQ), texts_of(form_sections(RNASEQ), {})) == {}

    def test_the_sparse_result_of_a_filled_in_form(self) -> None:
        found = sparse(
            input="s.csv", outdir="out", wes="true", tools="mutect2,strelka", validate_params="false"
        )

        assert found == {
            "input": "s.csv",
            "step": "mapping",
            "outdir": "out",
            "wes": True,
            "tools": "mutect2,strelka",
            "validate_params": False,
        }

    def test_an_unticked_box_without_a_default_says_nothing(self) -> None:
        assert "wes" not in sparse(wes="")
        assert "wes" not in sparse(wes="false")

    def test_an_unticked_box_that_is_ticked_by_default_is_said(self) -> None:
        assert sparse(validate_params="false")["validate_params"] is False
        assert "validate_params" not in sparse(validate_params="true")

    def test_a_box_that_was_never_in_the_form_is_not_unticked(self) -> None:
        assert "validate_params" not in sparse(validate_params="")

    def test_a_default_that_must_be_told_is_told(self) -> None:
        assert sparse(step="mapping")["step"] == "mapping"

    def test_a_default_that_goes_without_saying_is_left_out(self) -> None:
        assert "aligner" not in sparse(aligner="bwa-mem")
        assert sparse(aligner="dragmap")["aligner"] == "dragmap"

    def test_one_is_not_true(self) -> None:
        schema = {"properties": {"a": {"type": ["boolean", "integer"], "default": True}}}
        form = ConfigForm.start("labors", SAREK.__class__(schema), inputs=[], params={"a": 1})

        assert form.params == {"a": 1}


def of(**said: Any) -> Field:
    return field_of({}, "a", said)


class TestValueOf:
    @pytest.mark.parametrize(
        ("field", "text", "value"),
        [
            (of(type="string"), "", None),
            (of(type="string"), "  ", None),
            (of(type="string"), " --flag", " --flag"),
            (of(type="string"), "12", "12"),
            (of(type="integer"), " 12 ", 12),
            (of(type="integer"), "-3", -3),
            (of(type="integer"), "1.5", "1.5"),
            (of(type="integer"), "1_000", "1_000"),
            (of(type="integer"), "\u0661", "\u0661"),
            (of(type="number"), "1e-3", 0.001),
            (of(type="number"), "7", 7),
            (of(type="number"), "nan", "nan"),
            (of(type="number"), "1e999", "1e999"),
            (of(type=["boolean", "string"]), "True", True),
            (of(type=["boolean", "string"]), "genome", "genome"),
            (of(type="string"), "true", "true"),
            (of(enum=[0, 1]), "1", 1),
            (of(enum=["0", "1"]), "1", "1"),
            (of(enum=[0, 1]), "2", "2"),
            (of(type="array", items={"type": "integer"}), "1\r\n2\n\n x", [1, 2, "x"]),
            (of(type="object"), '{"a": [1]}', {"a": [1]}),
            (of(type="object"), "{", "{"),
            (of(type="object"), "[" * 100_000, "[" * 100_000),
            (of(type="object"), "NaN", "NaN"),
        ],
    )
    def test_text_becomes_what_was_meant(self, field: Field, text: str, value: object) -> None:
        found = value_of(field, text)

        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            (of(type="integer"), 3),
            (of(type="boolean"), True),
            (of(type="array", items={"type": "number"}), [1, 2.5]),
            (of(type="object"), {"a": "\u00e9"}),
            (of(enum=["x", None]), "x"),
        ],
    )
    def test_what_is_shown_means_the_same_again(self, field: Field, value: object) -> None:
        assert value_of(field, text_of(field, value)) == value

    def test_a_choice_leaves_out_null(self) -> None:
        assert of(enum=["x", None]).options == ("x",)
        assert of(enum=["x", None]).kind is Kind.CHOICE
