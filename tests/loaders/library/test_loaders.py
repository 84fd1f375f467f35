"""The library's loaders, each on the models it is meant for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from loaders import registry
from loaders.gathering import applies
from loaders.library.bulk_rna_seq.loader import BulkRnaSeq
from loaders.library.flowjo_populations.loader import FlowjoPopulations
from loaders.library.rna_seq_matrix.loader import RnaSeqMatrix
from loaders.library.sc_process.loader import OUTPUTS, ScProcess
from loaders.library.verify_md5.loader import VerifyMd5
from loaders.loader import Loader
from loaders.pages import Page
from loaders.shapes import Shapes, Trait
from polyphemus_analyst import schemas
from tests.loaders.library.pages import files, page, shapes, verdicts
from tests.loaders.pages import SHAPES, file

LIBRARY = Path(registry.__file__).parent / "library"
SCHEMAS = Path(__file__).parents[2] / "analyst" / "schemas"
SHEET = SCHEMAS / "nf-core_sarek.schema_input.json"
RNASEQ_SHEET = SCHEMAS / "nf-core_rnaseq.schema_input.json"
PAIR = files("a_R1.fastq.gz", "a_R2.fastq.gz")
ALIGNED = {name: file(name) for name in ("cram", "cram_index", "junction", "unmapped_fastqs")}


class TestBulkRnaSeq:
    SHAPES = shapes(
        rna_seq={
            "sample": Trait("parent", "sample", "rna_seq"),
            "rna_seq_plate": Trait("link", "rna_seq_plate", "rna_seq"),
            "raw_fastq_files": "file_collection",
            **dict.fromkeys(ALIGNED, "file"),
        },
        sample={"tissue_type": "string"},
        rna_seq_plate={"rna_seq": Trait("collection", "rna_seq", "rna_seq_plate")},
    )

    @pytest.mark.parametrize(
        ("name", "values", "verdict"),
        [
            ("S1.rna.live", {}, "waiting"),
            ("S1.rna.live", {"raw_fastq_files": PAIR}, "due"),
            ("S1.rna.live", {"raw_fastq_files": PAIR, **ALIGNED}, "fresh"),
            *(
                ("S1.rna.live", {"raw_fastq_files": PAIR, **ALIGNED, lacking: None}, "due")
                for lacking in ALIGNED
            ),
            ("S1.rna.live", {"raw_fastq_files": files("a_R1.fq", "a_R2.fq")}, "blocked"),
            ("S1.rna.live", {"raw_fastq_files": PAIR[:1]}, "blocked"),
            ("S1.rna.live", {"raw_fastq_files": PAIR, "sample": None}, "waiting"),
            ("Control_UHR.Plate3", {"raw_fastq_files": PAIR, "sample": None}, "due"),
            ("Control_UHR.Plate3", {"raw_fastq_files": PAIR, "sample": "S2"}, "due"),
            ("S1-live", {"raw_fastq_files": PAIR}, "blocked"),
            ("S1.rna.live cells", {"raw_fastq_files": PAIR}, "blocked"),
            ("S1.rna.live", {"raw_fastq_files": PAIR, "sample": "S2"}, "out_of_scope"),
            ("S1.rna.live", {"raw_fastq_files": PAIR, "sample": "S3"}, "blocked"),
        ],
    )
    def test_a_tube(self, name: str, values: dict[str, Any], verdict: str) -> None:
        samples = {
            "S1": {"tissue_type": "tumor"},
            "S2": {"tissue_type": "Non-Cancer"},
            "S3": {"tissue_type": "tumor"},
        }
        tube = {"sample": "S1", "rna_seq_plate": "P1", "raw_fastq_files": None} | values

        judged = page("rna_seq", self.SHAPES, rna_seq={name: tube}, sample=samples)

        assert verdicts(BulkRnaSeq(), judged) == [verdict]

    def test_the_tubes_of_a_plate_are_one_suggestion(self) -> None:
        assert BulkRnaSeq().batch_by == "rna_seq_plate"

    def test_its_rows_fit_the_sample_sheet_of_rnaseq(self) -> None:
        lanes = files("t_L2_R2.fastq.gz", "t_L1_R1.fastq.gz", "t_L2_R1.fastq.gz", "t_L1_R2.fastq.gz")
        judged = page(
            "rna_seq", self.SHAPES, rna_seq={"S1.rna.live": {"sample": "S1", "raw_fastq_files": lanes}}
        )

        config = BulkRnaSeq().config(judged, 0)

        assert [row["fastq_1"] for row in config.rows] == [lanes[1]["path"], lanes[2]["path"]]
        assert schemas.sheet_faults(json.loads(RNASEQ_SHEET.read_text()), config.rows) == []


class TestRnaSeqMatrix:
    SHAPES = shapes(
        rna_seq_plate={
            "gene_counts_table": "file",
            "gene_tpm_table": "file",
            "rna_seq": Trait("collection", "rna_seq", "rna_seq_plate"),
        },
        rna_seq={
            "gene_counts": Trait("matrix", options=("EPCAM", "CD3E")),
            "gene_tpm": Trait("matrix", options=("EPCAM", "CD3E")),
        },
    )
    TABLES: ClassVar = {
        "gene_counts_table": file("c.tsv"),
        "gene_tpm_table": file("t.tsv"),
        "rna_seq": ["R1"],
    }

    @pytest.mark.parametrize(
        ("plate", "tube", "verdict"),
        [
            (TABLES | {"gene_tpm_table": None}, {}, "waiting"),
            (TABLES | {"rna_seq": []}, {}, "waiting"),
            (TABLES | {"gene_counts_table": file("c.xlsx")}, {}, "blocked"),
            (TABLES, {}, "due"),
            (TABLES, {"gene_counts": [1, 2], "gene_tpm": [1]}, "due"),
            (TABLES, {"gene_counts": [1, 2], "gene_tpm": [1, 2]}, "fresh"),
        ],
    )
    def test_a_plate(self, plate: dict[str, Any], tube: dict[str, Any], verdict: str) -> None:
        judged = page("rna_seq_plate", self.SHAPES, rna_seq_plate={"P1": plate}, rna_seq={"R1": tube})

        assert verdicts(RnaSeqMatrix(), judged) == [verdict]

    WITH_NUMBERS = Shapes(
        {
            "rna_seq_plate": replace(
                SHAPES["rna_seq_plate"],
                traits={**SHAPES["rna_seq_plate"].traits, "rnaseq_table": Trait("file")},
            ),
            "rna_seq": replace(
                SHAPES["rna_seq"],
                traits={**SHAPES["rna_seq"].traits, "mapped": Trait("integer"), "score": Trait("float")},
            ),
        }
    )
    LOADED: ClassVar = {"gene_counts": [1, 2], "gene_tpm": [1, 2]}
    QUALITY: ClassVar = TABLES | {"rnaseq_table": file("q.tsv")}

    @pytest.mark.parametrize(
        ("plate", "tube", "verdict"),
        [
            (TABLES, LOADED, "waiting"),
            (TABLES | {"rnaseq_table": file("q.xlsx")}, LOADED, "blocked"),
            (QUALITY, LOADED, "due"),
            (QUALITY, LOADED | {"score": 0.5}, "fresh"),
            (QUALITY, {"mapped": 0}, "due"),
        ],
    )
    def test_where_plates_have_a_table_of_quality_numbers_tubes_need_them(
        self, plate: dict[str, Any], tube: dict[str, Any], verdict: str
    ) -> None:
        known = self.WITH_NUMBERS
        judged = page("rna_seq_plate", known, rna_seq_plate={"P1": plate}, rna_seq={"R1": tube})

        assert verdicts(RnaSeqMatrix().fitted(known), judged) == [verdict]

    def test_another_table_of_quality_numbers_changes_the_fingerprint(self) -> None:
        loader = RnaSeqMatrix().fitted(self.WITH_NUMBERS)
        tables = (self.QUALITY, self.QUALITY | {"rnaseq_table": file("again.tsv")})
        pages = [
            page("rna_seq_plate", self.WITH_NUMBERS, rna_seq_plate={"P1": one}, rna_seq={"R1": {}})
            for one in tables
        ]

        assert loader.fingerprint(pages[0], 0) != loader.fingerprint(pages[1], 0)

    def test_where_they_have_none_nothing_is_asked(self) -> None:
        loader = RnaSeqMatrix()

        assert loader.fitted(self.SHAPES) is loader

    def test_a_tube_added_later_changes_the_fingerprint(self) -> None:
        one = page("rna_seq_plate", self.SHAPES, rna_seq_plate={"P1": self.TABLES}, rna_seq={"R1": {}})
        more = self.TABLES | {"rna_seq": ["R1", "R2"]}
        two = page("rna_seq_plate", self.SHAPES, rna_seq_plate={"P1": more}, rna_seq={"R1": {}, "R2": {}})

        assert RnaSeqMatrix().fingerprint(one, 0) != RnaSeqMatrix().fingerprint(two, 0)


class TestScProcess:
    SHAPES = shapes(
        sc_rna_seq={
            "raw_fastqs": "file_collection",
            "cite_seq": "boolean",
            "pooled": "boolean",
            "antibody_key": "file",
            "mux_index_key": "file",
            **dict.fromkeys(OUTPUTS, "file"),
        }
    )
    TENX = files(*(f"s_S1_L001_{read}_001.fastq.gz" for read in ("R1", "R2", "I1")))

    def test_every_file_that_the_pipeline_leaves_behind_is_its_output(self) -> None:
        assert set(OUTPUTS) == {
            "raw_counts_h5", "filtered_counts_h5", "bam", "bam_index", "cloupe", "metrics_summary",
            "molecule_info", "web_summary", "umap_pdf", "processed_robject", "cutoffs",
        }  # fmt: skip

    @pytest.mark.parametrize("key", ["antibody_key", "mux_index_key"])
    def test_another_key_is_another_input(self, key: str) -> None:
        prints = {
            ScProcess().fingerprint(page("sc_rna_seq", self.SHAPES, sc_rna_seq={"SC1": {key: file(name)}}), 0)
            for name in ("first.csv", "second.csv")
        }

        assert len(prints) == 2

    @pytest.mark.parametrize(
        ("values", "verdict"),
        [
            ({}, "waiting"),
            ({"raw_fastqs": TENX}, "due"),
            ({"raw_fastqs": PAIR}, "blocked"),
            ({"raw_fastqs": TENX[:2][:1]}, "blocked"),
            ({"raw_fastqs": TENX, "cite_seq": True}, "waiting"),
            ({"raw_fastqs": TENX, "cite_seq": True, "antibody_key": file("k.csv")}, "due"),
            ({"raw_fastqs": TENX, "pooled": True}, "waiting"),
            ({"raw_fastqs": TENX, **{name: file(name) for name in OUTPUTS}}, "fresh"),
            ({"raw_fastqs": TENX, **{name: file(name) for name in OUTPUTS[1:]}}, "due"),
        ],
    )
    def test_a_sample(self, values: dict[str, Any], verdict: str) -> None:
        judged = page("sc_rna_seq", self.SHAPES, sc_rna_seq={"SC1": values})

        assert verdicts(ScProcess(), judged) == [verdict]


class TestFlowjoPopulations:
    SHAPES = shapes(
        patient={"flojo_file_processed": "file", "sample": Trait("collection", "sample", "patient")},
        sample={"flow": Trait("child", "flow", "sample")},
        flow={
            "stain": "string",
            "fcs_file": "file",
            "population": Trait("table", "population", "flow"),
        },
        population={},
    )

    @pytest.mark.parametrize(
        ("workspace", "flow", "verdict"),
        [
            (None, {"stain": "treg", "fcs_file": file("a.fcs")}, "waiting"),
            (file("p.wsp"), {"stain": "treg"}, "waiting"),
            (file("p.wsp"), {"stain": "purple", "fcs_file": file("a.fcs")}, "blocked"),
            (file("p.jo"), {"stain": "treg", "fcs_file": file("a.fcs")}, "blocked"),
            (file("p.wsp"), {"stain": "treg", "fcs_file": file("a.fcs"), "population": []}, "due"),
            (file("p.wsp"), {"stain": "treg", "fcs_file": file("a.fcs"), "population": [1]}, "fresh"),
        ],
    )
    def test_a_patient(self, workspace: Any, flow: dict[str, Any], verdict: str) -> None:
        judged = page(
            "patient",
            self.SHAPES,
            patient={"P1": {"flojo_file_processed": workspace, "sample": ["S1"]}},
            sample={"S1": {"flow": "F1"}},
            flow={"F1": flow},
        )

        assert verdicts(FlowjoPopulations(), judged) == [verdict]

    @pytest.mark.parametrize(
        ("second", "verdict", "is_same"),
        [
            ({"stain": "dc", "fcs_file": file("b.fcs"), "population": [1]}, "fresh", True),
            ({"stain": "dc", "fcs_file": file("b.fcs"), "population": []}, "due", True),
            ({"stain": "dc", "fcs_file": file("c.fcs"), "population": [1]}, "fresh", False),
            ({"stain": "sort", "fcs_file": file("b.fcs"), "population": [1]}, "fresh", False),
        ],
    )
    def test_every_stain_counts(self, second: dict[str, Any], verdict: str, is_same: bool) -> None:
        first = {"stain": "treg", "fcs_file": file("a.fcs"), "population": [1]}

        def stained(flow: dict[str, Any]) -> Page:
            return page(
                "patient",
                self.SHAPES,
                patient={"P1": {"flojo_file_processed": file("p.wsp"), "sample": ["S1", "S2"]}},
                sample={"S1": {"flow": "F1"}, "S2": {"flow": "F2"}},
                flow={"F1": first, "F2": flow},
            )

        usual = stained({"stain": "dc", "fcs_file": file("b.fcs"), "population": [1]})
        loader = FlowjoPopulations()

        assert verdicts(loader, stained(second)) == [verdict]
        assert (loader.fingerprint(stained(second), 0) == loader.fingerprint(usual, 0)) is is_same


class TestVerifyMd5:
    SHAPES = shapes(ingest_folder={"delivered_files": "file_collection", "verified_at": "date_time"})
    SUMMED = files("a.bam", "md5sums.txt")

    @pytest.mark.parametrize(
        ("values", "verdict"),
        [
            ({"delivered_files": files("a.bam")}, "waiting"),
            ({"delivered_files": SUMMED}, "due"),
            ({"delivered_files": SUMMED, "updated_at": "2026-05-04T11:45:00+00:00"}, "blocked"),
            ({"delivered_files": SUMMED, "verified_at": "2026-05-04T10:00:00+00:00"}, "fresh"),
        ],
    )
    def test_a_delivery(self, values: dict[str, Any], verdict: str) -> None:
        judged = page("ingest_folder", self.SHAPES, ingest_folder={"D1": values})

        assert verdicts(VerifyMd5(), judged) == [verdict]


@pytest.mark.parametrize("kind", registry.LIBRARY)
def test_each_has_a_page_for_people(kind: type[Loader]) -> None:
    assert (LIBRARY / kind.name / "README.md").read_text().startswith(f"# {kind.name}\n")


@pytest.mark.parametrize("kind", registry.LIBRARY)
def test_each_needs_at_most_one_custom_check(kind: type[Loader]) -> None:
    assert str(kind().spelling).count("'custom'") <= 1


@pytest.mark.parametrize("kind", registry.LIBRARY[1:])
def test_where_the_models_are_others_they_are_passed_over(kind: type[Loader]) -> None:
    assert not applies(kind(), "dt_lung", SHAPES)
