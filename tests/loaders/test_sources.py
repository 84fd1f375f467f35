"""Anchors that are no records of Magma: judged, suggested and closed as those are."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispatch.models import AnalysisRequest
from loaders import registry, seam
from loaders.library.metis_link.loader import MetisLink
from loaders.models import ScanCursor, Suggestion
from loaders.probes import scans as probe
from loaders.services import explaining, listings, scans, suggestions, sweeps
from loaders.services.verdicts import Tally
from loaders.sources.listing import MetisListing
from loaders.sources.reader import reader_of
from loaders.tables import ListedBucket, ListedFile
from magma.client import Magma
from magma.metis import Metis
from magma.walks import Walk
from tests.loaders.conftest import now, only_suggestion
from tests.loaders.metis import EARLY, Shelf
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

EXOME = "DTL002.T1.exome"
R1, R2 = f"run7/{EXOME}_R1.fastq.gz", f"run7/{EXOME}_R2.fastq.gz"
TABLE = "incoming/DTL009.demographics.csv"


def list_all(metis: Metis) -> int:
    return listings.refresh_all(metis, ["dt_lung"], clock=now)


def scan(magma: Magma) -> Tally:
    return scans.scan_all(magma, "dt_lung", clock=now)


def standing(loader: str) -> Suggestion:
    return only_suggestion(loader=loader, status__in=["open", "snoozed"])


class TestMetisLink:
    def test_files_of_one_record_are_one_suggestion_that_lists_them_all(
        self, magma: Magma, metis: Metis, shelf: Shelf
    ) -> None:
        shelf.put(R1, b"1")
        shelf.put(R2, b"2")
        shelf.put("run7/readme.txt", b"none of ours")

        list_all(metis)
        tally = scan(magma)

        suggestion = standing("metis_link")
        assert tally.plain()["metis_link"] == {"due": 2}
        assert (suggestion.anchor, sorted(suggestion.members)) == (EXOME, [R1, R2])
        assert suggestion.config["inputs"] == [EXOME]
        assert suggestion.config["params"]["files"] == [
            f"metis://dt_lung/sequence/{path}" for path in (R1, R2)
        ]

    def test_a_file_whose_record_is_not_there_waits_for_it(
        self, magma: Magma, metis: Metis, shelf: Shelf
    ) -> None:
        shelf.put("NOBODY.T1.exome_R1.fastq.gz")

        list_all(metis)
        found = explaining.explain(
            reader(magma), "dt_lung", "metis_link", "NOBODY.T1.exome_R1.fastq.gz", now=now()
        )

        assert found.verdict == "waiting"
        assert found.reason == (
            "Waiting for the record that the path names: not so: record.::identifier is there"
            " (from the curators)."
        )

    def test_an_empty_file_blocks(self, magma: Magma, metis: Metis, shelf: Shelf) -> None:
        shelf.put(R1, b"")

        list_all(metis)

        assert scan(magma).plain()["metis_link"] == {"blocked": 1}

    def test_so_does_one_without_a_checksum(self, magma: Magma, metis: Metis, shelf: Shelf) -> None:
        shelf.put(R1)
        list_all(metis)
        ListedFile.objects.update(md5="")

        assert scan(magma).plain()["metis_link"] == {"blocked": 1}

    def test_the_record_that_holds_it_closes_it_however_that_is_learnt(
        self, magma: Magma, metis: Metis, warehouse: RunningWarehouse, shelf: Shelf
    ) -> None:
        shelf.put(R1)
        list_all(metis)
        scan(magma)
        warehouse.load({"exome": {EXOME: {"raw_fastqs": [linked(R1)]}}})

        scans.scan_changes(magma, "dt_lung", clock=now)

        closed = only_suggestion(loader="metis_link")
        assert (closed.status, closed.because) == ("closed", "The output appeared.")

    def test_a_new_file_is_found_by_the_scan_of_changes(
        self, magma: Magma, metis: Metis, shelf: Shelf
    ) -> None:
        list_all(metis)
        scans.scan_changes(magma, "dt_lung", clock=now)
        shelf.put(R1, at=now())

        list_all(metis)
        scans.scan_changes(magma, "dt_lung", clock=now)

        assert list(standing("metis_link").members) == [R1]
        assert ScanCursor.objects.filter(model="metis:metis_link", disconnected=False).exists()

    def test_a_file_that_is_gone_closes_it_at_the_next_whole_listing(
        self, magma: Magma, metis: Metis, shelf: Shelf
    ) -> None:
        shelf.put(R1)
        list_all(metis)
        scan(magma)
        shelf.remove(R1)
        ListedBucket.objects.update(whole_at=EARLY)

        list_all(metis)
        scans.judge_pending(magma, "dt_lung", clock=now)

        assert only_suggestion(loader="metis_link").status == "closed"

    def test_workers_share_its_full_scan_too(self, magma: Magma, metis: Metis, shelf: Shelf) -> None:
        shelf.put(R1)
        list_all(metis)

        runs = {run.model: run for run in sweeps.begin(magma, "dt_lung", clock=now)}
        for shard in runs["metis:metis_link"].shards.all():
            sweeps.judge(magma, shard.pk, clock=now)

        assert list(standing("metis_link").members) == [R1]

    def test_its_request_is_done_when_the_record_holds_the_files(
        self, magma: Magma, metis: Metis, warehouse: RunningWarehouse, shelf: Shelf, requester: str
    ) -> None:
        shelf.put(R1)
        list_all(metis)
        scan(magma)
        accepted = suggestions.accept(standing("metis_link"), person=requester, now=now())
        request = AnalysisRequest.objects.get(name=accepted.request_name)

        before = seam.see_outputs([request])[request.pk]
        warehouse.load({"exome": {EXOME: {"raw_fastqs": [linked(R1)]}}})
        after = seam.see_outputs([request])[request.pk]

        assert (before.value, after.value) == ("not_seen", "seen")

    def test_without_a_metis_it_is_passed_over(self, magma: Magma) -> None:
        assert "metis_link" not in scan(magma).plain()


def linked(path: str) -> dict[str, str]:
    return {"path": f"metis://dt_lung/sequence/{path}", "original_filename": path.rpartition("/")[2]}


def reader(magma: Magma) -> Magma:
    return reader_of(magma, "dt_lung", [registry.current().get("metis_link")])


@pytest.mark.parametrize(
    ("loader", "path", "bucket"), [("metis_link", R1, "sequence"), ("table_load", TABLE, "tables")]
)
def test_other_content_under_the_same_path_is_another_input(
    magma: Magma, metis: Metis, shelf: Shelf, loader: str, path: str, bucket: str
) -> None:
    prints = set[str]()
    for content in (b"name,value\n", b"name,value\nage,7\n"):
        shelf.put(path, content, bucket=bucket, at=EARLY + timedelta(seconds=len(prints)))
        list_all(metis)
        both = reader_of(magma, "dt_lung", [registry.current().get(loader)])
        prints.add(explaining.explain(both, "dt_lung", loader, path, now=now()).fingerprint)

    assert len(prints) == 2


class TestListing:
    def test_it_comes_in_pages(self, metis: Metis, shelf: Shelf) -> None:
        for number in range(2100):
            shelf.put(f"{number}/{EXOME}_R1.fastq.gz")

        listed = list_all(metis)

        assert listed == ListedFile.objects.count() == 2100

    def test_a_path_that_can_not_be_kept_costs_that_file_alone(self, metis: Metis, shelf: Shelf) -> None:
        shelf.put(f"{'x' * 500}/{EXOME}_R1.fastq.gz")
        shelf.put(R2)

        assert list_all(metis) == 1
        assert ListedFile.objects.get().path == R2

    def test_after_the_whole_it_asks_for_changes_with_an_overlap(self, metis: Metis, shelf: Shelf) -> None:
        shelf.put(R1)
        list_all(metis)
        shelf.asked.clear()

        list_all(metis)

        since = {datetime.fromisoformat(one["params"][0]["value"]) for one in shelf.asked}
        assert EARLY - timedelta(minutes=5) in since

    @pytest.mark.parametrize(
        ("refusal", "sentence"),
        [
            ((403, b'{"error":"Cannot access bucket"}'), "Metis answered 403"),
            ((200, b"<html>"), "makes no sense"),
            ((200, b'{"files": [{"file_name": 7}]}'), "makes no sense"),
        ],
    )
    def test_a_bucket_that_can_not_be_listed_is_told_and_costs_itself(
        self, metis: Metis, shelf: Shelf, refusal: tuple[int, bytes], sentence: str
    ) -> None:
        shelf.put(R1)
        list_all(metis)
        shelf.refusal = refusal

        list_all(metis)

        assert ListedFile.objects.count() == 1
        assert any(sentence in finding.found for finding in probe(now()))

    def test_it_says_when_it_can_be_read_again(self, metis: Metis, shelf: Shelf) -> None:
        shelf.refusal = (500, b"")
        list_all(metis)
        shelf.refusal = None

        list_all(metis)

        assert not ListedBucket.objects.exclude(error="").exists()

    def test_a_pattern_that_names_no_record_is_refused(self) -> None:
        with pytest.raises(ValueError, match="needs the group record"):
            MetisListing("b", ".+", "exome")


class TestReader:
    def test_it_walks_files_as_it_walks_records(self, magma: Magma, metis: Metis, shelf: Shelf) -> None:
        for number in range(25):
            shelf.put(f"{number}/{EXOME}_R1.fastq.gz")
        list_all(metis)

        walk: Walk = reader(magma).walk("dt_lung", "metis:metis_link", ["md5"], page_size=5)
        names = [name for page in walk for name in page.documents]

        assert (len(names), len(set(names)), walk.total) == (25, 25, 25)

    def test_it_counts_and_lists(self, magma: Magma, metis: Metis, shelf: Shelf) -> None:
        shelf.put(R1)
        list_all(metis)

        both = reader(magma)

        assert both.count("dt_lung", "metis:metis_link") == 1
        assert both.identifiers("dt_lung", "metis:metis_link") == [R1]
        assert both.count("dt_lung", "patient") == 30


def test_the_words_of_a_labs_own_link_are_put_into_place() -> None:
    class BamLink(MetisLink):
        name = "bam_link"
        bucket, pattern = "results", r"bam/(?P<record>[^/]+)\.bam"
        target, attribute = "exome", "bam"

    loader = BamLink()

    assert loader.model == "metis:bam_link"
    assert loader.reads >= {"record.bam", "record.::identifier", "location", "md5"}
    assert isinstance(loader.source, MetisListing)
    assert loader.source.record_of("bam/A.bam") == "A"
