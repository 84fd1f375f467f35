"""The one judge of params and sheets, held to the real schemas of nf-core's pipelines and to hostile ones."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polyphemus_analyst import schemas
from polyphemus_analyst.wording import MESSAGES, Detail

FOLDER = Path(__file__).parent / "schemas"
GOOD = {"outdir": "out", "step": "mapping"}
ROW = {"patient": "P1", "sample": "S1", "lane": "L1", "fastq_1": "a_1.fastq.gz", "fastq_2": "a_2.fastq.gz"}
#: Each of sarek's patterns that takes a backtracking engine twice as long for each further name.
EXPONENTIAL = ("tools", "skip_tools", "use_gatk_spark", "phenotypes_include_types")


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"nf-core_{name}.json").read_text())
    return found


@pytest.fixture(scope="module")
def sarek() -> dict[str, Any]:
    return load("sarek.nextflow_schema")


@pytest.fixture(scope="module")
def rnaseq() -> dict[str, Any]:
    return load("rnaseq.nextflow_schema")


@pytest.fixture(scope="module")
def sheet() -> dict[str, Any]:
    return load("sarek.schema_input")


def pointers(faults: list[schemas.Fault]) -> list[str]:
    return sorted(fault["pointer"] for fault in faults)


class TestFaults:
    @pytest.mark.parametrize("name", EXPONENTIAL)
    def test_a_value_made_for_an_exponential_pattern_is_refused_at_once(
        self, sarek: dict[str, Any], name: str
    ) -> None:
        hostile = ",".join(["mutect2"] * 60) + "!"
        before = time.process_time()

        found = schemas.faults(sarek, GOOD | {name: hostile})

        assert pointers(found) == [f"/{name}"]
        assert time.process_time() - before < 1

    def test_a_name_of_no_group_is_a_fault(self, sarek: dict[str, Any]) -> None:
        assert schemas.faults(sarek, GOOD | {"toools": "x"}) == [
            {"pointer": "/toools", "detail": "No such parameter."}
        ]

    def test_a_name_of_a_definition_that_is_no_group_is_a_fault(self) -> None:
        schema = {
            "properties": {"window": {"$ref": "#/$defs/range"}},
            "$defs": {"range": {"type": "object", "properties": {"low": {"type": "integer"}}}},
        }

        assert pointers(schemas.faults(schema, {"low": 1})) == ["/low"]
        assert schemas.faults(schema, {"window": {"low": 1}}) == []

    def test_a_schema_that_says_so_itself_takes_any_name(self) -> None:
        schema = {"properties": {"a": {}}, "patternProperties": {"^x": {"type": "integer"}}}

        assert schemas.faults(schema, {"x1": 1}) == []

    @pytest.mark.parametrize(
        "reference", ["#/$defs/a%20group", "https://lab.org/schema.json#/$defs/a%20group"]
    )
    def test_a_group_is_found_however_it_is_referred_to(self, reference: str) -> None:
        schema = {
            "$id": "https://lab.org/schema.json",
            "allOf": [{"$ref": reference}],
            "$defs": {"a group": {"properties": {"a": {"type": "integer"}}}},
        }

        assert pointers(schemas.faults(schema, {"a": 1, "b": 1})) == ["/b"]

    def test_what_an_anchor_leads_to_is_left_to_the_judge(self) -> None:
        group = {"$anchor": "group", "properties": {"a": {"type": "integer"}}}
        schema = {"properties": {"b": {}}, "allOf": [{"$ref": "#group"}], "$defs": {"group": group}}

        assert schemas.faults(schema, {"a": 1, "b": 1}) == []
        assert pointers(schemas.faults(schema, {"a": "x"})) == ["/a"]

    def test_definitions_of_draft_7_are_groups_too(self) -> None:
        schema = {
            "definitions": {"one": {"properties": {"a": {"type": "integer"}}, "required": ["a"]}},
            "allOf": [{"$ref": "#/definitions/one"}],
        }

        assert pointers(schemas.faults(schema, {"b": 1})) == ["/a", "/b"]

    def test_what_is_missing_is_pointed_at(self, sarek: dict[str, Any]) -> None:
        assert pointers(schemas.faults(sarek, {})) == ["/outdir", "/step"]

    @pytest.mark.parametrize(("value", "wrong"), [(0, []), (250, []), (249, ["/split_fastq"])])
    def test_one_of_a_constant_or_a_minimum_holds(
        self, sarek: dict[str, Any], value: int, wrong: list[str]
    ) -> None:
        assert pointers(schemas.faults(sarek, GOOD | {"split_fastq": value})) == wrong

    @pytest.mark.parametrize(("value", "wrong"), [(True, []), ("genome", []), (3, ["/help"])])
    def test_a_value_may_be_of_two_types(
        self, sarek: dict[str, Any], value: object, wrong: list[str]
    ) -> None:
        assert pointers(schemas.faults(sarek, GOOD | {"help": value})) == wrong

    def test_a_files_path_is_never_looked_for_and_may_lie_in_metis(self, sarek: dict[str, Any]) -> None:
        params = GOOD | {"fasta": "metis://labors/ref/genome.fasta", "dbsnp": "/no/such/file.vcf.gz"}

        assert schemas.faults(sarek, params) == []

    @pytest.mark.parametrize(
        "said",
        [
            {"pattern": "^(a|b)+$"},
            {"not": {"pattern": "^z"}},
            {"anyOf": [{"pattern": "^(a|b)+$"}, {"const": "c"}]},
            {"oneOf": [{"pattern": "^(a|b)+$"}, {"const": "c"}]},
            {"oneOf": [{"pattern": "^z"}, {"pattern": "z$"}]},
            {"items": {"pattern": "^(a|b)+$"}},
            {"propertyNames": {"pattern": "^(a|b)+$"}},
        ],
    )
    def test_a_form_that_only_a_pattern_tells_is_not_told_by_the_pattern(self, said: dict[str, Any]) -> None:
        value = ["zz"] if "items" in said else {"zz": 1} if "propertyNames" in said else "zz"

        [fault] = schemas.faults({"properties": {"a": {"description": "Letters.", **said}}}, {"a": value})

        assert fault["detail"] == "This does not have the form asked for here."

    @pytest.mark.parametrize(
        ("said", "value", "told"),
        [
            ({"enum": ["hg19", 38, None]}, "hg18", "This must be one of these: hg19, 38, null."),
            ({"const": 3}, 4, "This must be 3."),
            ({"type": ["boolean", "string"]}, 3, "This must be one of these: true or false, text."),
            ({"minimum": 1}, 0, "This must be at least 1."),
            ({"maximum": 1.5}, 2, "This must be at most 1.5."),
            ({"exclusiveMinimum": 0}, 0, "This must be more than 0."),
            ({"exclusiveMaximum": 9}, 9, "This must be less than 9."),
            ({"multipleOf": 5}, 7, "This must be a multiple of 5."),
            ({"minLength": 3}, "ab", "Characters at least: 3."),
            ({"maxLength": 1}, "ab", "Characters at most: 1."),
            ({"minItems": 2}, [1], "Entries at least: 2."),
            ({"maxItems": 0}, [1], "Entries at most: 0."),
            ({"minProperties": 1}, {}, "Names at least: 1."),
            ({"maxProperties": 0}, {"b": 1}, "Names at most: 0."),
            ({"uniqueItems": True}, [1, 1], "No entry may be there twice."),
            ({"additionalProperties": False}, {"b": 1}, "This has no place here."),
            ({"unevaluatedProperties": False}, {"b": 1}, "This has no place here."),
            ({"contains": {"const": 2}}, [1], "This does not have the form asked for here."),
        ],
    )
    def test_each_keyword_is_told_in_words_of_ours(
        self, said: dict[str, Any], value: object, told: str
    ) -> None:
        [fault] = schemas.faults({"properties": {"a": said}}, {"a": value})

        assert fault["detail"] == told
        assert isinstance(fault["detail"], Detail)
        assert fault["detail"].message in MESSAGES

    def test_a_long_list_of_options_is_cut(self) -> None:
        [fault] = schemas.faults({"properties": {"a": {"enum": list(range(500))}}}, {"a": "x"})

        assert fault["detail"].endswith("28, 29, ….")

    def test_a_long_option_is_cut(self) -> None:
        [fault] = schemas.faults({"properties": {"a": {"const": "x" * 10_000}}}, {"a": "y"})

        assert fault["detail"] == f"This must be {'x' * 200}…."

    def test_where_there_is_help_a_wrong_form_leads_to_it(self, sarek: dict[str, Any]) -> None:
        [fault] = schemas.faults(sarek, GOOD | {"tools": "nonsense"})

        assert fault["detail"] == "This does not have the form asked for here; its help says more."

    def test_the_schemas_own_words_are_shown(self, rnaseq: dict[str, Any]) -> None:
        [fault] = schemas.faults(rnaseq, {"input": "a.csv", "outdir": "out", "gtf": "genes.txt"})

        assert fault["detail"].startswith("The GTF file must have a .gtf or .gtf.gz extension")

    def test_params_nested_beyond_all_measure_are_refused(self) -> None:
        deep: dict[str, Any] = {}
        for _ in range(40):
            deep = {"a": deep}

        found = schemas.faults({"properties": {"a": {"$ref": "#"}}}, deep)

        assert found == [{"pointer": "", "detail": "Nested deeper than 20 levels."}]

    def test_a_pointer_is_escaped(self) -> None:
        assert pointers(schemas.faults({"properties": {}}, {"a/b~c": 1})) == ["/a~1b~0c"]

    @pytest.mark.parametrize("size", [5000])
    def test_thousands_of_parameters_are_judged_in_a_moment(self, size: int) -> None:
        schema = {"properties": {f"p{number}": {"type": "integer"} for number in range(size)}}
        before = time.process_time()

        assert schemas.faults(schema, {f"p{number}": number for number in range(size)}) == []
        assert time.process_time() - before < 2


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bool]]]:
    """An address, and whether anybody called there."""
    called: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)

        def listen() -> None:
            try:
                server.accept()[0].close()
            except TimeoutError:
                return
            called.append(True)

        thread = threading.Thread(target=listen)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/schema.json", called
        thread.join()


class TestBroken:
    @pytest.mark.parametrize(
        "name", ["sarek.nextflow_schema", "rnaseq.nextflow_schema", "rnaseq.schema_input"]
    )
    def test_a_published_schema_is_taken_as_it_is(self, name: str) -> None:
        assert schemas.broken(load(name)) == ""

    @pytest.mark.parametrize(
        "schema",
        [[], "x", {"type": "nonsense"}, {"$ref": "#/nowhere"}, {"properties": {"a": {"pattern": "(["}}}],
    )
    def test_what_is_no_schema_is_told(self, schema: object) -> None:
        assert schemas.broken(schema)

    def test_a_reference_to_elsewhere_is_never_followed(self, listener: tuple[str, list[bool]]) -> None:
        address, called = listener

        told = schemas.broken({"properties": {"a": {"$ref": address}}})

        assert "is not part of this schema" in told
        assert called == []

    def test_a_schema_that_refers_to_itself_without_end_is_judged_all_the_same(self) -> None:
        circle = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}

        assert schemas.broken(circle) == ""
        assert schemas.faults(circle, {"x": 1}) == []

    def test_parts_that_double_at_every_step_are_refused(self) -> None:
        steps = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)}
        schema = {"$defs": steps | {"d30": {"properties": {"x": {}}}}, "$ref": "#/$defs/d0"}

        assert "would not end" in schemas.broken(schema)

    def test_values_within_values_that_double_at_every_level_are_refused(self) -> None:
        schema = {"properties": {"x": {"allOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]}}}

        assert "would not end" in schemas.broken(schema)

    def test_a_chain_of_references_too_long_to_follow_is_refused(self) -> None:
        steps = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(3000)}
        schema = {"$defs": steps | {"d3000": {}}, "$ref": "#/$defs/d0"}

        assert schemas.broken(schema)

    def test_a_tree_of_any_width_is_taken(self) -> None:
        schema = {"properties": {name: {"$ref": "#"} for name in "abcdefgh"}}

        assert schemas.broken(schema) == ""


class TestSheet:
    def test_good_rows_pass(self, sheet: dict[str, Any]) -> None:
        assert schemas.sheet_faults(sheet, [ROW, ROW | {"lane": 2}]) == []

    def test_a_row_that_repeats_another_is_named(self, sheet: dict[str, Any]) -> None:
        assert schemas.sheet_faults(sheet, [ROW, ROW | {"lane": "L2"}, ROW]) == [
            {"pointer": "/2", "detail": "Row 3 repeats row 1 in lane, patient, sample."}
        ]

    def test_unique_entries_beside_the_items_count_too(self) -> None:
        schema = {"items": {"properties": {"id": {}}}, "uniqueEntries": ["id"]}

        assert pointers(schemas.sheet_faults(schema, [{"id": 1}, {"id": 1}, {"id": "1"}, {}, {}])) == ["/1"]

    def test_the_schemas_own_words_are_shown(self, sheet: dict[str, Any]) -> None:
        [fault] = schemas.sheet_faults(sheet, [ROW | {"fastq_1": "a.bam"}])

        assert fault["pointer"] == "/0/fastq_1"
        assert fault["detail"].startswith("FastQ file for reads 1 must be provided")

    def test_a_missing_column_is_told_in_the_schemas_own_words(self, sheet: dict[str, Any]) -> None:
        [fault] = schemas.sheet_faults(sheet, [{"sample": "S1"}])

        assert fault == {
            "pointer": "/0/patient",
            "detail": "Patient ID must be provided, cannot contain spaces and must be a string value",
        }

    def test_a_column_nobody_knows_is_a_fault(self, sheet: dict[str, Any]) -> None:
        assert pointers(schemas.sheet_faults(sheet, [ROW | {"patiend": "P1"}])) == ["/0/patiend"]

    def test_a_fastq_in_metis_passes(self, sheet: dict[str, Any]) -> None:
        assert schemas.sheet_faults(sheet, [ROW | {"fastq_1": "metis://labors/raw/a_1.fastq.gz"}]) == []

    def test_a_pipeline_that_takes_csv_only_is_given_csv(
        self, sarek: dict[str, Any], rnaseq: dict[str, Any]
    ) -> None:
        only_tsv = {"properties": {"input": {"type": "string", "pattern": r"\.tsv$"}}}

        assert [schemas.sheet_form(one) for one in (rnaseq, sarek, only_tsv)] == ["csv", "csv", "tsv"]

    def test_a_path_to_the_sheet_is_not_asked_of_who_sends_its_rows(self, rnaseq: dict[str, Any]) -> None:
        assert pointers(schemas.faults(rnaseq, {"outdir": "out"})) == ["/input"]
        assert schemas.faults(rnaseq, {"outdir": "out"}, sheet="csv") == []
        assert pointers(schemas.faults(rnaseq, {"outdir": "out"}, sheet="tsv")) == ["/input"]
