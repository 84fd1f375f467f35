"""sc_process: single-cell fastqs under 10x names, with whatever keys their kind of experiment needs."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from loaders.checks import All, Check, Files, Mates, OneOf, When
from loaders.loader import Loader

TENX = r".+_S\d+_L\d{3}_[RI][12]_001\.fastq\.gz"
#: What the pipeline leaves behind: one finished file each.
OUTPUTS = (
    "raw_counts_h5",
    "filtered_counts_h5",
    "bam",
    "bam_index",
    "cloupe",
    "metrics_summary",
    "molecule_info",
    "web_summary",
    "umap_pdf",
    "processed_robject",
    "cutoffs",
)
MADE: Check = All(tuple(Files(attribute) for attribute in OUTPUTS))


class ScProcess(Loader):
    """Counts cells and genes, and draws the first maps."""

    name = "sc_process"
    title = _("Single-cell RNA-seq: counting and first maps")
    model = "sc_rna_seq"
    analysis = "cellranger"
    everywhere = True
    needs = (
        Files("raw_fastqs").named(_("fastqs"), whom=_("the sequencing core"))
        & When(OneOf("cite_seq", (True,)), Files("antibody_key")).named(
            _("the antibody key, since it is CITE-seq"), whom=_("the lab")
        )
        & When(OneOf("pooled", (True,)), Files("mux_index_key")).named(
            _("the multiplexing key, since it is pooled"), whom=_("the lab")
        )
    )
    wellformed = Files("raw_fastqs", TENX, only=True).named(
        _("10x names (…_S1_L001_R1_001.fastq.gz)"), whom=_("the sequencing core")
    ) & Mates("raw_fastqs")
    inputs = ("raw_fastqs", "antibody_key", "mux_index_key")
    outputs = MADE
    ready = _("The fastqs and their keys are there")
    lacking = _("some of the pipeline's files are missing")
    changed = _("the fastqs or keys changed since the last run")
