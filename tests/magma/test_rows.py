from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magma.client import Magma
from magma.errors import MagmaGarbled
from magma.pages import Document, Page, Retrieved
from magma.rows import RowShape, Spelled, as_spelled
from magma.templates import Attribute, Template
from tests.magma.stand_in import StandIn, answer

TYPES = {
    "tube_name": "identifier",
    "sample": "parent",
    "bam": "file",
    "raw_fastqs": "file_collection",
    "read_count": "integer",
    "get": "string",
    "class": "string",
    "two words": "string",
    "unasked": "string",
}
EXOME = Template(
    name="exome",
    identifier="tube_name",
    attributes={name: Attribute(name=name, type=kind) for name, kind in TYPES.items()},
)
SHAPE = RowShape.of(EXOME, [name for name in TYPES if name != "unasked"])
BAM = {"url": "https://metis/x?X-Etna-Signature=secret", "path": "a.bam", "original_filename": "b.bam"}
TUBE = {
    "tube_name": "T1",
    "sample": None,
    "bam": BAM,
    "raw_fastqs": [BAM, BAM],
    "read_count": 7,
    "get": "got",
    "class": "x",
    "two words": "y",
    "unasked": "z",
}


decode_all = msgspec.json.Decoder(Retrieved).decode


def decoded(document: Mapping[str, Any]) -> Document:
    models = {"exome": {"documents": {"T1": document}, "count": 1}, "wound": {"documents": {"3": {}}}}
    retrieved = SHAPE.decode(json.dumps({"models": models}).encode())
    return Page.of(retrieved, "exome", 1).documents["T1"]


class TestARow:
    def test_reads_as_the_document_it_was(self) -> None:
        row = decoded(TUBE)

        plain = ("tube_name", "sample", "read_count", "get", "class", "two words")
        assert [row[name] for name in plain] == [TUBE[name] for name in plain]
        assert {**row}.keys() == TYPES.keys() - {"unasked"}
        assert isinstance(row, Mapping)
        assert len(row) == len(TYPES) - 1

    def test_keeps_of_a_file_what_lasts(self) -> None:
        row = decoded(TUBE)

        assert isinstance(row["bam"], Mapping)
        assert dict(row["bam"]) == {"path": "a.bam", "original_filename": "b.bam"}
        assert [dict(file) for file in row["raw_fastqs"]] == [dict(row["bam"])] * 2
        assert "secret" not in repr(row)

    def test_tells_empty_from_not_shown(self) -> None:
        row = decoded({"tube_name": "T1", "sample": None, "bam": {"path": "::blank"}})

        assert (row.get("sample", "hidden"), row.get("read_count", "hidden")) == (None, "hidden")
        assert "sample" in row
        assert "read_count" not in row
        assert "unheard of" not in row
        assert "original_filename" not in row["bam"]
        assert [*row] == ["tube_name", "sample", "bam"]
        with pytest.raises(KeyError):
            row["read_count"]

    @pytest.mark.parametrize("value", ["", 5, [], {}, {"path": 7}, {"size": 7}, [None], [["x"]], True])
    def test_takes_values_of_any_type(self, value: Any) -> None:
        row = decoded(TUBE | {"bam": value, "raw_fastqs": value, "read_count": value, "sample": value})

        assert (row["bam"], row["raw_fastqs"], row["read_count"], row["sample"]) == (value,) * 4


#: Every type an attribute of Magma's may have, and one of a newer Magma.
KINDS = (
    *("identifier", "string", "integer", "float", "boolean", "date_time", "shifted_date_time", "match"),
    *("matrix", "file", "image", "file_collection", "link", "parent", "child", "collection", "table"),
    "quantum",
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
templates = st.dictionaries(st.text(min_size=1), st.sampled_from(KINDS), max_size=6)


@given(st.data(), templates, st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True))
def test_whatever_a_template_names_and_a_record_holds_is_decoded_alike(
    data: st.DataObject, types: dict[str, str], model: str
) -> None:
    document = st.fixed_dictionaries({}, optional=dict.fromkeys(types, values))
    documents = data.draw(st.dictionaries(st.text(), document, max_size=3))
    body = msgspec.json.encode({"models": {model: {"documents": documents, "count": len(documents)}}})

    (narrow, whole) = (decode(body).models[model] for decode in (RowShape(model, types).decode, decode_all))

    assert narrow.documents == whole.documents == documents


texts = st.text() | st.sampled_from(['{"url":"x"', '"url":"', '{\\"url\\":\\"', "url"])
addresses = st.text().filter(lambda text: not {'"', "\\"} & set(text))
files = st.builds(
    lambda *values: dict(zip(("url", "path", "original_filename"), values, strict=True)),
    addresses,
    texts,
    texts,
)
held = {
    "tube_name": texts,
    "sample": st.none() | texts,
    "bam": st.none() | files,
    "raw_fastqs": st.none() | st.lists(files, max_size=3),
    "get": st.none() | texts | st.lists(texts, max_size=2) | values,
}
records = st.fixed_dictionaries(held)


class TestASpelledRecord:
    """What a full scan compares: the bytes, without the addresses that Magma signs anew for each answer."""

    @given(records)
    def test_holds_what_a_decoded_one_does(self, record: dict[str, Any]) -> None:
        (spelled,) = spelled_of(record).values()

        assert unsigned(SHAPE.read({"T1": spelled})["T1"]) == unsigned(decoded(record))

    @given(records, addresses)
    def test_is_spelled_alike_whatever_its_files_addresses(self, record: dict[str, Any], signed: str) -> None:
        others = record | {"bam": resigned(record["bam"], signed)}
        others |= {"raw_fastqs": record["raw_fastqs"] and [resigned(o, signed) for o in record["raw_fastqs"]]}

        assert spelled_of(others) == spelled_of(record)

    @given(records, st.sampled_from(sorted(held)), st.data())
    def test_is_spelled_otherwise_when_anything_else_is(
        self, one: dict[str, Any], name: str, data: st.DataObject
    ) -> None:
        other = one | {name: data.draw(held[name])}

        assert (spelled_of(one) == spelled_of(other)) == (unsigned(one) == unsigned(other))

    @pytest.mark.parametrize("odd", ['a"b', "a\\", 'a\\"', '"', "\\"])
    def test_is_read_whole_whatever_its_address(self, odd: str) -> None:
        (spelled,) = spelled_of(TUBE | {"bam": BAM | {"url": odd}}).values()

        assert SHAPE.read({"T1": spelled})["T1"] == decoded(TUBE)

    def test_keeps_an_attribute_that_a_lab_called_url(self) -> None:
        shape = RowShape("delivery", {"url": "string", "path": "string", "report": "file"})
        body = b'{"models":{"delivery":{"documents":{"D":{"url":"ftp://lab","path":"a","report":null}}}}}'

        (spelled,) = as_spelled(shape.spelled.decode(body).models["delivery"].documents).values()

        assert shape.read({"D": spelled})["D"]["url"] == "ftp://lab"

    @pytest.mark.parametrize("garbled", ["[]", "7", '"x"', '{"bam": "\\ud800"}', "[" * 2000 + "]" * 2000])
    def test_that_is_no_document_is_told_of_when_it_is_read(self, garbled: str) -> None:
        with pytest.raises(MagmaGarbled, match="exome"):
            SHAPE.read({"T1": msgspec.Raw(garbled.encode())})


def spelled_of(record: Mapping[str, Any]) -> dict[str, Spelled]:
    body = json.dumps({"models": {"exome": {"documents": {"T1": record}}}})
    return as_spelled(SHAPE.spelled.decode(body.encode()).models["exome"].documents)


def resigned(file: Any, signature: str) -> Any:
    return file and file | {"url": signature}


def unsigned(value: Any) -> Any:
    """The value without the address that any object in it begins with."""
    if isinstance(value, Mapping):
        kept = dict(value)
        if isinstance(kept.get("url"), str) and next(iter(kept)) == "url":
            del kept["url"]
        return {name: unsigned(one) for name, one in kept.items()}
    return [unsigned(one) for one in value] if isinstance(value, list) else value


class TestNumbersThatAreNone:
    """A float of PostgreSQL's may be NaN; JSON knows none, and one record's must not cost a whole model."""

    @pytest.mark.parametrize("rows", [SHAPE, None])
    def test_are_read_as_nothing(self, magma: Magma, stand_in: StandIn, rows: RowShape | None) -> None:
        body = b'{"models":{"exome":{"documents":{"A":{"tube_name":"A","read_count":[1,NaN,-Infinity]}}}}}'
        stand_in.will(answer(200, body))

        documents = magma.records("labors", "exome", ["A"], ["read_count"], rows=rows)

        assert documents["A"]["read_count"] == [1, None, None]

    @pytest.mark.parametrize(
        "body", [b'{"models":NaN}', b'{"models":{"exome":NaN', b'"NaN', b"\xffNaN", b"[" * 200_000 + b"NaN"]
    )
    def test_make_no_answer_of_what_is_none(self, magma: Magma, stand_in: StandIn, body: bytes) -> None:
        stand_in.will(answer(200, body))

        with pytest.raises(MagmaGarbled):
            magma.records("labors", "exome", ["A"], ["read_count"])


class TestARowShape:
    @pytest.mark.parametrize("body", ["{}", '{"models": {}}', '{"models": {"exome": []}}', '{"models": {"ex'])
    def test_is_not_filled_by_what_is_no_answer(self, body: str) -> None:
        with pytest.raises(msgspec.DecodeError):
            SHAPE.decode(body.encode())

    def test_serves_walks_and_named_records(self, magma: Magma, stand_in: StandIn) -> None:
        body = {"models": {"exome": {"documents": {"T1": TUBE}, "count": 1}}}
        stand_in.will(answer(200, body))

        (page,) = magma.walk("p", "exome", ["bam"], rows=SHAPE)
        records = magma.records("p", "exome", ["T1"], ["bam"], rows=SHAPE)

        assert page.documents["T1"]["bam"]["path"] == "a.bam"
        assert records["T1"]["bam"]["path"] == "a.bam"

    def test_leaves_endings_and_errors_as_they_are(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(answer(422, {"errors": ["No results found"]}), answer(200, {"answer": 5}))
        walk = magma.walk("p", "exome", ["bam"], rows=SHAPE)

        assert list(walk) == []
        with pytest.raises(MagmaGarbled):
            magma.records("p", "exome", ["T1"], ["bam"], rows=SHAPE)
