"""bulk_rna_seq: the tubes of a plate that have been sequenced, ready to be aligned together."""

from __future__ import annotations

from loaders.checks import Files, Matches, Mates, OneOf, Present, When
from loaders.loader import Loader

CONTROL = Matches("::identifier", r"Control_(UHR|Jurkat)\.Plate\d+")
TUBE = Matches("::identifier", r".+\.rna\.[a-z0-9]+")


class BulkRnaSeq(Loader):
    """Aligns every sequenced tube of a plate in one request."""

    name = "bulk_rna_seq"
    title = "Bulk RNA-seq: alignment of a plate's tubes"
    model = "rna_seq"
    analysis = "rna_seq_pipe"
    everywhere = True
    scope = When(~CONTROL, ~OneOf("sample.tissue_type", ("non-cancer",), ignore_case=True))
    needs = Files("raw_fastq_files").named("fastqs", whom="the sequencing core") & When(
        ~CONTROL, Present("sample")
    ).named("the sample the tube belongs to", whom="the curators")
    wellformed = (
        (TUBE | CONTROL).named(
            "a tube's name: SAMPLE.rna.COMPARTMENT or Control_….PlateN", whom="the curators"
        )
        & Files("raw_fastq_files", r".+\.fastq\.gz", only=True)
        & Mates("raw_fastq_files")
    )
    inputs = ("raw_fastq_files",)
    outputs = Files("cram") & Files("cram_index") & Files("junction") & Files("unmapped_fastqs")
    batch_by = "rna_seq_plate"
    ready = "The tubes' fastqs are there"
    lacking = "they have not been aligned yet"
    changed = "some fastqs changed since they were aligned"
