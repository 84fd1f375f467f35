"""However many texts are matched at once, each matches as it does alone."""

from __future__ import annotations

import pytest
import re2
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from loaders.checks.patterns import fits, fits_each, matcher


@given(
    st.sampled_from(
        (r"", r".*", r".+\.fastq\.gz", r"a|b", r"(?i)ab?", r"\d+[02468]", r"^a$", r"[^/]+", r"\pL+")
    ),
    st.text("ab1.\n/\u00fcA20fqgzst", max_size=9) | st.just("x.fastq.gz"),
)
def test_the_quick_way_to_match_a_pattern_agrees_with_the_other(pattern: str, text: str) -> None:
    assert fits(pattern)(text) is (matcher(pattern)(text) is not None)


#: Whatever tells letters apart, in the ways RE2 knows.
parts_of_patterns = st.sampled_from(
    (
        *("a", "B", "-", "_", " ", "\u00fc", r"\.", r"\-", r"\\", "."),
        *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", "^", "$", r"\A", r"\z"),
        *(
            "[a-f]",
            "[^a-f]",
            "[+-9]",
            "[B-b]",
            "[-a]",
            "[.-]",
            r"[\d_]",
            r"[^\w-]",
            "[a-\u00fc]",
            "[02468]",
            "[^/]",
        ),
        *("(?i)b", "(?i:B)", "(?s:.)", "[[:xdigit:]]", r"\x41", r"\101", r"\pL", r"\p{Lu}", r"\Qa.\E", r"\t"),
    )
)
times = st.sampled_from(("*", "+", "?", "+?", "{2}", "{1,3}"))
patterns = st.recursive(
    parts_of_patterns,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: f"(?:{a}|{b})", inner, inner),
        st.builds(
            lambda a, times: f"(?:{a}){times}", inner, st.sampled_from(("*", "+", "?", "+?", "{2}", "{1,3}"))
        ),
    ),
    max_leaves=8,
)
letters = st.text("aAbBcCfFgz0129+,-./_:@[ \t\v\x7f~\u00fc\u00c4\U0001f9ec\\", max_size=6)
some_with_lines = letters | st.text("a\n", max_size=3)


@settings(deadline=None, max_examples=500)
@example("(?i)b", list("aAbBcCgz"))
@example("[[:xdigit:]]", list("aAbBcCgz"))
@example("[a-f]", list("aAbBcCgz"))
@example(r"\x41", list("aAbBcCgz"))
@given(patterns, st.lists(letters, min_size=8, max_size=40) | st.lists(some_with_lines, max_size=12))
def test_many_texts_at_once_fit_a_pattern_as_they_do_one_by_one(pattern: str, texts: list[str]) -> None:
    try:
        match = matcher(pattern)
    except ValueError:  # too often repeated
        reject()

    assert fits_each(pattern)(texts) == [match(text) is not None for text in texts]


def test_texts_a_pattern_cannot_tell_apart_are_matched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def match(_: object, text: bytes) -> list[int]:
        asked.append(text)
        return [0]

    texts = [f"R{number:04}.fastq.gz" for number in range(1000)]
    monkeypatch.setattr(re2.Set, "Match", match)

    assert fits_each(r"R\d+\.fastq\.g[z]")(texts) == [True] * 1000
    assert len(asked) == 1


def test_a_pattern_too_large_for_the_quick_way_is_matched_all_the_same() -> None:
    assert [fits(r"\pL{300}y?")(text) for text in ("x" * 300, "x" * 299)] == [True, False]
    assert fits_each("[^a]{1000}" * 20)(["x" * 20_000, "x" * 19_999] * 4) == [True, False] * 4
