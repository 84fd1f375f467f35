from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from magma.client import Magma
from magma.errors import MagmaForbidden, MagmaNotFound
from magma.pages import Documents
from tests.bench.large_model import stretches
from tests.bench.large_warehouse import Running, large_warehouse

RECORDS = 2345
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def large() -> Iterator[Running]:
    with large_warehouse(RECORDS) as running:
        yield running


@pytest.fixture
def magma(large: Running) -> Iterator[Magma]:
    with closing(Magma(url=large.url, token="a.b.c")) as client:
        yield client


def walked(magma: Magma, *attributes: str) -> Documents:
    pages = magma.walk("large", "specimen", attributes, page_size=200)
    return {name: document for page in pages for name, document in page.documents.items()}


class TestTheLargeWarehouse:
    def test_describes_and_counts_its_models(self, magma: Magma) -> None:
        templates = magma.templates("large")

        assert templates["specimen"].parent_attribute == "subject"
        assert templates["specimen"].attributes["raw_fastqs"].is_file
        assert magma.count("large", "specimen") == RECORDS
        assert magma.count("large", "subject") == 235
        assert magma.count("large", "specimen", filters=[["::lacks", "bam"]]) == 261

    def test_gives_every_record_in_order(self, magma: Magma) -> None:
        documents = walked(magma, "subject", "quality", "raw_fastqs")

        assert [*documents] == magma.identifiers("large", "specimen") == sorted(documents)
        assert len(documents) == RECORDS
        assert documents["LRG0000014"].keys() == {"name", "subject", "quality", "raw_fastqs"}
        assert documents["LRG0000014"]["subject"] == "SBJ000001"

    def test_is_the_same_every_time(self, magma: Magma) -> None:
        first = walked(magma, "quality", "raw_fastqs")

        with large_warehouse(RECORDS) as another, closing(Magma(url=another.url, token="")) as other:
            assert walked(other, "quality", "raw_fastqs") == first

    def test_shows_what_was_written(self, magma: Magma, large: Running) -> None:
        before = walked(magma, "quality", "updated_at")
        large.control("touch", model="specimen", numbers=[5, 6, 1000], stamp="2026-05-02T00:00:00+00:00")

        after = walked(magma, "quality", "updated_at")
        changed = [
            name
            for page in magma.changed_since("large", "specimen", MAY, ["quality"])
            for name in page.documents
        ]

        assert [name for name in after if after[name] != before[name]] == changed
        assert changed == ["LRG0000005", "LRG0000006", "LRG0001000"]
        assert sum(1 for _ in magma.changed_since("large", "specimen", NEW_YEAR, ["quality"])) == 3

    def test_loses_a_record_between_pages_as_magma_does(self, magma: Magma, large: Running) -> None:
        pages = magma.pages("large", "specimen", ["name"], page_size=1000)
        walk = iter(magma.walk("large", "specimen", ["name"], page_size=1000))
        paged, walked = [*next(pages).documents], [*next(walk).documents]
        large.control("disconnect", model="specimen", numbers=[3])

        paged += [name for page in pages for name in page.documents]
        walked += [name for page in walk for name in page.documents]

        assert set(walked) - set(paged) == {"LRG0001000"}
        assert [*magma.records("large", "specimen", ["LRG0000003"], ["name"])] == []
        assert magma.identifiers("large", "specimen", show_disconnected=True) == ["LRG0000003"]

    def test_gives_named_records_and_their_digests(self, magma: Magma) -> None:
        names = ["LRG0000001", "LRG0000009", "nobody", "LRG9999999"]

        records = magma.records("large", "specimen", names, ["bam"])
        bams = magma.file_digests("large", "specimen", "bam", names)
        fastqs = magma.file_digests("large", "specimen", "raw_fastqs", names)

        assert [*records] == ["LRG0000001", "LRG0000009"]
        assert bams["LRG0000009"] is None
        assert [len(bams["LRG0000001"] or []), len(fastqs["LRG0000001"] or [])] == [1, 2]

    def test_refuses_as_magma_does(self, magma: Magma) -> None:
        with pytest.raises(MagmaForbidden):
            magma.page("other", "specimen", ["name"], page=1)
        with pytest.raises(MagmaNotFound):
            magma.page("large", "nope", ["name"], page=1)
        assert magma.page("large", "specimen", ["name"], page=99).documents == {}


@pytest.mark.parametrize(
    ("numbers", "found"),
    [(range(3, 6), [(3, 5)]), ([], []), ([1], [(1, 1)]), ([1, 2, 4, 5, 9], [(1, 2), (4, 5), (9, 9)])],
)
def test_stretches_are_unbroken(numbers: list[int], found: list[tuple[int, int]]) -> None:
    assert stretches(numbers) == found
