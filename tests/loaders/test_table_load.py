"""Tables that lie in a bucket: fit to be loaded, loaded, and what a request about one starts from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loaders.library.table_load.loader import TableLoad
from loaders.services.verdicts import Engine
from loaders.tables import ListedFile
from magma.client import Magma
from magma.metis import Metis, header_of
from tests.loaders.conftest import now
from tests.loaders.metis import EARLY, Shelf
from tests.loaders.test_sources import TABLE, list_all, scan, standing
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


class TestTableLoad:
    @pytest.mark.parametrize(
        ("path", "content", "verdict"),
        [
            (TABLE, b"name,value\nage,7\n", "due"),
            (TABLE, b'\xef\xbb\xbf"name", value \r\nage,7\r\n', "due"),
            (TABLE.replace("csv", "tsv"), b"value\tname\textra\n", "due"),
            (TABLE, b"name\n", "blocked"),
            (TABLE, b"name,valu\n", "blocked"),
            (TABLE, b"name,value,name\n", "blocked"),
            (TABLE, b"", "blocked"),
            (TABLE, b"\x00\xff\xfe", "blocked"),
            (TABLE, b"x" * 70_000, "blocked"),
            (TABLE.replace("DTL009", "NOBODY"), b"name,value\n", "waiting"),
        ],
    )
    def test_a_table(
        self, magma: Magma, metis: Metis, shelf: Shelf, path: str, content: bytes, verdict: str
    ) -> None:
        shelf.put(path, content, bucket="tables")

        list_all(metis)

        assert scan(magma).plain()["table_load"] == {verdict: 1}

    def test_rows_that_are_there_are_its_output(
        self, magma: Magma, metis: Metis, warehouse: RunningWarehouse, shelf: Shelf
    ) -> None:
        shelf.put(TABLE, b"name,value\n", bucket="tables")
        list_all(metis)
        row = {"name": "age", "value": "7"}
        warehouse.load({"patient": {"DTL009": {"demographics": ["::a"]}}, "demographics": {"::a": row}})

        assert scan(magma).plain()["table_load"] == {"fresh": 1}

    def test_its_config_says_what_goes_where(self, magma: Magma, metis: Metis, shelf: Shelf) -> None:
        shelf.put(TABLE, b"name,value\n", bucket="tables")
        list_all(metis)

        scan(magma)

        assert standing("table_load").config == {
            "inputs": ["DTL009"],
            "params": {
                "model": "patient",
                "table": "demographics",
                "columns": {"name": "name", "value": "value"},
                "file": f"metis://dt_lung/tables/{TABLE}",
                "replace": True,
            },
        }

    def test_a_mapped_attribute_that_the_template_lacks_is_told(
        self, magma: Magma, metis: Metis, shelf: Shelf
    ) -> None:
        class Wrong(TableLoad):
            everywhere = False
            mapping = {"name": "name", "value": "worth"}  # noqa: RUF012 — as the how-to shows it

        shelf.put(TABLE, b"name,value\n", bucket="tables")
        list_all(metis)

        tally = Engine.of(magma, "dt_lung", [Wrong()]).judge_names("metis:table_load", [TABLE], now=now())

        assert "demographics has no attribute 'worth'" in tally.faults["table_load"]

    def test_a_header_is_read_once_for_each_content(self, metis: Metis, shelf: Shelf) -> None:
        shelf.put(TABLE, b"name,value\n", bucket="tables")
        list_all(metis)
        list_all(metis)
        once = list(shelf.read)
        shelf.put(TABLE, b"name,value,extra\n", bucket="tables", at=EARLY + timedelta(seconds=1))

        list_all(metis)

        assert (once, len(shelf.read)) == ([TABLE], 2)
        assert ListedFile.objects.get().columns == ["name", "value", "extra"]


@pytest.mark.parametrize(
    ("head", "name", "columns"),
    [
        (b"a,b\n", "x.csv", ["a", "b"]),
        (b"a\tb", "x.TSV", ["a", "b"]),
        (b'"a,1",b\n', "x.csv", ["a,1", "b"]),
        (b"\xff\xfe", "x.csv", None),
    ],
)
def test_a_header_is_understood_or_none(head: bytes, name: str, columns: Any) -> None:
    assert header_of(head, name) == columns


class OfRecords(TableLoad):
    """Fills the record itself."""

    table = ""
    mapping = {"doctor": "physician", "seen": "date_of_diagnosis"}  # noqa: RUF012 — as the how-to shows it


def test_where_it_fills_the_record_every_mapped_attribute_is_its_output(
    magma: Magma, metis: Metis, warehouse: RunningWarehouse, shelf: Shelf
) -> None:
    shelf.put(TABLE, b"doctor,seen\n", bucket="tables")
    list_all(metis)
    loaded: list[dict[str, Any]] = [
        {"date_of_diagnosis": None},
        {"physician": "Dr. A"},
        {"date_of_diagnosis": "2020-01-15"},
    ]
    found = []

    for values in loaded:
        warehouse.load({"patient": {"DTL009": values}})
        engine = Engine.of(magma, "dt_lung", [OfRecords()])
        found.append(engine.judge_names("metis:table_load", [TABLE], now=now()).plain()["table_load"])

    assert found == [{"due": 1}, {"due": 1}, {"fresh": 1}]
