"""Strict JSON: what two readers could understand differently is refused with a code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_site.api import strict_json
from polyphemus_site.errors import InvalidInputError

REFUSED = {
    b"": "empty_body",
    b" \n ": "empty_body",
    b'{"a":': "malformed_json",
    b"{'a': 1}": "malformed_json",
    b'\xef\xbb\xbf{"a": 1}': "malformed_json",
    b'{"a": 1} trailing': "malformed_json",
    b'{"a": "\x01"}': "malformed_json",
    b'{"a": 01}': "malformed_json",
    b'{"a": ' + b"9" * 5000 + b"}": "malformed_json",
    b'{"a": "\xff"}': "not_utf8",
    b'{"a": 1, "a": 2}': "duplicate_key",
    b'{"b": [{"a": 1, "\\u0061": 2}]}': "duplicate_key",
    b'{"a": NaN}': "bad_number",
    b"[-Infinity]": "bad_number",
    b'{"a": 1e400}': "bad_number",
    b'{"a": "\\ud800"}': "bad_text",
    b'{"\\udfff": 1}': "bad_text",
    b'{"a": "\\u0000"}': "bad_text",
    b"[" * 65 + b"]" * 65: "too_deep",
    b"[" * 200_000: "too_deep",
    b'{"a":' * 100 + b"1" + b"}" * 100: "too_deep",
}


class TestLoads:
    @pytest.mark.parametrize(("raw", "code"), REFUSED.items(), ids=[repr(raw[:30]) for raw in REFUSED])
    def test_refuses_with_a_code(self, raw: bytes, code: str) -> None:
        with pytest.raises(InvalidInputError) as refused:
            strict_json.loads(raw)

        assert refused.value.code == code

    def test_reads_what_is_plain(self) -> None:
        document = strict_json.loads('{"a": [1, 2.5, true, null, "Ωδ😀"], "b": {}}'.encode())

        assert document == {"a": [1, 2.5, True, None, "Ωδ😀"], "b": {}}

    def test_a_pair_of_surrogate_escapes_is_one_character(self) -> None:
        assert strict_json.loads(b'"\\ud83d\\ude00"') == "😀"

    def test_the_deepest_allowed_is_read(self) -> None:
        deepest = b"[" * 64 + b"]" * 64

        assert strict_json.loads(deepest) is not None

    def test_nul_is_read_where_it_is_allowed(self) -> None:
        assert strict_json.loads(b'"a\\u0000b"', nul_allowed=True) == "a\x00b"

    @given(st.binary(max_size=200))
    def test_arbitrary_bytes_are_read_or_refused_but_never_crash(self, raw: bytes) -> None:
        try:
            strict_json.loads(raw)
        except InvalidInputError as refused:
            assert refused.code  # noqa: PT017 — either outcome is right; any other exception is the failure
