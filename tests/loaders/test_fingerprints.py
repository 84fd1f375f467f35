"""What counts as a change of the inputs, and what doesn't."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loaders import fingerprints
from loaders.library.exome_pipe.loader import ExomePipe
from tests.loaders.pages import NORMAL, TUMOR, exomes, file, pair

LOADER = ExomePipe()
#: What a JSON value may be, great and tiny numbers included.
SCALARS = st.none() | st.booleans() | st.text() | st.integers() | st.floats(allow_nan=False)
VALUES = st.recursive(SCALARS, lambda one: st.lists(one) | st.dictionaries(st.text(), one), max_leaves=20)


@given(value=VALUES)
def test_a_value_has_the_one_spelling_it_always_had(value: object) -> None:
    spelled = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert fingerprints.canonical(value) == spelled.encode()


def test_a_fresh_address_is_no_change() -> None:
    before, after = file("a_R1.fastq.gz"), file("a_R1.fastq.gz") | {"url": "https://metis/signed=later"}

    assert print_of(before) == print_of(after)


def test_another_name_or_place_is_a_change() -> None:
    assert print_of(file("a_R1.fastq.gz")) != print_of(file("b_R1.fastq.gz"))
    assert print_of(file("a_R1.fastq.gz", "place")) != print_of(file("b_R1.fastq.gz", "place"))
    assert print_of(file("a_R1.fastq.gz")) != print_of(file("a_R1.fastq.gz", "elsewhere"))


def test_new_content_under_the_same_name_is_a_change_where_magma_tells_md5() -> None:
    page = exomes(TUMOR, NORMAL)
    key = ("exome", "DTL001.T1.exome", "raw_fastqs")

    LOADER.fingerprint(page, 0)  # what was answered without them must not stand in for them
    first, second = (page.with_digests({key: (md5, "b")}) for md5 in ("a1", "a2"))

    assert LOADER.fingerprint(first, 0) != LOADER.fingerprint(second, 0)


def test_the_same_content_renamed_is_no_change_where_magma_tells_md5() -> None:
    key = ("exome", "DTL001.T1.exome", "raw_fastqs")
    first, second = (
        exomes(("T1", "Squamous", pair(stem), None)).with_digests({key: ("a1", "b1")}) for stem in ("x", "y")
    )

    assert LOADER.fingerprint(first, 0) == LOADER.fingerprint(second, 0)


def test_a_blank_file_is_no_file() -> None:
    assert print_of({"path": "::blank"}) == print_of(None)


def test_a_new_version_makes_everything_different() -> None:
    class Later(ExomePipe):
        version = "2"

    page = exomes(TUMOR, NORMAL)

    assert Later().fingerprint(page, 0) != LOADER.fingerprint(page, 0)


def test_a_vcf_is_no_input() -> None:
    done = ("T1", "Adenocarcinoma", pair("DTL001.T1"), file("DTL001.vcf"))

    assert LOADER.fingerprint(exomes(TUMOR, NORMAL), 0) == LOADER.fingerprint(exomes(done, NORMAL), 0)


def print_of(entry: Any) -> str:
    return LOADER.fingerprint(exomes(("T1", "Squamous", [entry], None)), 0)
