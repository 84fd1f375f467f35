"""The demo warehouse with its rows in PostgreSQL, laid out as Magma lays out its own.

One schema a project, one table a model, described in `public.models` and `public.attributes`. Every call
begins from what the tables hold, so whatever else works on them is seen at once, as with a real Magma.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.types.json import Json

from magma.demo.answers import Reply
from magma.demo.people import Visitor
from magma.demo.store import DATES, POINTED_AT, POINTING, Model, Project, Row
from magma.demo.warehouse import Warehouse
from magma.removal.catalogue import read_catalogue
from magma.removal.layout import Layout, layouts

JSON_TYPES = frozenset({"file", "image", "file_collection", "matrix", "match"})
COLUMN_TYPES = {"integer": "integer", "float": "double precision", "boolean": "boolean"}
STAMPS = ("created_at", "updated_at")

Before = dict[tuple[str, int], dict[str, Any]]


@dataclass
class KeptWarehouse(Warehouse):
    """A warehouse whose rows outlive it."""

    url: str = ""
    layouts: dict[str, Layout] = field(default_factory=dict)

    def open(self) -> None:
        """Use the database as it is; lay out the seed there if it holds no project yet."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for project in self.projects.values():
                if not _is_laid_out(connection, project.name):
                    lay_out(connection, project)
                    self.layouts[project.name] = _layout(connection, project.name)
                    save(connection, self.layouts[project.name], project, {})
                self.layouts[project.name] = _layout(connection, project.name)

    def retrieve(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /retrieve, of what the tables hold now."""
        self.load(body)
        return super().retrieve(visitor, body)

    def query(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /query, of what the tables hold now."""
        self.load(body)
        return super().query(visitor, body)

    def update(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /update; what a failed one has written stays, as with Magma."""
        before = self.load(body)
        try:
            return super().update(visitor, body)
        finally:
            if (layout := self.layouts.get(str(body.get("project_name")))) is not None:
                with psycopg.connect(self.url) as connection:
                    save(connection, layout, self.projects[layout.catalogue.project], before)

    def load(self, body: Mapping[str, Any]) -> Before:
        """Read the project a call is about; return its rows as they were."""
        layout = self.layouts.get(str(body.get("project_name")))
        if layout is None:
            return {}
        project = self.projects[layout.catalogue.project]
        with psycopg.connect(self.url) as connection:
            load(connection, layout, project)
        return {(row.model.name, row.id): copy.copy(row.values) for row in _rows(project)}


def _rows(project: Project) -> Iterator[Row]:
    return (row for model in project.models.values() for row in model.rows.values())


def _is_laid_out(connection: Connection[Any], project: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [project]).fetchone())


def _layout(connection: Connection[Any], project: str) -> Layout:
    (only,) = layouts(read_catalogue(connection, project))
    return only


def lay_out(connection: Connection[Any], project: Project) -> None:
    """Make the project's schema and describe its models, as Magma does when models are added."""
    connection.execute(DESCRIPTIONS)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(project.name)))
    for model in project.models.values():
        connection.execute("INSERT INTO public.models VALUES (%s, %s)", [project.name, model.name])
        connection.execute(_table(project, model))
        for name, spec in model.attributes.items():
            if name not in (*STAMPS, "id"):
                connection.execute(
                    "INSERT INTO public.attributes VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    [project.name, model.name, name, spec["attribute_type"], _column(model, name),
                     spec.get("link_model_name"), spec.get("link_attribute_name")],
                )  # fmt: skip
    for model in project.models.values():
        for name in model.attributes:
            if model.type_of(name) in POINTING:
                connection.execute(_foreign_key(project, model, name))


DESCRIPTIONS = """
CREATE TABLE IF NOT EXISTS public.models (project_name text, model_name text);
CREATE TABLE IF NOT EXISTS public.attributes (project_name text, model_name text, attribute_name text,
  type text, column_name text, link_model_name text, link_attribute_name text)
"""


def _column(model: Model, attribute: str) -> str:
    return f"{attribute}_id" if model.type_of(attribute) in POINTING else attribute


def _place(project: Project, model: Model) -> sql.Identifier:
    return sql.Identifier(project.name, f"{model.name}s")


def _table(project: Project, model: Model) -> sql.Composed:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(_column(model, name)), sql.SQL(_type(model, name)))
        for name in model.attributes
        if model.type_of(name) not in POINTED_AT and name not in (*STAMPS, "id")
    ]
    stamps = [sql.SQL(f"{name} timestamp without time zone") for name in STAMPS]
    listed = sql.SQL(", ").join([sql.SQL("id integer PRIMARY KEY"), *stamps, *columns])
    return sql.SQL("CREATE TABLE {} ({})").format(_place(project, model), listed)


def _type(model: Model, attribute: str) -> str:
    kind = model.type_of(attribute)
    if kind in POINTING:
        return "integer"
    if kind in DATES:
        return "timestamp without time zone"
    return "json" if kind in JSON_TYPES else COLUMN_TYPES.get(kind, "text")


def _foreign_key(project: Project, model: Model, attribute: str) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {} (id)").format(
        _place(project, model),
        sql.Identifier(_column(model, attribute)),
        _place(project, project.linked_model(model, attribute)),
    )


def _columns(layout: Layout, model: Model) -> dict[str, str]:
    """Column by attribute, of all the attributes that have one."""
    own = layout.model(model.name).columns
    return {name: column for name, column in own.items() if name in model.attributes} | dict(
        zip(STAMPS, STAMPS, strict=True)
    )


def load(connection: Connection[Any], layout: Layout, project: Project) -> None:
    """Replace the project's rows by what the tables hold."""
    project.held.clear()
    for model in project.models.values():
        columns = _columns(layout, model)
        listed = sql.SQL(", ").join(sql.Identifier(column) for column in ("id", *columns.values()))
        place = sql.Identifier(project.name, layout.table(model.name).name)
        model.rows.clear()
        model.ids.clear()
        for row_id, *values in connection.execute(sql.SQL("SELECT {} FROM {}").format(listed, place)):
            row = Row(row_id, model, dict(zip(columns, map(_aware, values), strict=True)))
            model.rows[row_id] = row
            if not model.is_table:
                model.ids[row.name] = row_id
        model.last_id = max([model.last_id, *model.rows])
    for row in _rows(project):
        for name in row.model.attributes:
            if row.model.type_of(name) in POINTING and (target := row.values.get(name)) is not None:
                project.held.setdefault((row.model.name, name, target), set()).add(row.id)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def save(connection: Connection[Any], layout: Layout, project: Project, before: Before) -> None:
    """Write what has changed since `before`: rows first, then what they point at."""
    now = {(row.model.name, row.id): row for row in _rows(project)}
    changed = [row for key, row in now.items() if before.get(key) != row.values]
    for row in changed:
        if (row.model.name, row.id) not in before:
            place = sql.Identifier(project.name, layout.table(row.model.name).name)
            connection.execute(sql.SQL("INSERT INTO {} (id) VALUES (%s)").format(place), [row.id])
    for row in changed:
        _write(connection, layout, project, row)
    for model, row_id in before.keys() - now.keys():
        place = sql.Identifier(project.name, layout.table(model).name)
        connection.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(place), [row_id])


def _write(connection: Connection[Any], layout: Layout, project: Project, row: Row) -> None:
    columns = _columns(layout, row.model)
    settings = sql.SQL(", ").join(
        sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns.values()
    )
    values = [_stored(row, name) for name in columns]
    place = sql.Identifier(project.name, layout.table(row.model.name).name)
    connection.execute(sql.SQL("UPDATE {} SET {} WHERE id = %s").format(place, settings), [*values, row.id])


def _stored(row: Row, attribute: str) -> Any:
    value = row.values.get(attribute)
    if value is not None and row.model.type_of(attribute) in JSON_TYPES:
        return Json(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
