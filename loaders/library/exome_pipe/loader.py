"""exome_pipe: tumor and normal exomes of one patient, ready for the variant pipeline.

Anchored on the patient: whether a tumor has its normal is a question about their common parent, which no
exome can answer for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as _

from loaders.checks import Files, Linked, Mates, NamedByRule, OneOf, Present
from loaders.checks.uploads import stored
from loaders.loader import Config, Loader
from loaders.pages import Page

NORMAL = OneOf("sample.tumor_type", ("Normal",), ignore_case=True)
TUMOR = Present("sample.tumor_type") & ~NORMAL
SEQUENCED = Files("raw_fastqs")
MATES = Mates("raw_fastqs")
FASTQ = r".+\.f(ast)?q(\.gz|\.bz2)?"


class ExomePipe(Loader):
    """Calls variants of every tumor exome against the patient's one normal."""

    name = "exome_pipe"
    title = _("Exome analysis: tumors against their normal")
    model = "patient"
    analysis = "exome_pipe"
    scope = Linked("sample.exome", where=TUMOR)
    needs = Linked("sample.exome", where=TUMOR & SEQUENCED).named(
        _("a tumor exome with its fastqs"), whom=_("the sequencing core")
    ) & Linked("sample.exome", where=NORMAL & SEQUENCED, max=1).named(
        _("exactly one normal exome with its fastqs"), whom=_("the sequencing core")
    )
    wellformed = (
        NamedByRule().named(_("a patient's name by the project's rule"), whom=_("the curators"))
        & Linked("sample.exome", every=Files("raw_fastqs", FASTQ, min=0, only=True))
        & Linked("sample.exome", where=SEQUENCED, every=MATES)
    )
    inputs = ("sample.tumor_type", "sample.exome.raw_fastqs")
    outputs = Linked("sample.exome", where=TUMOR & SEQUENCED, every=Files("vcf"))
    ready = _("Tumor and normal fastqs are there")
    lacking = _("no vcf yet")
    changed = _("the fastqs changed since the last vcf was made")

    def config(self, page: Page, index: int) -> Config:
        """The exomes with fastqs, the normal first."""
        (exomes,) = page.only(page.names[index]).linked("sample.exome")
        target = page.of("exome", exomes)
        columns = (exomes, NORMAL.judge(target), SEQUENCED.judge(target), target.values("raw_fastqs"))
        ordered = sorted(zip(*columns, strict=True), key=lambda exome: (not exome[1], exome[0]))
        chosen = [exome for exome in ordered if exome[2]]
        rows = [
            {"patient": page.names[index], "sample": name, "status": 0 if is_normal else 1, **lane}
            for name, is_normal, _, fastqs in chosen
            for lane in lanes(fastqs)
        ]
        return Config(inputs=tuple(name for name, *_ in chosen), rows=tuple(rows))


def lanes(fastqs: Any) -> Iterator[dict[str, str]]:
    """An exome's pairs of fastqs as nf-core/sarek's sample sheet names them."""
    for number, (first, second) in enumerate(MATES.pairs(fastqs), start=1):
        yield {"lane": f"L{number:03}", "fastq_1": stored(first), "fastq_2": stored(second)}
