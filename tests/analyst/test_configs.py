from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from polyphemus_analyst import configs
from polyphemus_analyst.errors import ConfigError

SAREK = Path(__file__).parent / "schemas" / "nf-core_sarek.nextflow_schema.json"


@pytest.fixture
def sarek() -> dict[str, Any]:
    return configs.load_schema(SAREK)


GOOD = {"input": "samplesheet.csv", "outdir": "out", "step": "mapping", "tools": "mutect2,strelka"}


def test_good_params_of_a_real_pipeline_pass(sarek: dict[str, Any]) -> None:
    assert configs.problems(GOOD, sarek) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": "nonsense"},
        {"tools": "no_such_tool"},
        {"toools": "mutect2"},
        {"outdir": 7},
        {"input": "sheet.docx"},
    ],
)
def test_each_wrong_param_is_named(sarek: dict[str, Any], wrong: dict[str, Any]) -> None:
    [problem] = configs.problems(GOOD | wrong, sarek)

    assert next(iter(wrong)) in problem


def test_a_hostile_value_does_not_stop_the_clock(sarek: dict[str, Any]) -> None:
    hostile = GOOD | {"tools": ",".join(["mutect2"] * 40) + "!"}
    before = time.process_time()

    assert len(configs.problems(hostile, sarek)) == 1
    assert time.process_time() - before < 1


def test_the_sentence_names_only_the_first_few() -> None:
    schema = {"type": "object", "properties": {"step": {"type": "string"}}}

    with pytest.raises(ConfigError, match=r"\(and 5 more\)"):
        configs.refuse_bad_params({f"p{number}": 1 for number in range(10)}, schema)


def test_a_file_that_is_no_schema_is_named(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"type": "nonsense"}')

    with pytest.raises(ConfigError, match="is no JSON Schema"):
        configs.load_schema(tmp_path / "schema.json")
