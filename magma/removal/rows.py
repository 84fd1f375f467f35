"""The statements: find, lock, digest, refer, delete. Every name is quoted, every value a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from psycopg import Connection, sql

from magma.removal.catalogue import ForeignKey, Table
from magma.removal.layout import Layout

#: Ids by table oid.
Ids = Mapping[int, Sequence[int]]

ALIAS = sql.Identifier("polyphemus_row")
DIGEST = sql.SQL("encode(sha256(convert_to(({}.*)::text, 'UTF8')), 'hex')").format(ALIAS)


@dataclass(frozen=True)
class StoredRow:
    """A row as the database holds it: its number, the digest of its text, every column as text."""

    id: int
    digest: str
    values: Mapping[str, str | None]
    #: Another row bears the same name: nobody can say which is meant.
    is_double: bool = False


class Locked(NamedTuple):
    """A row under our lock: its digest, and whether it has a parent; None where it can have none."""

    digest: str
    has_parent: bool | None


@dataclass(frozen=True)
class Reference:
    """A row that refers to one of the rows asked about."""

    target: int
    target_id: int
    #: Where it stands: the model when it is one of the project's, and its row id there.
    model: str | None
    row_id: int | None
    words: str


def place(table: Table) -> sql.Identifier:
    """The table's name, quoted."""
    return sql.Identifier(table.schema, table.name)


def find(
    connection: Connection[Any], table: Table, *, identifier: str | None, names: Sequence[str]
) -> dict[str, StoredRow]:
    """Whole rows by identifier, or by number where the model has none."""
    columns = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in table.ordered)
    statement = sql.SQL("SELECT {digest}, {columns} FROM {place} AS {alias} WHERE {by} = ANY(%s)").format(
        digest=DIGEST, columns=columns, place=place(table), alias=ALIAS, by=sql.Identifier(identifier or "id")
    )
    wanted = list(names) if identifier else [int(name) for name in names if name.isdecimal()]
    found: dict[str, StoredRow] = {}
    for digest, *texts in connection.execute(statement, [wanted]):
        values = dict(zip(table.ordered, texts, strict=True))
        name = str(values[identifier or "id"])
        found[name] = StoredRow(int(values["id"] or 0), digest, values, is_double=name in found)
    return found


def lock(
    connection: Connection[Any], table: Table, ids: Sequence[int], *, parent: str | None
) -> dict[int, Locked]:
    """Lock the rows against everything; return how each that is there stands now."""
    has_parent = (
        sql.SQL("{}.{} IS NOT NULL").format(ALIAS, sql.Identifier(parent)) if parent else sql.SQL("NULL")
    )
    statement = sql.SQL(
        "SELECT {alias}.id, {digest}, {has_parent} FROM {place} AS {alias}"
        " WHERE {alias}.id = ANY(%s) ORDER BY {alias}.id FOR UPDATE"
    ).format(alias=ALIAS, digest=DIGEST, has_parent=has_parent, place=place(table))
    return {row_id: Locked(*rest) for row_id, *rest in connection.execute(statement, [list(ids)])}


def count(connection: Connection[Any], table: Table, ids: Sequence[int]) -> int:
    """How many of the rows are there."""
    statement = sql.SQL("SELECT count(*) FROM {} WHERE id = ANY(%s)").format(place(table))
    (there,) = connection.execute(statement, [list(ids)]).fetchone() or (0,)
    return int(there)


def hold_shape(connection: Connection[Any], schema: str, tables: Sequence[str]) -> None:
    """Let nobody alter the tables, or hang keys or triggers on them, until the transaction ends."""
    names = sql.SQL(", ONLY ").join(sql.Identifier(schema, table) for table in tables)
    connection.execute(sql.SQL("LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE").format(names))


def hold_still(connection: Connection[Any], table: Table) -> None:
    """Let nobody write to the table until the transaction ends; reading goes on."""
    connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(place(table)))


def references(connection: Connection[Any], layout: Layout, ids: Ids) -> list[Reference]:
    """Every row anywhere that refers to one of these, themselves included; one statement for all keys."""
    keys = [
        (table, key) for table in layout.catalogue.tables if ids.get(table.oid) for key in layout.onto(table)
    ]
    if not keys:
        return []
    parts = [_referring(layout, number, table, key) for number, (table, key) in enumerate(keys)]
    found = connection.execute(
        sql.SQL(" UNION ALL ").join(parts), [list(ids[table.oid]) for table, _ in keys]
    )
    return [_reference(layout, *keys[number], *row) for number, *row in found]


def _referring(layout: Layout, number: int, target: Table, key: ForeignKey) -> sql.Composed:
    model = layout.model_of(key.referrer)
    identifier = layout.model(model).identifier if model else None
    matches = sql.SQL(" AND ").join(
        sql.SQL("r.{} = t.{}").format(sql.Identifier(column), sql.Identifier(far))
        for column, far in zip(key.columns, key.keys, strict=True)
    )
    return sql.SQL(
        "SELECT {number}, t.id::bigint, {row_id}, {name}"
        " FROM {target} AS t JOIN {place} AS r ON {matches} WHERE t.id = ANY(%s)"
    ).format(
        number=sql.Literal(number),
        row_id=sql.SQL("r.id::bigint" if model else "NULL::bigint"),
        name=sql.SQL("r.{}::text").format(sql.Identifier(identifier or "id")) if model else sql.SQL("''"),
        target=place(target),
        place=sql.Identifier(key.schema, key.table),
        matches=matches,
    )


def _reference(
    layout: Layout, target: Table, key: ForeignKey, target_id: int, row_id: int | None, name: str
) -> Reference:
    """What one line of the answer says."""
    model = layout.model_of(key.referrer)
    columns = ", ".join(key.columns)
    words = f"{model} {name!r} ({columns})" if model else f"table {key.schema}.{key.table}"
    return Reference(target.oid, target_id, model, row_id, words)


def delete(connection: Connection[Any], layout: Layout, ids: Ids) -> int:
    """Delete the rows, leaves first; return how many went.

    Tables whose foreign keys run in a circle are deleted from in one statement: keys count at its end.
    """
    tables = [table for table in layout.catalogue.tables if ids.get(table.oid)]
    try:
        order = leaves_first(layout, tables)
    except CycleError:
        return _delete_together(connection, tables, ids)
    with connection.pipeline():
        deletions = [connection.execute(_deletion(table), [list(ids[table.oid])]) for table in order]
    return sum(deletion.rowcount for deletion in deletions)


def leaves_first(layout: Layout, tables: Sequence[Table]) -> list[Table]:
    """The tables in an order in which no deletion leaves a reference behind."""
    by_oid = {table.oid: table for table in tables}
    graph: dict[int, set[int]] = {
        table.oid: {
            key.referrer for key in layout.onto(table) if key.referrer in by_oid and key.referrer != table.oid
        }
        for table in tables
    }
    return [by_oid[oid] for oid in TopologicalSorter(graph).static_order()]


def _deletion(table: Table) -> sql.Composed:
    return sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(place(table))


def _delete_together(connection: Connection[Any], tables: Sequence[Table], ids: Ids) -> int:
    parts = [
        sql.SQL("{} AS ({} RETURNING 1)").format(sql.Identifier(f"d{number}"), _deletion(table))
        for number, table in enumerate(tables)
    ]
    counts = [
        sql.SQL("(SELECT count(*) FROM {})").format(sql.Identifier(f"d{number}"))
        for number in range(len(tables))
    ]
    statement = sql.SQL("WITH {} SELECT {}").format(sql.SQL(", ").join(parts), sql.SQL(" + ").join(counts))
    (gone,) = connection.execute(statement, [list(ids[table.oid]) for table in tables]).fetchone() or (0,)
    return int(gone)
