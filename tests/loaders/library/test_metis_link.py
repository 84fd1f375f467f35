"""metis_link: when a record holds a file."""

from __future__ import annotations

import pytest

from loaders.library.metis_link.checks import Among
from tests.loaders.pages import file, patients


@pytest.mark.parametrize(("path", "holds"), [("", True), ("::temp", False), ("::blank", False)])
def test_a_record_holds_a_file_only_once_its_upload_has_finished(path: str, holds: bool) -> None:
    judged = patients(P1={"physician": "a.bam", "files": [file("b.bam"), file("a.bam", path)]})
    among = Among("physician", "files")

    assert among.judge(judged) == [among.explain(judged, 0).passed] == [holds]
