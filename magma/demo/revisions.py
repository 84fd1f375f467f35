"""/update: what a set of revisions does, in the steps and with the faults of Magma's own loader.

It is not one transaction there either: a revision that fails late leaves behind what was written before it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import re2

from magma.demo.answers import no_such_model, refused, server_error
from magma.demo.people import Visitor
from magma.demo.store import DATES, POINTING, Model, Project, Row
from magma.demo.values import FILES, shown_date, shown_file, stored, stored_file, stored_files

NEW_ROW = "::"


@dataclass
class Entry:
    """What one record is about to become."""

    model: Model
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    row: Row | None = None


@dataclass
class Loading:
    """One /update call."""

    project: Project
    visitor: Visitor
    revisions: dict[str, dict[str, dict[str, Any]]]
    now: datetime
    dry_run: bool = False
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Gather, complain or write, and answer with what was revised."""
        for model_name, records in self.revisions.items():
            self.gather(self.model(model_name), records)
        self.disconnect_those_left_out()
        complaints = [
            line for entry in self.all() for line in dict.fromkeys(complaints_about(self.project, entry))
        ]
        complaints = complaints or self.forbidden_changes() or self.pathless_files()
        if complaints:
            raise refused(*complaints)
        if not self.dry_run:
            self.write()
        return self.answer()

    def all(self) -> list[Entry]:
        """Every entry, model by model."""
        return [entry for entries in self.entries.values() for entry in entries.values()]

    def model(self, name: str) -> Model:
        """The model of that name."""
        if name not in self.project.models:
            raise no_such_model()
        return self.project.models[name]

    def gather(self, model: Model, records: dict[str, dict[str, Any]]) -> None:
        """Take in a model's revisions and what they mean at the other end of their links."""
        self.entries.setdefault(model.name, {})
        for name, revision in records.items():
            if revision is None:
                raise server_error()
            self.push(model, name, revision)
            for attribute, value in revision.items():
                self.push_link(model, name, attribute, value)

    def push(self, model: Model, name: str, revision: dict[str, Any]) -> None:
        """Add to a record's entry; attributes the model doesn't have are passed over."""
        entries = self.entries.setdefault(model.name, {})
        entry = entries.setdefault(name, Entry(model, name, row=model.find(name)))
        try:
            known = {key: value for key, value in revision.items() if key in model.attributes}
            entry.values |= {key: read(entry, key, value) for key, value in known.items()}
        except ValueError as error:
            raise server_error() from error

    def push_link(self, model: Model, name: str, attribute: str, value: Any) -> None:
        """A link set at one end is an entry at the other; a parent is not."""
        spec = model.attributes.get(attribute, {})
        kind = spec.get("attribute_type")
        if kind not in {"collection", "child", "table", "link"}:
            return
        back = [name] if kind == "link" else name
        stamps = {"created_at": shown_date(self.now), "updated_at": shown_date(self.now)}
        for other in value if isinstance(value, list) else [value]:
            if other is not None:
                revision = {spec["link_attribute_name"]: back} | stamps
                self.push(self.model(spec["link_model_name"]), str(other), revision)

    def disconnect_those_left_out(self) -> None:
        """Whoever a collection or child held before and no longer names is let go."""
        for model_name, records in self.revisions.items():
            model = self.model(model_name)
            for name, revision in records.items():
                for attribute in revision:
                    if attribute in model.attributes and model.type_of(attribute) in {"collection", "child"}:
                        self.disconnect(model, name, attribute)

    def disconnect(self, model: Model, name: str, attribute: str) -> None:
        """Let go of those a record's collection no longer names."""
        other = self.project.linked_model(model, attribute)
        back = model.attributes[attribute]["link_attribute_name"]
        row = model.find(name)
        for held in self.project.holding(row, attribute) if row else []:
            entry = self.entries.get(other.name, {}).get(held.name)
            if self.project.is_connected(held) and (entry is None or back not in entry.values):
                self.push(other, held.name, {back: None, "updated_at": shown_date(self.now)})

    def forbidden_changes(self) -> list[str]:
        """What a lower-case role may not revise: restricted records and restricted attributes."""
        if self.visitor.can_see_restricted(self.project.name):
            return []
        return [
            line for entries in self.entries.values() for line in self.forbidden_in(list(entries.values()))
        ]

    def forbidden_in(self, entries: list[Entry]) -> list[str]:
        """The same, of one model: records first."""
        records = [
            f"Cannot revise restricted {entry.model.name} '{entry.name}'"
            for entry in entries
            if entry.row is not None and self.project.is_restricted(entry.row)
        ]
        return records + [
            f"Cannot revise restricted attribute :{attribute} on {entry.model.name} '{entry.name}'"
            for entry in entries
            for attribute in entry.values
            if is_closed(entry.model, attribute)
        ]

    def pathless_files(self) -> list[str]:
        """Files of a collection that say not even that they are blank."""
        pairs = (
            (entry.model.type_of(name), value) for entry in self.all() for name, value in entry.values.items()
        )
        files = [file for kind, value in pairs if kind == "file_collection" for file in value]
        return ["Not all files have the required :path key."] * (not all(file.get("path") for file in files))

    def write(self) -> None:
        """Old table rows go first, then rows are made and filled, then links to new rows are tied."""
        for entry in self.all():
            self.clear_tables(entry)
        for entry in self.all():
            self.fill(entry)
        errors = [error for entry in self.all() for error in self.tie(entry)]
        if errors:
            raise refused(*errors)

    def clear_tables(self, entry: Entry) -> None:
        """Setting a table deletes the rows it had; rows with rows of their own can't be."""
        tables = [name for name in entry.values if entry.model.type_of(name) == "table"]
        rows = [row for name in tables for row in self.project.holding(entry.row, name)]
        if any(self.project.is_held(row) for row in rows):
            raise server_error()
        for row in rows:
            self.project.delete(row)

    def fill(self, entry: Entry) -> None:
        """Insert or change the row itself; only this row's stamp moves."""
        if entry.row is None:
            entry.row = entry.model.insert(entry.name, self.now)
        for name, value in entry.values.items():
            kind = entry.model.type_of(name)
            if name == entry.model.identifier and not entry.model.is_table:
                entry.model.rename(entry.row, value)
            elif kind not in POINTING | {"collection", "child", "table"} and name not in {
                "created_at",
                "updated_at",
            }:
                entry.row.values[name] = column(entry, name, kind, value)
        entry.row.stamp(self.now)

    def tie(self, entry: Entry) -> list[str]:
        """Point parents and links; what is not there is complained about, with the rest already written."""
        errors = []
        for name, value in entry.values.items():
            if entry.row is None or entry.model.type_of(name) not in POINTING:
                continue
            target = self.target(self.project.linked_model(entry.model, name), value)
            if value is not None and target is None:
                errors.append(f"{entry.model.name}.{name} '{value}' does not exist.")
            else:
                self.project.point(entry.row, name, target)
        return errors

    def target(self, model: Model, name: Any) -> Row | None:
        """A row by the name this call knows it under, or by the one it has."""
        entry = self.entries.get(model.name, {}).get(name)
        return entry.row if entry else model.find(name)

    def answer(self) -> dict[str, Any]:
        """The revisions as they were understood, with the templates of their models."""
        models = ((self.project.models[name], entries) for name, entries in self.entries.items() if entries)
        return {
            "models": {
                model.name: {"documents": dict(map(self.echo, entries.values())), "template": model.template}
                for model, entries in models
            }
        }

    def echo(self, entry: Entry) -> tuple[str, dict[str, Any]]:
        """One record of the answer."""
        document = {} if entry.model.is_table else {entry.model.identifier: entry.name}
        document |= {name: self.echoed(entry, name, value) for name, value in entry.values.items()}
        return str(document.get(entry.model.identifier, entry.name)), document

    def echoed(self, entry: Entry, name: str, value: Any) -> Any:
        """A value of the answer: files with an address, new table rows by their numbers."""
        kind = entry.model.type_of(name)
        if kind in DATES:
            return shown_date(value)
        if kind in FILES | {"file_collection"}:
            return self.echoed_file(entry, name, kind, value)
        if kind == "table":
            table = self.project.linked_model(entry.model, name)
            rows = [(one, None if self.dry_run else self.target(table, one)) for one in value]
            return [one if row is None else row.id for one, row in rows]
        return value

    def echoed_file(self, entry: Entry, name: str, kind: str, value: Any) -> Any:
        """A file as it will be shown; an unfinished one answers where to upload it."""
        if kind in FILES and (value or {}).get("path") == "::temp":
            return {
                "path": f"https://metis.development.local/{self.project.name}/upload/magma/tmp-{secrets.token_hex(16)}"
            }
        kept = column(entry, name, kind, value)
        if kind in FILES:
            return shown_file(self.project.name, kept, self.now)
        return kept and [shown_file(self.project.name, one, self.now) for one in kept]


def read(entry: Entry, name: str, value: Any) -> Any:
    """Read a value as its column's type."""
    kind = entry.model.type_of(name)
    if kind in FILES | {"file_collection"}:
        if not isinstance(value, list if kind == "file_collection" else dict):
            raise ValueError("not a file")
        return value
    return stored(kind, value)


def column(entry: Entry, name: str, kind: str, value: Any) -> Any:
    """What the row keeps of a value."""
    if kind == "file_collection":
        return stored_files(entry.name, entry.model.name, name, value)
    return stored_file(entry.name, entry.model.name, name, value) if kind in FILES else value


def is_closed(model: Model, attribute: str) -> bool:
    """Whether a lower-case role may not write the attribute."""
    is_shifted = model.type_of(attribute) == "shifted_date_time"
    return bool(model.attributes[attribute].get("restricted")) or attribute == "restricted" or is_shifted


def complaints_about(project: Project, entry: Entry) -> list[str]:
    """What the models' rules have against an entry, in Magma's words."""
    values = dict(entry.values)
    if entry.row is None and not entry.model.is_table:
        values.setdefault(entry.model.identifier, entry.name)
    lines = [
        line for name, value in values.items() for line in complaints_on(project, entry.model, name, value)
    ]
    if entry.model.parent is None and entry.row is None and entry.model.ids:
        lines.append(f"Project name must match '{min(entry.model.ids)}'")
    return lines


def complaints_on(project: Project, model: Model, name: str, value: Any) -> list[str]:
    """The same, of one value; a link is held to the rule of the identifier it names."""
    kind = model.type_of(name)
    if kind in {"collection", "table"} and not isinstance(value, list):
        return [f"{value} is not an Array."]
    rule = model.attributes[name]["validation"]
    if kind in POINTING | {"collection", "child"}:
        other = project.linked_model(model, name)
        rule = None if other.is_table else other.attributes[other.identifier]["validation"]
    values = value if isinstance(value, list) and kind == "collection" else [value]
    return [line for one in values if one is not None for line in broken_rule(rule, name, kind, one)]


def broken_rule(rule: Any, name: str, kind: str, value: Any) -> list[str]:
    """Hold a value against a template's rule."""
    if kind == "matrix":
        return broken_matrix(rule, value)
    if not rule:
        return []
    if rule["type"] == "Regexp" and not re2.search(rule["value"], str(value)):
        return [f"On {name}, '{value}' is improperly formatted."]
    if rule["type"] == "Array" and value not in rule["value"]:
        return [f"On {name}, '{value}' should be one of {', '.join(map(str, rule['value']))}."]
    return []


def broken_matrix(rule: Any, value: Any) -> list[str]:
    """A matrix is a row of numbers, one for each of its options."""
    if not isinstance(value, list) or not all(isinstance(one, int | float) for one in value):
        return ["Matrix value is not an array of numbers"]
    return ["Improper matrix row size"] * (len(value) != len(rule["value"]))


def update(project: Project, visitor: Visitor, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Answer /update."""
    revisions = body.get("revisions")
    if not isinstance(revisions, dict) or not all(
        isinstance(records, dict) for records in revisions.values()
    ):
        raise server_error()
    return Loading(project, visitor, revisions, now, dry_run=bool(body.get("dry_run"))).run()
