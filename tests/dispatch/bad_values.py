"""What strangers put into the fields of a body, as it stands in the JSON, and the code of its refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import Draft202012Validator

from dispatch import described

MEGABYTE = 1024 * 1024

#: Of another type than the field's, for whichever field the description says so.
STRANGE = {
    "null": "null",
    "a boolean": "true",
    "a fraction": "1.5",
    "a huge integer": "1" + "0" * 30,
    "a number": "7",
    "a list": '["x"]',
    "a list of lists": "[[]]",
    "a list of rows": '[{"x": 1}, null]',
    "an object": '{"x": 1}',
    "an empty text": '""',
    "an empty list": "[]",
    "an empty object": "{}",
}
#: What no JSON document of ours holds, wherever it is.
UNREADABLE = {
    "NaN": ("NaN", "bad_number"),
    "Infinity": ("Infinity", "bad_number"),
    "-Infinity": ("-Infinity", "bad_number"),
    "a number beyond floats": ("1e999", "bad_number"),
    "an integer of 5,000 digits": ("9" * 5000, "malformed_json"),
    "a leading zero": ("0600", "malformed_json"),
    "nothing": ("", "malformed_json"),
    "single quotes": ("'x'", "malformed_json"),
    "a comment": ('"x" /* of mine */', "malformed_json"),
    "a raw control character": ('"x\ny"', "malformed_json"),
    "deep lists": ("[" * 100 + "]" * 100, "too_deep"),
    "bottomless lists": ("[" * 100_000 + "]" * 100_000, "too_deep"),
    "deep objects": ('{"a":' * 100 + "1" + "}" * 100, "too_deep"),
    "an upper half of a pair": (r'"x\ud800y"', "bad_text"),
    "a lower half of a pair": (r'"x\udc00y"', "bad_text"),
    "a NUL": (r'"x\u0000y"', "bad_text"),
    "ten megabytes": (f'"{"x" * (10 * MEGABYTE)}"', "too_large"),
}
#: Text that is not what it looks like.
HIDDEN = {
    "a bell": r'"x\u0007y"',
    "an escape": r'"x\u001b[2Jy"',
    "a delete": r'"x\u007fy"',
    "a C1 control": r'"x\u0085y"',
    "a right-to-left override": r'"x\u202ey"',
    "a right-to-left mark": '"x\u200fy"',
    "an isolate": '"\u2067x\u2069"',
    "6,000 letters": f'"{"x" * 6000}"',
}
#: What is no line of text, but may be text of several.
BROKEN = {"two lines": r'"x\ny"', "a tab": r'"x\ty"', "300 letters": f'"{"x" * 300}"'}
#: Text with nothing to read in it.
SILENT = {"blanks": r'" \n\t"', "no width": r'"\u200b\u2060\ufeff"', "a soft hyphen": r'"\u00ad"'}
#: Times that are no whole seconds from 1 to 99999999 in ASCII digits.
NO_TIMES = {
    text: json.dumps(text, ensure_ascii=False)
    for text in (
        *("0", "-1", "1e9", "٣٦٠٠", "３６００", "²", " 3600", "3600 ", "3600\n", "1.5", "+5", "03600"),  # noqa: RUF001 — digits that are not ASCII's are the point
        *("0x10", "1_000", "1,000", "100000000", "1h", "P1D", "PT1H", "2026-05-04", "May 4", "true", "null"),
    )
} | {number: number for number in ("0", "-1", "1e9", "3600.5", "100000000", "-0", "0.0", "-1.0")}


@dataclass(frozen=True)
class Field:
    """A named place of a body."""

    path: tuple[str, ...]
    shape: dict[str, Any]
    required: bool

    @property
    def name(self) -> str:
        return self.path[-1]

    def __str__(self) -> str:
        return ".".join(self.path)

    def allows(self, value: str) -> bool:
        """Whether the description says that this is fine."""
        return bool(Draft202012Validator(self.shape).is_valid(json.loads(value)))


def fields_of(shape: dict[str, Any], *before: str) -> Iterator[Field]:
    """Every named place, those inside others after them."""
    for name, inner in shape.get("properties", {}).items():
        yield Field((*before, name), inner, name in shape.get("required", ()))
        yield from fields_of(inner, *before, name)


def bad_values_for(field: Field) -> dict[str, tuple[str, str]]:
    """What to put there: by a name for it, its JSON and the code it is refused with."""
    own = f"invalid_{field.name}"
    bad = {label: (value, own) for label, value in STRANGE.items() if not field.allows(value)}
    if field.shape == described.TIME:
        bad |= {f"time {label}": (value, own) for label, value in NO_TIMES.items()}
    if field.shape.get("type") == "string":
        bad |= {label: (value, own) for label, value in HIDDEN.items()}
        if field.shape.get("maxLength") != described.TEXT["maxLength"]:
            bad |= {label: (value, own) for label, value in BROKEN.items()}
    if field.shape == described.WORDS:
        bad |= {label: (value, own) for label, value in SILENT.items()}
    if field.shape.get("properties"):
        bad |= {
            "an empty object": ("{}", "missing_field"),
            "an object": ('{"x": 1}', "missing_field"),
        }
    return bad | UNREADABLE


def put(document: Any, path: tuple[str, ...], value: str) -> str:
    """The document's JSON with exactly this value at that place."""
    return json.dumps(_replaced(document, path, "@@@")).replace('"@@@"', value)


def without(document: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """The document less that place."""
    first, *rest = path
    if rest:
        return {**document, first: without(document[first], tuple(rest))}
    return {name: value for name, value in document.items() if name != first}


def _replaced(document: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return {**document, path[0]: _replaced(document.get(path[0], {}), path[1:], value)}
