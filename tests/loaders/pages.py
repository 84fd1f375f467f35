"""Pages for tests of judging: a patient's samples and exomes, as Magma tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loaders.pages import Document, Page, Store
from loaders.shapes import Shape, Shapes, Trait

NOW = datetime(2026, 5, 4, 12, 22, 7, tzinfo=UTC)

SHAPES = Shapes(
    {
        "project": Shape("project", "name", traits={"patient": Trait("collection", "patient", "project")}),
        "patient": Shape(
            "patient",
            "ipi_number",
            "project",
            {
                "project": Trait("parent", "project", "patient"),
                "sample": Trait("collection", "sample", "patient"),
                "demographics": Trait("table", "demographics", "patient"),
                "clinical": Trait("child", "clinical", "patient"),
                "physician": Trait("string"),
                "age": Trait("integer"),
                "restricted": Trait("boolean"),
                "seen_on": Trait("date_time"),
                "updated_at": Trait("date_time"),
                "counts": Trait("matrix", options=("EPCAM", "CD3E", "PTPRC")),
                "files": Trait("file_collection"),
            },
        ),
        "clinical": Shape(
            "clinical",
            "name",
            "patient",
            {"patient": Trait("parent", "patient", "clinical"), "stage": Trait()},
        ),
        "demographics": Shape("demographics", "id", "patient", {"value": Trait()}),
        "sample": Shape(
            "sample",
            "sample_name",
            "patient",
            {
                "patient": Trait("parent", "patient", "sample"),
                "exome": Trait("collection", "exome", "sample"),
                "tumor_type": Trait(),
                "updated_at": Trait("date_time"),
            },
        ),
        "exome": Shape(
            "exome",
            "tube_name",
            "sample",
            {
                "sample": Trait("parent", "sample", "exome"),
                "raw_fastqs": Trait("file_collection"),
                "vcf": Trait("file", restricted=True),
                "updated_at": Trait("date_time"),
            },
        ),
    }
)


def file(name: str, path: str = "") -> dict[str, Any]:
    return {
        "url": f"https://metis/{name}?signed=now",
        "path": path or f"stored-{name}",
        "original_filename": name,
    }


def pair(stem: str) -> list[dict[str, Any]]:
    return [file(f"{stem}_R1.fastq.gz"), file(f"{stem}_R2.fastq.gz")]


def patients(**documents: Document) -> Page:
    """A page of patients that lead nowhere."""
    whole = {name: {"ipi_number": name, **document} for name, document in documents.items()}
    return Page("patient", tuple(whole), Store(SHAPES, {"patient": whole}, NOW))


def exomes(*rows: tuple[str, str | None, Any, Any]) -> Page:
    """One patient, DTL001, with one sample an exome: (letters, tumor type, fastqs, vcf)."""
    return family(DTL001=rows)


def family(**patients_rows: tuple[tuple[str, str | None, Any, Any], ...]) -> Page:
    """Patients, each with one sample an exome."""
    documents: dict[str, dict[str, Document]] = {"patient": {}, "sample": {}, "exome": {}}
    for patient, rows in patients_rows.items():
        samples = [f"{patient}.{letters}" for letters, *_ in rows]
        documents["patient"][patient] = {"ipi_number": patient, "sample": samples, "updated_at": STAMP}
        for sample, (_, tumor_type, fastqs, vcf) in zip(samples, rows, strict=True):
            documents["sample"][sample] = {
                "patient": patient,
                "exome": [f"{sample}.exome"],
                "tumor_type": tumor_type,
                "updated_at": STAMP,
            }
            documents["exome"][f"{sample}.exome"] = {
                "sample": sample,
                "raw_fastqs": fastqs,
                "vcf": vcf,
                "updated_at": STAMP,
            }
    return Page("patient", tuple(patients_rows), Store(SHAPES, documents, NOW))


STAMP = "2026-05-04T10:00:00+00:00"
TUMOR = ("T1", "Adenocarcinoma", pair("DTL001.T1"), None)
NORMAL = ("N1", "Normal", pair("DTL001.N1"), None)
