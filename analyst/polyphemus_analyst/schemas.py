"""Params and sample sheets against JSON Schema (2020-12), with nf-core's keywords left as they are.

The one judge there is: the server's form, its API and the analysts' client all ask here, so that none of
them lets pass what another refuses. It needs nothing but jsonschema-rs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from jsonschema_rs import (
    Draft202012Validator,
    FancyRegexOptions,
    ReferencingError,
    ValidationError,
    ValidationErrorKind,
)

from polyphemus_analyst import wording
from polyphemus_analyst.intricacy import is_endless
from polyphemus_analyst.wording import Detail

#: Published schemas hold patterns that take a backtracking engine for ever; beyond this a value is invalid.
BACKTRACKS = 100_000
MOST_FAULTS = 50
LONGEST_DETAIL = 500
#: Deeper than params of any pipeline; a schema that refers to itself could be asked for ever.
DEEPEST = 20
#: Where a subschema stands for the same value as its parent: what it says of names counts for the parent.
IN_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else")
#: With these a schema says itself which names it takes.
OWN_WORD = ("additionalProperties", "unevaluatedProperties", "patternProperties")
#: The param of nf-core pipelines that is a path to the sample sheet.
SHEET_PARAM = "input"
SHEET_FORMS = ("csv", "tsv", "json")

Schema = Mapping[str, Any]
#: `pointer` is a JSON pointer into what was judged (`/tools`, `/3/fastq_1`), `detail` the schema's own
#: sentence, or a `Detail`.
Fault = dict[str, str]


def faults(schema: Schema, params: object, *, sheet: str = "") -> list[Fault]:
    """What is wrong with the params; empty when they fit.

    A name the schema does not know is a fault: published schemas forget to forbid typing errors. `sheet` is
    the form of the sample sheet that the analyst will name in `input` where the params don't: csv, ...
    """
    if _deeper_than(params, DEEPEST):
        return [{"pointer": "", "detail": Detail(wording.TOO_DEEP, levels=DEEPEST)}]
    if sheet and isinstance(params, Mapping):
        params = {SHEET_PARAM: f"samplesheet.{sheet}", **params}
    found = [_fault(error, schema) for error in _validator(json.dumps(schema)).iter_errors(params)]
    found += [
        {"pointer": pointer_to(name), "detail": Detail(wording.NO_PARAMETER)}
        for name in strangers(schema, params)
    ]
    return found[:MOST_FAULTS]


def sheet_faults(schema: Schema, rows: Sequence[object]) -> list[Fault]:
    """What is wrong with the rows of a sample sheet, held to the schema nf-core keeps for it."""
    row_schema = columns_of(schema)
    found = [_fault(error, schema) for error in _validator(json.dumps(schema)).iter_errors(list(rows))]
    for number, row in enumerate(rows):
        found += [
            {"pointer": pointer_to(number, name), "detail": Detail(wording.NO_COLUMN)}
            for name in strangers(row_schema, row)
        ]
    return (found + _repeated(schema, rows))[:MOST_FAULTS]


def broken(schema: object) -> str:
    """Why nothing can be held to this schema; empty when it is one. Nothing is fetched to find out."""
    if not isinstance(schema, dict):
        return Detail(wording.NO_OBJECT)
    if is_endless(schema, lambda part: _target(schema, part), depth=DEEPEST):
        return Detail(wording.ENDLESS)
    try:
        _validator(json.dumps(schema))
    except (ValidationError, ReferencingError, ValueError) as error:
        return error.message if isinstance(error, ValidationError) else str(error)
    return ""


def parts(schema: Schema, words: Sequence[str] = IN_PLACE) -> Iterator[tuple[str, Schema]]:
    """The schema itself and every subschema that speaks of the same value, each once, with its name.

    nf-core puts groups of parameters in `$defs` (or `definitions`) and gathers them by `allOf`.
    """
    waiting: list[tuple[str, Schema]] = [("", schema)]
    met: set[int] = set()
    while waiting:
        name, part = waiting.pop(0)
        if id(part) in met:
            continue
        met.add(id(part))
        yield name, part
        waiting = [(own or name, child) for own, child in _beside(schema, part, words)] + waiting


def known_names(schema: Schema) -> set[str] | None:
    """The names a schema speaks of in all its groups; None when it leaves open which there are."""
    named = [part for _, part in parts(schema)]
    if any(word in part for part in named for word in OWN_WORD):
        return None
    if any("$ref" in part and _target(schema, part) is None for part in named):
        return None  # by an anchor, say: the judge follows it, and knows what is there
    tables = [part["properties"] for part in named if isinstance(part.get("properties"), Mapping)]
    return {name for table in tables for name in table} if tables else None


def strangers(schema: Schema, document: object) -> list[str]:
    """The names in a document that the schema does not know."""
    known = known_names(schema)
    if known is None or not isinstance(document, Mapping):
        return []
    return sorted(name for name in document if name not in known)


def columns_of(schema: Schema) -> Schema:
    """What a sheet's schema says of one row."""
    row = schema.get("items", {})
    return resolved(schema, row) if isinstance(row, Mapping) else {}


def sheet_form(schema: Schema) -> str:
    """The form of sample sheet a pipeline takes: the first of csv, tsv, ... that fits its `input`."""
    for form in SHEET_FORMS:
        if not any(fault["pointer"] == pointer_to(SHEET_PARAM) for fault in faults(schema, {}, sheet=form)):
            return form
    return SHEET_FORMS[0]


def resolved(schema: Schema, part: Schema) -> Schema:
    """A subschema with what it refers to (within the schema) put in its place."""
    for _ in range(DEEPEST):
        target = _target(schema, part)
        if target is None:
            return part
        part = {**target, **{word: said for word, said in part.items() if word != "$ref"}}
    return part


def pointer_to(*steps: str | int) -> str:
    """The JSON pointer of these steps (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


@lru_cache(maxsize=64)
def _validator(text: str) -> Draft202012Validator:
    options = FancyRegexOptions(backtrack_limit=BACKTRACKS)
    return Draft202012Validator(json.loads(text), pattern_options=options, retriever=_stay_here)


def _stay_here(uri: str) -> Any:
    """A schema is whole in itself: nothing is fetched on anybody's behalf."""
    raise ValueError(f"{uri} is not part of this schema.")


def _fault(error: ValidationError, schema: Schema) -> Fault:
    place = list(error.instance_path)
    where = _walk(schema, error.schema_path[:-1])
    if isinstance(error.kind, ValidationErrorKind.Required):
        name = error.kind.property
        place.append(name)
        properties = where.get("properties", {})
        where = _walk(properties, [name])
    said = where.get("errorMessage")
    own = said[:LONGEST_DETAIL] if isinstance(said, str) else ""
    return {"pointer": pointer_to(*place), "detail": own or wording.of(error, where)}


def _walk(schema: Schema, path: Sequence[str | int]) -> Schema:
    """The subschema at a keyword's path; empty where the path leads out of what can be read."""
    found: Any = schema
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return found if isinstance(found, dict) else {}


def _beside(schema: Schema, part: Schema, words: Sequence[str]) -> Iterator[tuple[str, Schema]]:
    if (target := _target(schema, part)) is not None:
        yield str(part["$ref"]).rpartition("/")[2], target
    for word in words:
        said = part.get(word)
        for child in said if isinstance(said, list) else [said]:
            if isinstance(child, Mapping):
                yield "", child


def _target(schema: Schema, part: Schema) -> Schema | None:
    """What a subschema refers to, where that is within the schema."""
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return None
    pointer = unquote(reference.removeprefix(str(schema.get("$id", "")))).removeprefix("#")
    if "#" not in reference or (pointer and not pointer.startswith("/")):
        return None
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    found: Any = schema
    for step in steps:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _repeated(schema: Schema, rows: Sequence[object]) -> list[Fault]:
    """nf-core's `uniqueEntries`, which stands beside `items` or, in some pipelines, within it."""
    found: list[Fault] = []
    for said in (schema.get("uniqueEntries"), columns_of(schema).get("uniqueEntries")):
        names = [str(name) for name in said] if isinstance(said, list) else []
        first_at: dict[str, int] = {}
        for number, row in enumerate(rows):
            entry = {name: row[name] for name in names if name in row} if isinstance(row, Mapping) else {}
            first = first_at.setdefault(json.dumps(entry, sort_keys=True), number)
            if entry and first != number:
                told = Detail(wording.REPEATED, row=number + 1, first=first + 1, names=tuple(names))
                found.append({"pointer": pointer_to(number), "detail": told})
    return found


def _deeper_than(document: object, levels: int) -> bool:
    layer = [document]
    for _ in range(levels + 1):
        layer = [
            child
            for one in layer
            if isinstance(one, Mapping | list | tuple)
            for child in (one.values() if isinstance(one, Mapping) else one)
        ]
        if not layer:
            return False
    return True
