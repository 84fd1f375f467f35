"""A stand-in for `nextflow run nf-core/sarek`: holds params and sample sheet to the pipeline's real schemas.

It runs no pipeline; it refuses what the real one would refuse before running, and writes what it was given.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from polyphemus_analyst import configs

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"


def main(argv: list[str]) -> int:
    """The exit code of a run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", choices=["run"])
    parser.add_argument("pipeline", choices=["nf-core/sarek"])
    parser.add_argument("-r", dest="revision", required=True)
    parser.add_argument("-params-file", dest="params", type=Path, required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--outdir", required=True)
    given = parser.parse_args(argv)
    params = json.loads(given.params.read_text()) | {"input": given.input, "outdir": given.outdir}
    rows = sheet(Path(given.input))
    wrong = problems("nextflow_schema", params) + problems("schema_input", rows)
    for problem in wrong:
        sys.stderr.write(f"ERROR ~ {problem}\n")
    if not wrong:
        Path(given.outdir).mkdir()
        (Path(given.outdir) / "samples.json").write_text(json.dumps(rows))
    return 1 if wrong else 0


def problems(schema: str, value: object) -> list[str]:
    """What the pipeline's schema says against it."""
    return configs.problems(value, configs.load_schema(SCHEMAS / f"nf-core_sarek.{schema}.json"))


def sheet(path: Path) -> list[dict[str, Any]]:
    """The rows, read as the pipeline reads them: numbers as numbers, nothing for an empty cell."""
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    return [{name: _cell(text) for name, text in row.items() if text} for row in read]


def _cell(text: str) -> int | str:
    return int(text) if text.isdigit() else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
