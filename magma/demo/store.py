"""The demo warehouse's rows: models as their templates say, links kept as row ids, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

POINTING = frozenset({"parent", "link"})
POINTED_AT = frozenset({"collection", "child", "table"})
DATES = frozenset({"date_time", "shifted_date_time"})


@dataclass(eq=False)
class Row:
    """One record or table row; links hold the other row's id."""

    id: int
    model: Model
    values: dict[str, Any]

    @property
    def name(self) -> Any:
        """What the row is called outside: its identifier, or its number in a table."""
        return self.id if self.model.is_table else self.values[self.model.identifier]

    def stamp(self, now: datetime) -> None:
        """Note a change of this row, and of no other."""
        self.values["updated_at"] = now


@dataclass(eq=False)
class Model:
    """A template and its rows."""

    name: str
    template: dict[str, Any]
    rows: dict[int, Row] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    last_id: int = 0

    def __post_init__(self) -> None:
        """Take from the template what every call asks for."""
        self.identifier: str = self.template["identifier"]
        self.parent: str | None = self.template.get("parent")
        self.is_table = self.identifier == "id"
        self.attributes: dict[str, dict[str, Any]] = self.template["attributes"]

    def type_of(self, attribute: str) -> str:
        """The attribute's type, as the template names it."""
        return str(self.attributes[attribute]["attribute_type"])

    def find(self, name: Any) -> Row | None:
        """The row of that name; a table's row by its number."""
        if self.is_table:
            return self.rows.get(int(name)) if str(name).isdecimal() else None
        row_id = self.ids.get(name)
        return None if row_id is None else self.rows[row_id]

    def insert(self, name: str, now: datetime) -> Row:
        """A new row with nothing but its name and stamps."""
        self.last_id += 1
        row = Row(self.last_id, self, {"created_at": now, "updated_at": now})
        self.rows[row.id] = row
        if not self.is_table:
            self.rename(row, name)
        return row

    def rename(self, row: Row, name: str) -> None:
        """Give a row another name in place: its id and what points at it stay."""
        self.ids.pop(row.values.get(self.identifier, ""), None)
        row.values[self.identifier] = name
        self.ids[name] = row.id


@dataclass(eq=False)
class Project:
    """Models and who points at whom."""

    name: str
    models: dict[str, Model]
    held: dict[tuple[str, str, int], set[int]] = field(default_factory=dict)

    def linked_model(self, model: Model, attribute: str) -> Model:
        """The model at the other end of a link."""
        return self.models[model.attributes[attribute]["link_model_name"]]

    def target(self, row: Row | None, attribute: str) -> Row | None:
        """The row a parent or link points at."""
        row_id = None if row is None else row.values.get(attribute)
        if row is None or row_id is None:
            return None
        return self.linked_model(row.model, attribute).rows[row_id]

    def holding(self, row: Row | None, attribute: str) -> list[Row]:
        """The rows that point at this one: a collection, child or table, in the order of their names."""
        if row is None:
            return []
        other = self.linked_model(row.model, attribute)
        key = (other.name, row.model.attributes[attribute]["link_attribute_name"], row.id)
        return sorted((other.rows[row_id] for row_id in self.held.get(key, ())), key=lambda held: held.name)

    def point(self, row: Row, attribute: str, target: Row | None) -> None:
        """Let a parent or link point at another row, or at none."""
        old = row.values.get(attribute)
        if old is not None:
            self.held[row.model.name, attribute, old].discard(row.id)
        row.values[attribute] = None if target is None else target.id
        if target is not None:
            self.held.setdefault((row.model.name, attribute, target.id), set()).add(row.id)

    def is_held(self, row: Row) -> bool:
        """Whether anything still points at the row, so that it can't be deleted."""
        return any(
            self.held.get((spec["link_model_name"], spec["link_attribute_name"], row.id))
            for spec in row.model.attributes.values()
            if spec["attribute_type"] in POINTED_AT
        )

    def delete(self, row: Row) -> None:
        """Take a row away; only table rows ever are."""
        for attribute, spec in row.model.attributes.items():
            if spec["attribute_type"] in POINTING:
                self.point(row, attribute, None)
        del row.model.rows[row.id]

    def lineage(self, row: Row) -> Iterator[Row]:
        """The row, its parent, its parent's parent and so on."""
        at: Row | None = row
        while at is not None:
            yield at
            at = self.target(at, at.model.parent) if at.model.parent else None

    def is_connected(self, row: Row) -> bool:
        """Whether the line of parents reaches the project's own record."""
        return all(
            one.model.parent is None or one.values.get(one.model.parent) is not None
            for one in self.lineage(row)
        )

    def is_restricted(self, row: Row) -> bool:
        """Whether the row, or anything it stands under, is marked restricted."""
        return any(one.values.get("restricted") is True for one in self.lineage(row))


def project_of(name: str, templates: dict[str, Any]) -> Project:
    """An empty project with the models of an answer full of templates."""
    models = templates["models"].items()
    return Project(name, {model: Model(model, answer["template"]) for model, answer in models})
