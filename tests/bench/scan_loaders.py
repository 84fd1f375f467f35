"""Loaders over the large warehouse's specimens, which ask for values and files.

By `TEN` most specimens are done or nobody's, and there are 12 suggestions to a hundred, as in a lab that
keeps up. By `BACKLOG`, ten that nearly all want the same, there are 70. Both read the same.
"""

from __future__ import annotations

from loaders.checks import Check, Files, Matches, Mates, OneOf, Present, Range
from loaders.loader import Loader
from tests.bench.large_records import PROJECT, SPECIMEN


class Specimens(Loader):
    """What the ten have in common: fastqs come in, a vcf goes out."""

    model = SPECIMEN
    analysis = "bench"
    projects = (PROJECT,)
    inputs: tuple[str, ...] = ("raw_fastqs",)
    needs: Check | None = Files("raw_fastqs")
    wellformed: Check | None = Mates("raw_fastqs")
    outputs: Check = Files("vcf")


class Fastqs(Specimens):
    name = "fastqs"


class NamedFastqs(Specimens):
    name = "named_fastqs"
    needs = Files("raw_fastqs", r".+\.fastq\.gz", only=True)


class Tumors(Specimens):
    name = "tumors"
    scope = ~OneOf("tumor_type", ("Normal",), ignore_case=True)


class Normals(Specimens):
    name = "normals"
    scope = OneOf("tumor_type", ("Normal",), ignore_case=True)


class Good(Specimens):
    name = "good"
    needs = Files("raw_fastqs") & Range("quality", min=30)


class Owned(Specimens):
    name = "owned"
    needs = Present("subject") & Files("raw_fastqs")


class Numbered(Specimens):
    name = "numbered"
    scope = Matches("::identifier", r"LRG\d+[02468]")


class Aligned(Specimens):
    name = "aligned"
    outputs = Files("bam")
    inputs = ("raw_fastqs", "tumor_type")


class Realigned(Specimens):
    name = "realigned"
    needs = Files("bam")
    wellformed = None
    inputs = ("bam",)


class Either(Specimens):
    name = "either"
    needs = Files("bam") | Files("raw_fastqs")
    wellformed = None


BACKLOG: tuple[Loader, ...] = tuple(
    kind()
    for kind in (Fastqs, NamedFastqs, Tumors, Normals, Good, Owned, Numbered, Aligned, Realigned, Either)
)


def _kept_up(kind: type[Specimens], **others: Check | None) -> Loader:
    """The loader where either file counts as made: of a hundred specimens one has neither."""
    made = {"outputs": Files("vcf") | Files("bam"), **others}
    loader: Loader = type(f"Lab{kind.__name__}", (kind,), made)()
    return loader


TEN: tuple[Loader, ...] = (
    _kept_up(Fastqs),
    _kept_up(NamedFastqs),
    _kept_up(Tumors, outputs=Files("vcf")),
    _kept_up(Normals),
    _kept_up(Good),
    _kept_up(Owned),
    _kept_up(Numbered),
    _kept_up(Aligned, outputs=Files("bam"), needs=Files("raw_fastqs") & Range("quality", min=85)),
    _kept_up(Realigned, outputs=Files("vcf"), needs=Files("bam") & Range("quality", min=85)),
    _kept_up(Either),
)
