"""Pipelines as they are published, and analyses held to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dispatch.configuring.services import editions
from dispatch.services.configs import Contract

FOLDER = Path(__file__).parents[2] / "analyst" / "schemas"


def published(name: str) -> dict[str, Any]:
    """One of nf-core's schemas."""
    found: dict[str, Any] = json.loads((FOLDER / f"nf-core_{name}.json").read_text())
    return found


SAREK = Contract(published("sarek.nextflow_schema"))
SAREK_WITH_SHEET = Contract(published("sarek.nextflow_schema"), published("sarek.schema_input"))
RNASEQ = Contract(published("rnaseq.nextflow_schema"))
RNASEQ_WITH_SHEET = Contract(published("rnaseq.nextflow_schema"), published("rnaseq.schema_input"))


def hold(analysis: str, contract: Contract, *, now: Any) -> None:
    """Hold requests of an analysis to a contract."""
    assert contract.schema is not None
    editions.publish(
        analysis,
        schema=dict(contract.schema),
        input_schema=dict(contract.input_schema) if contract.input_schema else None,
        title="",
        source="tests",
        author="tests",
        now=now,
    )


@pytest.fixture
def sarek(db: None, now: Any) -> str:
    """The analysis sarek; its inputs are names."""
    hold("sarek", SAREK, now=now)
    return "sarek"


@pytest.fixture
def sarek_with_sheet(db: None, now: Any) -> str:
    """The analysis sarek; its inputs are rows of its sheet."""
    hold("sarek", SAREK_WITH_SHEET, now=now)
    return "sarek"
