"""exome_pipe: patients by the rule of their names, fastqs by their names, pairs and lanes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loaders.checks import NamedByRule
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.pages import Page, Store
from loaders.shapes import Shape, Shapes, Trait
from polyphemus_analyst import schemas
from tests.loaders.library.pages import NOON, files, page, shapes, verdicts
from tests.loaders.pages import file

SHEET = Path(__file__).parents[2] / "analyst" / "schemas" / "nf-core_sarek.schema_input.json"
PAIR = files("a_R1.fastq.gz", "a_R2.fastq.gz")


class TestExomePipe:
    RULE = Trait("identifier", pattern=r"^IPI[A-Z]{2,6}\d{3}$")

    @pytest.mark.parametrize(
        ("rule", "name", "passes"),
        [
            (RULE, "IPICRC004", True),
            (RULE, "crc 4", False),
            (Trait("identifier"), "crc 4", True),
            (Trait("identifier", pattern="(?<=a)b"), "crc 4", True),
        ],
    )
    def test_a_patients_name_fits_the_rule_that_the_template_has(
        self, rule: Trait, name: str, passes: bool
    ) -> None:
        known = Shapes({"patient": Shape("patient", "ipi_number", traits={"ipi_number": rule})})
        judged = Page("patient", (name,), Store(known, {"patient": {name: {}}}, NOON))

        assert NamedByRule().judge(judged) == [passes]
        assert NamedByRule().explain(judged, 0).passed is passes

    SHAPES = shapes(
        patient={"sample": Trait("collection", "sample", "patient")},
        sample={"tumor_type": "string", "exome": Trait("child", "exome", "sample")},
        exome={"sample": Trait("parent", "sample", "exome"), "raw_fastqs": "file_collection", "vcf": "file"},
    )
    LANES = files("t_L2_R2.fastq.gz", "t_L1_R1.fastq.gz", "t_L2_R1.fastq.gz", "t_L1_R2.fastq.gz")

    @pytest.mark.parametrize(
        ("patient", "tumor", "verdict"),
        [
            ("IPICRC004", PAIR, "due"),
            ("crc 4", PAIR, "blocked"),
            (
                "IPICRC004",
                [*PAIR, file("b_R1.fastq.gz", "::temp"), file("b_R2.fastq.gz", "::temp")],
                "blocked",
            ),
            ("IPICRC004", [*PAIR, file("a_I1.fastq.gz"), file("b_I1.txt")], "blocked"),
            ("IPICRC004", [*PAIR, *PAIR], "blocked"),
        ],
    )
    def test_a_patient(self, patient: str, tumor: Any, verdict: str) -> None:
        known = Shapes(
            {**self.SHAPES.models, "patient": replace(
                self.SHAPES["patient"],
                identifier="ipi_number",
                traits={**self.SHAPES["patient"].traits, "ipi_number": self.RULE},
            )}
        )  # fmt: skip
        judged = page(
            "patient",
            known,
            patient={patient: {"sample": ["T1", "N1"]}},
            sample={
                "N1": {"tumor_type": "Normal", "exome": "N1.exome"},
                "T1": {"tumor_type": "Primary", "exome": "T1.exome"},
            },
            exome={
                "N1.exome": {"sample": "N1", "raw_fastqs": PAIR},
                "T1.exome": {"sample": "T1", "raw_fastqs": tumor},
            },
        )

        assert verdicts(ExomePipe(), judged) == [verdict]

    def test_its_rows_fit_the_sample_sheet_of_sarek(self) -> None:
        judged = page(
            "patient",
            self.SHAPES,
            patient={"P1": {"sample": ["T1", "N1", "T2"]}},
            sample={
                "N1": {"tumor_type": "Normal", "exome": "N1.exome"},
                "T1": {"tumor_type": "Primary", "exome": "T1.exome"},
                "T2": {"tumor_type": "Primary", "exome": "T2.exome"},
            },
            exome={
                "N1.exome": {"sample": "N1", "raw_fastqs": PAIR},
                "T1.exome": {"sample": "T1", "raw_fastqs": self.LANES},
                "T2.exome": {"sample": "T2", "raw_fastqs": None},
            },
        )

        config = ExomePipe().config(judged, 0)

        assert config.inputs == ("N1.exome", "T1.exome")
        assert [(row["sample"], row["status"], row["lane"]) for row in config.rows] == [
            ("N1.exome", 0, "L001"),
            ("T1.exome", 1, "L001"),
            ("T1.exome", 1, "L002"),
        ]
        assert config.rows[1]["fastq_1"] == file("t_L1_R1.fastq.gz")["path"]
        assert schemas.sheet_faults(json.loads(SHEET.read_text()), config.rows) == []
