"""The records of the large warehouse: each is a function of its number, so every run sees the same.

Project `large`: subjects, and ten specimens to a subject. Of the specimens some lack their fastqs, some a
mate, some a file that a loader would make, half are normal tissue, some of poor quality; see `ATTRIBUTES`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any

PROJECT = "large"
SPECIMEN = "specimen"
SUBJECT = "subject"
SPECIMENS_PER_SUBJECT = 10
SEEDED_AT = "2026-01-01T00:00:00+00:00"
TISSUES = ("blood", "lung", "liver", "skin", "colon")

#: The value as JSON text, by a record's number and how often it was written since it was seeded.
Value = Callable[[int, int], str]


@dataclass(frozen=True)
class Made:
    """One attribute and how its values are made."""

    type: str
    value: Value
    link: str = ""
    link_attribute: str = ""


def specimen_name(number: int) -> str:
    """Every name is as long as every other, and their order is the order of their numbers."""
    return f"LRG{number:07d}"


def subject_name(number: int) -> str:
    """A subject's name."""
    return f"SBJ{number:06d}"


def number_of(name: str) -> int:
    """The number in a name; -1 for a name that is none of ours."""
    digits = name[3:]
    return int(digits) if digits.isdigit() else -1


def _fastqs(number: int, version: int) -> str:
    if number % 13 == 0:
        return "null"
    mates = ("R1",) if number % 101 == 0 else ("R1", "R2")
    entries = (_file(f"{specimen_name(number)}_{version}_{mate}.fastq.gz") for mate in mates)
    return f"[{','.join(entries)}]"


def _file(path: str) -> str:
    url = f"https://metis.example.org/large/download/magma/{path}?X-Etna-Signature={'0' * 64}"
    return f'{{"url":"{url}","path":"{path}","original_filename":"{path}"}}'


def _made_file(kind: str, every: int) -> Value:
    """A file that is there but for one record in so many."""

    def value(number: int, _version: int) -> str:
        return "null" if number % every == 0 else _file(f"{specimen_name(number)}.{kind}")

    return value


def _specimens(number: int, _version: int) -> str:
    first = number * SPECIMENS_PER_SUBJECT
    return json.dumps([specimen_name(one) for one in range(first, first + SPECIMENS_PER_SUBJECT)])


ATTRIBUTES: dict[str, dict[str, Made]] = {
    SPECIMEN: {
        "name": Made("identifier", lambda number, _: f'"{specimen_name(number)}"'),
        "subject": Made(
            "parent", lambda n, _: f'"{subject_name(n // SPECIMENS_PER_SUBJECT)}"', SUBJECT, SPECIMEN
        ),
        "created_at": Made("date_time", lambda *_: f'"{SEEDED_AT}"'),
        "tissue": Made("string", lambda number, _: f'"{TISSUES[number % len(TISSUES)]}"'),
        "tumor_type": Made("string", lambda number, _: '"Normal"' if number % 2 else '"Primary"'),
        "quality": Made("float", lambda number, version: str((number * 37 + version) % 1000 / 10)),
        "read_count": Made("integer", lambda number, version: str(number * 7919 % 100_000_000 + version)),
        "passed": Made("boolean", lambda number, _: "null" if number % 17 == 0 else "true"),
        "collected_on": Made("date_time", lambda n, _: f'"20{n % 20:02d}-0{n % 9 + 1}-01T00:00:00+00:00"'),
        "notes": Made("string", lambda number, _: "null" if number % 3 else f'"note {number}"'),
        "raw_fastqs": Made("file_collection", _fastqs),
        "bam": Made("file", _made_file("bam", 9)),
        "vcf": Made("file", _made_file("vcf", 11)),
        "report": Made("file", _made_file("pdf", 8)),
    },
    SUBJECT: {
        "name": Made("identifier", lambda number, _: f'"{subject_name(number)}"'),
        "project": Made("parent", lambda *_: '"Large"', "project", SUBJECT),
        "created_at": Made("date_time", lambda *_: f'"{SEEDED_AT}"'),
        "specimen": Made("collection", _specimens, SPECIMEN, SUBJECT),
        "physician": Made("string", lambda number, _: f'"Dr. {number % 50}"'),
    },
}
NAMES = {SPECIMEN: specimen_name, SUBJECT: subject_name}


def fragment(model: str, attributes: Sequence[str], number: int, version: int, updated_at: str) -> bytes:
    """`"NAME":{...},` as it stands in an answer, with the attributes asked for."""
    name = NAMES[model](number)
    values = [f'"updated_at":"{updated_at}"'] if "updated_at" in attributes else []
    made = ATTRIBUTES[model]
    values += [f'"{one}":{made[one].value(number, version)}' for one in attributes if one in made]
    return f'"{name}":{{{",".join(values)}}},'.encode()


def digests(attribute: str, number: int, version: int) -> list[str] | str | None:
    """The MD5 of each file, told from its path."""
    held = json.loads(ATTRIBUTES[SPECIMEN][attribute].value(number, version))
    if held is None:
        return None
    if isinstance(held, dict):
        return _digest(held["path"])
    return [_digest(one["path"]) for one in held]


def _digest(path: str) -> str:
    return md5(path.encode(), usedforsecurity=False).hexdigest()


def templates() -> dict[str, Any]:
    """Every model as Magma describes it."""
    models = {name: _template(name, made) for name, made in ATTRIBUTES.items()}
    models[SUBJECT]["template"]["parent"], models[SPECIMEN]["template"]["parent"] = "project", SUBJECT
    root = {
        "name": Made("identifier", lambda *_: '"Large"'),
        "subject": Made("collection", lambda *_: "[]", SUBJECT),
    }
    return {"models": {"project": _template("project", root)} | models}


def _template(model: str, made: dict[str, Made]) -> dict[str, Any]:
    stamp = {"updated_at": Made("date_time", lambda *_: "")}
    attributes = {name: _attribute(name, one) for name, one in (made | stamp).items()}
    return {"documents": {}, "template": {"name": model, "identifier": "name", "attributes": attributes}}


def _attribute(name: str, made: Made) -> dict[str, Any]:
    link = {"model_name": made.link, "link_model_name": made.link, "link_attribute_name": made.link_attribute}
    plain = {
        "name": name,
        "attribute_name": name,
        "display_name": name.replace("_", " ").title(),
        "restricted": False,
        "validation": None,
        "attribute_type": made.type,
    }
    return plain | (link if made.link else {})
