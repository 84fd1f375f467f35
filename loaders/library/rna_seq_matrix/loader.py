"""rna_seq_matrix: a plate's tables of counts are there, and its tubes lack their rows."""

from __future__ import annotations

from loaders.checks import Files, Linked, MatrixWidth, Present
from loaders.loader import Config, Loader
from loaders.pages import Page

COUNTED = MatrixWidth("gene_counts") & MatrixWidth("gene_tpm")


class RnaSeqMatrix(Loader):
    """Loads gene counts and TPM of every tube from its plate's tables."""

    name = "rna_seq_matrix"
    title = "Gene counts from a plate's tables"
    model = "rna_seq_plate"
    analysis = "matrix_load"
    everywhere = True
    needs = (
        Files("gene_counts_table").named("the table of gene counts", whom="the analysts")
        & Files("gene_tpm_table").named("the table of TPM", whom="the analysts")
        & Linked("rna_seq").named("tubes on the plate", whom="the curators")
    )
    wellformed = Files("gene_counts_table", r".+\.tsv", max=1, only=True) & Files(
        "gene_tpm_table", r".+\.tsv", max=1, only=True
    )
    #: The set of tubes counts too: a tube added later has no row yet.
    inputs = ("gene_counts_table", "gene_tpm_table", "rna_seq.::identifier")
    outputs = Linked("rna_seq", every=Present("gene_counts") & COUNTED)
    ready = "The plate's tables are there"
    lacking = "not every tube has its row, as wide as the matrix's columns"
    changed = "a table or the set of tubes changed since the rows were loaded"

    def config(self, page: Page, index: int) -> Config:
        """The plate, and the tubes the tables must name."""
        (tubes,) = page.only(page.names[index]).linked("rna_seq")
        return Config(inputs=(page.names[index],), params={"tubes": sorted(tubes)})
