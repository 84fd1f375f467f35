"""What PostgreSQL itself says of a project's tables: columns, foreign keys, whatever acts on a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

Row = dict[str, Any]

TABLES = """
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
       c.relkind = 'r' AND NOT EXISTS
         (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid))
         AS plain,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
       ARRAY(SELECT 'trigger ' || t.tgname FROM pg_catalog.pg_trigger t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 8) = 8)
       || ARRAY(SELECT 'rule ' || r.rulename FROM pg_catalog.pg_rewrite r
                WHERE r.ev_class = c.oid AND r.ev_type = '4') AS interference
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
ORDER BY c.relname
"""

FOREIGN_KEYS = """
SELECT k.conname AS name, k.conrelid::bigint AS referrer, k.confrelid::bigint AS target,
       n.nspname AS schema, c.relname AS table,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, i)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
             ORDER BY u.i) AS columns,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, i)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum
             ORDER BY u.i) AS keys
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
  AND k.confrelid IN (SELECT t.oid FROM pg_catalog.pg_class t
                      JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = %s)
ORDER BY n.nspname, c.relname, k.conname
"""

ATTRIBUTES = """
SELECT m.model_name, a.attribute_name, a.type, a.column_name, a.link_model_name, a.link_attribute_name
FROM public.models m LEFT JOIN public.attributes a
  ON a.project_name = m.project_name AND a.model_name = m.model_name
WHERE m.project_name = %s
ORDER BY m.model_name, a.attribute_name
"""

#: Attributes of these types are the other side of a link: no column of their own.
FAR_SIDE = frozenset({"collection", "table", "child"})
#: The columns every table of Magma's has.
COMMON_COLUMNS = frozenset({"id", "created_at", "updated_at"})


@dataclass(frozen=True)
class Table:
    """One table of the project's schema."""

    oid: int
    schema: str
    name: str
    columns: frozenset[str]
    ordered: tuple[str, ...]
    plain: bool
    interference: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class ForeignKey:
    """One foreign key onto a table of the project's, from wherever."""

    name: str
    referrer: int
    target: int
    schema: str
    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """A link or parent attribute: its column and the model it leads to."""

    attribute: str
    column: str
    model: str


@dataclass(frozen=True)
class Model:
    """What Magma's own tables say of a model."""

    name: str
    columns: Mapping[str, str]
    types: Mapping[str, str]
    links: tuple[Link, ...]
    parent: Link | None
    identifier: str | None


@dataclass(frozen=True)
class Catalogue:
    """Everything known of a project's schema before its models are matched with its tables."""

    project: str
    tables: tuple[Table, ...]
    foreign_keys: tuple[ForeignKey, ...]
    models: Mapping[str, Model]


def read_catalogue(connection: Connection[Any], project: str) -> Catalogue:
    """Read it in three statements, sent together."""
    with connection.pipeline():
        tables, keys, attributes = (
            connection.cursor(row_factory=dict_row).execute(statement, [project])
            for statement in (TABLES, FOREIGN_KEYS, ATTRIBUTES)
        )
    return Catalogue(
        project, tuple(map(_table, tables)), tuple(map(_foreign_key, keys)), _models(list(attributes))
    )


def _table(row: Row) -> Table:
    return Table(
        oid=row["oid"],
        schema=row["schema"],
        name=row["name"],
        columns=frozenset(row["columns"]),
        ordered=tuple(row["columns"]),
        plain=row["plain"],
        interference=tuple(row["interference"]),
    )


def _foreign_key(row: Row) -> ForeignKey:
    return ForeignKey(**(row | {"columns": tuple(row["columns"]), "keys": tuple(row["keys"])}))


def _models(rows: list[Row]) -> dict[str, Model]:
    by_model: dict[str, list[Row]] = {}
    for row in rows:
        attributes = by_model.setdefault(row["model_name"], [])
        if row["attribute_name"] is not None:
            attributes.append(row)
    return {name: _model(name, attributes) for name, attributes in by_model.items()}


def _model(name: str, attributes: list[Row]) -> Model:
    own = [row for row in attributes if row["type"] not in FAR_SIDE]
    links = tuple(
        Link(row["attribute_name"], row["column_name"], row["link_model_name"])
        for row in own
        if row["type"] in ("parent", "link")
    )
    parents = {row["attribute_name"] for row in own if row["type"] == "parent"}
    identifiers = [row["column_name"] for row in own if row["type"] == "identifier"]
    return Model(
        name=name,
        columns={row["attribute_name"]: row["column_name"] for row in own},
        types={row["attribute_name"]: row["type"] for row in own},
        links=links,
        parent=next((link for link in links if link.attribute in parents), None),
        identifier=identifiers[0] if identifiers else None,
    )
