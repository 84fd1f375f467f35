"""Databases of a real Magma, restored from its dump beside the tests' own database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from psycopg import Connection, sql

from magma.trees import Name, Node, Tree

DUMP = Path(__file__).parent / "magma_dump" / "magma_dump.sql"
TEMPLATE = "magma_dump_template"
NUMBERS = count(1)


def server_url(database: str, *, user: str = "", password: str = "") -> str:
    """The tests' own server, another database."""
    own = settings.DATABASES["default"]
    parts = {
        "host": own.get("HOST") or "",
        "port": str(own.get("PORT") or ""),
        "user": user or own.get("USER") or "",
        "password": password or own.get("PASSWORD") or "",
        "dbname": database,
    }
    return psycopg.conninfo.make_conninfo("", **{key: value for key, value in parts.items() if value})


def statement(text: str, **names: str) -> sql.Composed:
    """A statement with quoted names."""
    return sql.SQL(text).format(**{key: sql.Identifier(name) for key, name in names.items()})


def restore_template() -> str:
    """The dump restored once; each test copies it."""
    name = f"{TEMPLATE}_{settings.DATABASES['default']['NAME']}"
    with psycopg.connect(server_url("postgres"), autocommit=True) as connection:
        connection.execute(statement("DROP DATABASE IF EXISTS {name}", name=name))
        connection.execute(statement("CREATE DATABASE {name}", name=name))
    with psycopg.connect(server_url(name), autocommit=True) as connection:
        connection.execute(DUMP.read_bytes())
    return name


@contextmanager
def copied(template: str) -> Iterator[MagmaDatabase]:
    """A Magma's database of one test's own."""
    name = f"{template}_{next(NUMBERS)}"
    with psycopg.connect(server_url("postgres"), autocommit=True) as connection:
        connection.execute(statement("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name))
        connection.execute(
            statement("CREATE DATABASE {name} TEMPLATE {template}", name=name, template=template)
        )
        with psycopg.connect(server_url(name), autocommit=True) as own:
            yield MagmaDatabase(server_url(name), own)
        connection.execute(statement("DROP DATABASE {name} WITH (FORCE)", name=name))


@dataclass
class MagmaDatabase:
    """A restored Magma's database and a connection to it."""

    url: str
    connection: Connection[Any]

    def rows(self, text: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query answers."""
        return self.connection.execute(text, parameters or None).fetchall()

    def run(self, text: str, *parameters: Any) -> None:
        """Do something to it, as a DBA would."""
        self.connection.execute(text, parameters or None)

    def value(self, text: str, *parameters: Any) -> Any:
        """One value."""
        return self.rows(text, *parameters)[0][0]

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table of the projects, as text, in order."""
        tables = self.rows(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )
        return {
            table: [row for (row,) in self.rows(f"SELECT (t.*)::text FROM {table} AS t ORDER BY 1")]
            for (table,) in tables
        }


def node(
    database: MagmaDatabase, table: str, column: str, model: str, record: str, above: Name | None = None
) -> Node:
    """One record with the little of its document that removal compares."""
    row = database.rows(
        "SELECT to_char(updated_at, 'YYYY-MM-DD\"T\"HH24:MI:SS+00:00')"
        f" FROM {table} WHERE {column}::text = %s",
        record,
    )
    return Node(Name(model, record), {"updated_at": row[0][0] if row else None}, above)


def victim(database: MagmaDatabase, record: str, *, schema: str = "labors", below: bool = True) -> Tree:
    """A victim of `labors` with its wounds and sidekicks."""
    top = node(database, f"{schema}.victims", "name", "victim", record)
    wounds = database.rows(
        f"SELECT w.id FROM {schema}.wounds w JOIN {schema}.victims v ON v.id = w.victim_id WHERE v.name = %s",
        record,
    )
    sidekicks = database.rows(
        f"SELECT s.name FROM {schema}.sidekicks s JOIN {schema}.victims v ON v.id = s.victim_id"
        " WHERE v.name = %s",
        record,
    )
    children = [
        node(database, f"{schema}.wounds", "id", "wound", str(row_id), top.name) for (row_id,) in wounds
    ]
    children += [
        node(database, f"{schema}.sidekicks", "name", "sidekick", name, top.name) for (name,) in sidekicks
    ]
    return Tree((top, *(children if below else ())))


def sample(database: MagmaDatabase, record: str) -> Tree:
    """A sample of `dt_lung` with its exomes."""
    top = node(database, "dt_lung.samples", "sample_name", "sample", record)
    below = []
    for table, column, model in (
        ("exomes", "tube_name", "exome"),
        ("rna_seqs", "tube_name", "rna_seq"),
        ("flows", "flow_name", "flow"),
    ):
        names = database.rows(
            f"SELECT c.{column} FROM dt_lung.{table} c JOIN dt_lung.samples s ON s.id = c.sample_id"
            " WHERE s.sample_name = %s",
            record,
        )
        below += [node(database, f"dt_lung.{table}", column, model, name, top.name) for (name,) in names]
    return Tree((top, *below))
