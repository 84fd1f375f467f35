"""Schemas read as forms: every parameter of real pipelines, and schemas nobody would write in good faith."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dispatch.configuring.fields import Field, Kind, columns, field_of, sections, shown
from dispatch.configuring.forms import ConfigForm, form_sections
from dispatch.services.configs import Contract
from tests.dispatch.configuring.conftest import RNASEQ, RNASEQ_WITH_SHEET, SAREK, SAREK_WITH_SHEET


def fields(contract: Contract) -> dict[str, Field]:
    return {field.name: field for section in form_sections(contract) for field in section.fields}


class TestPublishedPipelines:
    @pytest.mark.parametrize(
        ("contract", "parameters", "groups", "hidden", "required"),
        [
            (SAREK, 176, 12, 23, {"step", "outdir"}),
            (RNASEQ, 133, 11, 23, {"input", "outdir"}),
        ],
    )
    def test_every_parameter_is_in_its_group(
        self, contract: Contract, parameters: int, groups: int, hidden: int, required: set[str]
    ) -> None:
        found = fields(contract)

        assert (len(found), len(form_sections(contract))) == (parameters, groups)
        assert sum(field.is_hidden for field in found.values()) == hidden
        assert {field.name for field in found.values() if field.is_required} == required

    def test_groups_and_parameters_keep_the_order_they_are_published_in(self) -> None:
        first = form_sections(SAREK)[0]

        assert first.title == "Input/output options"
        assert first.description == "Define where the pipeline should find input data and save output data."
        assert [field.name for field in first.fields] == ["input", "input_restart", "step", "outdir"]

    @pytest.mark.parametrize(("contract", "parameters"), [(SAREK_WITH_SHEET, 175), (RNASEQ_WITH_SHEET, 132)])
    def test_who_gives_rows_is_not_asked_for_the_path_of_their_sheet(
        self, contract: Contract, parameters: int
    ) -> None:
        assert len(fields(contract)) == parameters
        assert "input" not in fields(contract)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("step", Kind.CHOICE),
            ("wes", Kind.SWITCH),
            ("split_fastq", Kind.WHOLE),
            ("cf_coeff", Kind.NUMBER),
            ("help", Kind.TEXT),
            ("fasta", Kind.TEXT),
            ("known_indels", Kind.TEXT),
        ],
    )
    def test_each_kind_of_parameter_is_asked_for_as_it_should(self, name: str, kind: Kind) -> None:
        assert fields(SAREK)[name].kind is kind

    def test_bounds_are_said_in_words(self) -> None:
        assert fields(SAREK)["split_fastq"].limits == "250 or more, or exactly 0"

    def test_the_columns_of_a_sheet_are_fields_too(self) -> None:
        found = {column.name: column for column in columns(SAREK_WITH_SHEET.input_schema or {})}

        assert len(found) == 17
        assert [name for name, column in found.items() if column.is_required] == ["patient", "sample"]
        assert found["status"].options == (0, 1)
        assert found["lane"].types == {"integer", "string"}


class TestFieldOf:
    @pytest.mark.parametrize(
        ("said", "kind"),
        [
            ({"type": "array", "items": {"type": "integer"}}, Kind.LINES),
            ({"type": "array", "items": {"type": "object"}}, Kind.DOCUMENT),
            ({"type": "array"}, Kind.DOCUMENT),
            ({"type": "object", "properties": {}}, Kind.DOCUMENT),
            ({"properties": {"a": {}}}, Kind.DOCUMENT),
            ({"$ref": "#"}, Kind.DOCUMENT),
            ({"type": ["string", "null"]}, Kind.TEXT),
            ({"type": ["integer", "null"]}, Kind.WHOLE),
            ({"const": 3}, Kind.CHOICE),
            ({}, Kind.TEXT),
            (True, Kind.TEXT),
        ],
    )
    def test_what_no_box_can_hold_is_asked_for_as_a_document(self, said: Any, kind: Kind) -> None:
        schema = {"type": "object", "properties": {"a": said}}

        assert field_of(schema, "a", said).kind is kind


class TestHostileSchemas:
    def test_a_schema_that_refers_to_itself_is_a_form(self) -> None:
        schema = {"allOf": [{"$ref": "#"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"properties": {"x": {}}}}}

        assert [field.name for section in sections(schema) for field in section.fields] == ["x"]

    def test_a_reference_to_elsewhere_is_left_alone(self) -> None:
        schema = {"properties": {"a": {"$ref": "http://127.0.0.1:1/b.json"}}}

        assert field_of(schema, "a", schema["properties"]["a"]).kind is Kind.TEXT

    def test_five_thousand_parameters_are_read_in_a_moment(self) -> None:
        schema = {"properties": {f"p{number}": {"type": "string"} for number in range(5000)}}
        before = time.process_time()

        form = ConfigForm.start("labors", Contract(schema), inputs=[], params={})

        assert sum(len(panel.controls) for panel in form.panels) == 5000
        assert time.process_time() - before < 2

    @pytest.mark.parametrize(
        "text",
        ["\u202etxt.exe", "a\u2066b", "a\x00b", "a\x07b", "\u200fb"],
        ids=["rlo", "lri", "nul", "bel", "rlm"],
    )
    def test_marks_that_make_text_read_otherwise_are_left_out(self, text: str) -> None:
        assert not any(mark in shown(text) for mark in "\u202e\u2066\x00\x07\u200f")

    def test_words_without_end_are_cut(self) -> None:
        assert len(shown("x" * 1_000_000)) == 5001

    @pytest.mark.parametrize(
        "said", [[], {"title": 3, "description": [], "help_text": {}, "hidden": "yes"}, 7, None]
    )
    def test_words_of_the_wrong_shape_are_no_words(self, said: Any) -> None:
        schema: dict[str, Any] = {"properties": {"a": said}}

        field = sections(schema)[0].fields[0]

        assert (field.description, field.help, field.is_hidden) == ("", "", False)
