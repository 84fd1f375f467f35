"""rna_seq_matrix: a plate's tables are there, and its tubes lack their rows or their quality numbers."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop as _

from loaders.checks import AnyOf, Check, Files, Linked, MatrixWidth, Present
from loaders.loader import Config, Loader
from loaders.pages import Page
from loaders.shapes import Shapes

COUNTED = MatrixWidth("gene_counts") & MatrixWidth("gene_tpm")
#: The types of a tube's attributes that hold quality numbers.
NUMBERS = frozenset({"integer", "float"})
QUALITY = "rnaseq_table"


class RnaSeqMatrix(Loader):
    """Loads gene counts, TPM and quality numbers of every tube from its plate's tables."""

    name = "rna_seq_matrix"
    title = _("Gene counts from a plate's tables")
    model = "rna_seq_plate"
    analysis = "matrix_load"
    everywhere = True
    needs: Check = (
        Files("gene_counts_table").named(_("the table of gene counts"), whom=_("the analysts"))
        & Files("gene_tpm_table").named(_("the table of TPM"), whom=_("the analysts"))
        & Linked("rna_seq").named(_("tubes on the plate"), whom=_("the curators"))
    )
    wellformed: Check = Files("gene_counts_table", r".+\.tsv", max=1, only=True) & Files(
        "gene_tpm_table", r".+\.tsv", max=1, only=True
    )
    #: The set of tubes counts too: a tube added later has no row yet.
    inputs: tuple[str, ...] = ("gene_counts_table", "gene_tpm_table", "rna_seq.::identifier")
    outputs: Check = Linked("rna_seq", every=COUNTED)
    ready = _("The plate's tables are there")
    lacking = _("not every tube has its rows, as wide as the matrix's columns, and its quality numbers")
    changed = _("a table or the set of tubes changed since the rows were loaded")

    def config(self, page: Page, index: int) -> Config:
        """The plate, and the tubes the tables must name."""
        (tubes,) = page.only(page.names[index]).linked("rna_seq")
        return Config(inputs=(page.names[index],), params={"tubes": sorted(tubes)})

    def fitted(self, shapes: Shapes) -> Loader:
        """With the table of quality numbers, where plates have one and tubes have numbers."""
        plate, tube = (shapes[model].traits if model in shapes else {} for model in (self.model, "rna_seq"))
        numbers = sorted(name for name, trait in tube.items() if trait.type in NUMBERS)
        return self._with_quality(numbers) if QUALITY in plate and numbers else self

    def _with_quality(self, numbers: Sequence[str]) -> Loader:
        """One table holds all numbers, and no template says which they are: some must be there."""
        whole = type(self)()
        whole.needs = self.needs & Files(QUALITY).named(
            _("the table of quality numbers"), whom=_("the analysts")
        )
        whole.wellformed = self.wellformed & Files(QUALITY, r".+\.tsv", max=1, only=True)
        whole.inputs = (*self.inputs, QUALITY)
        some = AnyOf(tuple(map(Present, numbers)))
        whole.outputs = Linked("rna_seq", every=COUNTED & some)
        return whole
