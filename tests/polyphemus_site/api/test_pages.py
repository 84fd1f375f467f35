"""Cursors: ours are read back, all others are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_site.api import pages
from polyphemus_site.errors import InvalidInputError

KEY = ("2026-05-04T12:22:07+00:00", 42)


def refusal(listing: str, cursor: str) -> str:
    with pytest.raises(InvalidInputError) as refused:
        pages.decode(listing, cursor, str, int)
    return refused.value.code


class TestDecode:
    def test_reads_what_encode_made(self) -> None:
        assert pages.decode("requests", pages.encode("requests", *KEY), str, int) == KEY

    def test_a_cursor_of_another_list_is_refused(self) -> None:
        assert refusal("suggestions", pages.encode("requests", *KEY)) == "bad_cursor"

    def test_a_cursor_of_another_shape_is_refused(self) -> None:
        assert refusal("requests", pages.encode("requests", 42)) == "bad_cursor"

    @given(st.text(max_size=60))
    def test_anything_else_is_refused(self, text: str) -> None:
        assert refusal("requests", text) == "bad_cursor"

    @given(at=st.integers(min_value=0, max_value=200))
    def test_a_changed_character_is_refused(self, at: int) -> None:
        cursor = pages.encode("requests", *KEY)
        at %= len(cursor)

        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]

        assert refusal("requests", changed) == "bad_cursor"
