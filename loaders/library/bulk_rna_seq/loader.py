"""bulk_rna_seq: the tubes of a plate that have been sequenced, ready to be aligned together."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from loaders.checks import Custom, Files, Matches, Mates, OneOf, Present, When
from loaders.checks.uploads import stored
from loaders.loader import Config, Loader
from loaders.pages import Page, as_names
from polyphemus_site.sentences import Sentence

CONTROL = Matches("::identifier", r"Control_(UHR|Jurkat)\.Plate\d+")
TUBE = Matches("::identifier", r".+\.rna\.[A-Za-z0-9_]+")
OF_ITS_SAMPLE = Custom("loaders.library.bulk_rna_seq.loader:misnamed", ("::identifier", "sample"))
MATES = Mates("raw_fastq_files")


class BulkRnaSeq(Loader):
    """Aligns every sequenced tube of a plate in one request."""

    name = "bulk_rna_seq"
    title = _("Bulk RNA-seq: alignment of a plate's tubes")
    model = "rna_seq"
    analysis = "rna_seq_pipe"
    everywhere = True
    scope = When(~CONTROL, ~OneOf("sample.tissue_type", ("non-cancer",), ignore_case=True))
    needs = Files("raw_fastq_files").named(_("fastqs"), whom=_("the sequencing core")) & When(
        ~CONTROL, Present("sample")
    ).named(_("the sample the tube belongs to"), whom=_("the curators"))
    wellformed = (
        (TUBE | CONTROL).named(
            _("a tube's name: SAMPLE.rna.COMPARTMENT or Control_….PlateN"), whom=_("the curators")
        )
        & Files("raw_fastq_files", r".+\.fastq\.gz", only=True)
        & MATES
        & When(~CONTROL, OF_ITS_SAMPLE).named(_("a tube named after its sample"), whom=_("the curators"))
    )
    inputs = ("raw_fastq_files",)
    outputs = Files("cram") & Files("cram_index") & Files("junction") & Files("unmapped_fastqs")
    batch_by = "rna_seq_plate"
    ready = _("The tubes' fastqs are there")
    lacking = _("they have not been aligned yet")
    changed = _("some fastqs changed since they were aligned")

    def config(self, page: Page, index: int) -> Config:
        """The tube, and its pairs of fastqs as rows of nf-core/rnaseq's sample sheet."""
        (files,) = page.only(page.names[index]).values("raw_fastq_files")
        rows = (
            {
                "sample": page.names[index],
                "fastq_1": stored(first),
                "fastq_2": stored(second),
                "strandedness": "auto",
            }
            for first, second in MATES.pairs(files)
        )
        return Config(inputs=(page.names[index],), rows=tuple(rows))


def misnamed(page: Page) -> list[str]:
    """A tube is called SAMPLE.rna.COMPARTMENT after the very sample it is linked to."""
    samples = [next(iter(as_names(value)), "") for value in page.values("sample")]
    odd = _("%(name)s is not named after its sample, %(sample)s")
    return [
        "" if name.startswith(f"{sample}.rna.") else Sentence(odd, name=name, sample=sample)
        for name, sample in zip(page.names, samples, strict=True)
    ]
