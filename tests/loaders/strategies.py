"""Any check there is over any page of patients, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from loaders.checks import (
    Check,
    Custom,
    Files,
    Linked,
    Matches,
    Mates,
    MatrixWidth,
    OneOf,
    Present,
    Quiet,
    Range,
    Rows,
    UpdatedAfter,
    When,
)
from loaders.pages import Page, Store
from tests.loaders.pages import NOW, SHAPES, file

NAMES = ("a_R1.fastq.gz", "a_R2.fastq.gz", "b_R1.fastq.gz", "c.bam")
STAMPS = (
    "2026-05-04T11:50:00+00:00",
    "2026-05-04T12:20:00+00:00",
    "",
    "yesterday",
    "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00+14:00",
    "2026-05-04",
)

entry = st.builds(file, st.sampled_from(NAMES), st.sampled_from(("", "::temp", "::blank")))
#: Anything an answer may hold where something else was expected.
ODD: list[Any] = [
    *(None, "", 0, False, True, [], {}, "x", 3.5, -(10**30), ["x"], [None, ""], [[1]], [{}], {"path": 7}),
    *(
        {"path": None},
        {"path": "p", "original_filename": 7},
        {"original_filename": "a_R1.fastq.gz"},
        {"type": "x", "value": {"a": []}},
        "a/b\n \u00fc\0",
    ),
    "R\u00e9: \u2028 ' \" ; --",
]
odd: st.SearchStrategy[Any] = st.sampled_from(ODD)
files = st.lists(entry, max_size=4) | entry | odd
stamp = st.sampled_from(STAMPS) | odd
text = st.sampled_from(("Normal", "Squamous")) | odd


def names(prefix: str, count: int = 5) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def documents(prefix: str, **traits: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {name: st.fixed_dictionaries(traits) for name in names(prefix)[:3]},
        optional={name: st.fixed_dictionaries(traits) for name in names(prefix)[3:]},
    )


def links(prefix: str) -> st.SearchStrategy[Any]:
    return odd | st.lists(st.sampled_from(names(prefix)), max_size=4)


def link(prefix: str) -> st.SearchStrategy[Any]:
    return odd | st.sampled_from(names(prefix))


stores = st.builds(
    lambda **by_model: Store(SHAPES, by_model, NOW),
    patient=documents(
        "P",
        sample=links("S"),
        demographics=links("D"),
        physician=text,
        age=odd,
        seen_on=stamp,
        updated_at=stamp,
        files=files,
        counts=odd | st.lists(st.integers(), max_size=4),
    ),
    sample=documents("S", exome=links("E"), patient=link("P"), tumor_type=text),
    exome=documents("E", sample=link("S"), raw_fastqs=files, vcf=files),
)
pages = st.builds(lambda store: Page("patient", tuple(store.documents["patient"]), store), stores)


def complain(page: Page) -> list[str]:
    """A lab's own function, as the how-to has it."""
    return ["" if age else "no age" for age in page.values("age")]


#: Checks from an exome on, for use inside `linked`.
exome_checks: st.SearchStrategy[Check] = st.one_of(
    st.builds(Files, st.sampled_from(("raw_fastqs", "vcf")), only=st.booleans()),
    st.just(Mates("raw_fastqs")),
    st.just(OneOf("sample.tumor_type", ("normal",), ignore_case=True)),
)
leaves: st.SearchStrategy[Check] = st.one_of(
    st.builds(Present, st.sampled_from(("physician", "files", "age"))),
    st.just(Matches("physician", "N.*")),
    st.just(Matches("::identifier", "P[0-2]")),
    st.builds(Range, st.just("age"), min=st.sampled_from((None, 0)), max=st.sampled_from((None, 3.5))),
    st.just(OneOf("physician", ("x", 0, False))),
    st.builds(
        Files, st.just("files"), st.sampled_from(("", r".*\.bam")), min=st.integers(0, 2), only=st.booleans()
    ),
    st.just(Mates("files")),
    st.builds(Rows, st.sampled_from(("demographics", "sample")), min=st.integers(0, 2)),
    st.just(MatrixWidth("counts")),
    st.just(UpdatedAfter("seen_on", than="updated_at")),
    st.just(UpdatedAfter("seen_on", than="2026-05-04")),
    st.just(Custom("tests.loaders.strategies:complain", ("age",))),
    st.builds(Quiet, st.integers(0, 60)),
    st.builds(
        Linked,
        st.just("sample.exome"),
        where=st.none() | exome_checks,
        every=st.none() | exome_checks,
        min=st.integers(0, 2),
        max=st.none() | st.integers(2, 3),
    ),
)
checks: st.SearchStrategy[Check] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
        st.builds(When, inner, inner),
        st.builds(lambda a: a.named("so called", whom="somebody"), inner),
    ),
    max_leaves=6,
)
