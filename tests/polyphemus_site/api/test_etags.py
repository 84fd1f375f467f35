"""ETags: a reader that has the present version is told so."""

from __future__ import annotations

import pytest

from polyphemus_site.api import etags

TAG = etags.etag_of("requests", 7)


class TestIsFresh:
    @pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f'"other", {TAG}', "*"])
    def test_a_named_tag_is_fresh(self, header: str) -> None:
        assert etags.is_fresh({"If-None-Match": header}, TAG)

    @pytest.mark.parametrize("header", ["", '"other"', TAG.strip('"'), 'W/"'])
    def test_any_other_is_not(self, header: str) -> None:
        assert not etags.is_fresh({"If-None-Match": header}, TAG)


class TestEtagOf:
    def test_parts_are_kept_apart(self) -> None:
        assert etags.etag_of("ab", "c") != etags.etag_of("a", "bc")
