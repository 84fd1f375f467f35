"""The rows behind a copy: found, compared with what Magma's API said, and held to their digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from magma.removal import rows
from magma.removal.catalogue import read_catalogue
from magma.removal.errors import OtherDatabaseError, SchemaUnclearError
from magma.removal.layout import Layout, layouts
from magma.removal.rows import StoredRow
from magma.trees import Name, Node, Tree
from polyphemus_site.sentences import say as _

#: Whole seconds are all that the API shows of an instant.
SECONDS = len("2026-05-04T12:22:07")


@dataclass(frozen=True)
class Witness:
    """What removal will hold the rows to. Plain JSON, kept beside the bundle.

    `tables` names each model's table; `rows` gives (row number, digest) by model and record.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, tuple[int, str]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For keeping."""
        digests = {
            model: {name: list(row) for name, row in named.items()} for model, named in self.rows.items()
        }
        return {"tables": dict(self.tables), "rows": digests}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Witness:
        """As it was kept."""
        return cls(
            kept["tables"],
            {
                model: {name: (int(row[0]), str(row[1])) for name, row in named.items()}
                for model, named in kept["rows"].items()
            },
        )

    def row(self, name: Name) -> tuple[int, str]:
        """The row number and digest of a record."""
        return self.rows[name.model][name.record]


@dataclass(frozen=True)
class Examination:
    """What the database holds of some trees: the witness, whole rows, and the trees it disagrees about."""

    witness: Witness
    stored: Mapping[str, Mapping[str, Mapping[str, str | None]]]
    #: By the tree's top.
    disagreements: Mapping[Name, str]


def examine(connection: Connection[Any], project: str, trees: Sequence[Tree]) -> Examination:
    """Find every record of the trees in the database and compare it with its document."""
    layout, found = _placed(connection, project, trees)
    disagreements = {
        tree.top.name: reason for tree in trees if (reason := _disagreement(layout, found, tree)) is not None
    }
    if trees and len(disagreements) == len(trees):
        raise OtherDatabaseError(
            _(
                "Magma's database and its API disagree about every record: %(first)s "
                "Does POLYPHEMUS_MAGMA_DATABASE_URL name the database behind POLYPHEMUS_MAGMA_URL?"
            )
            % {"first": next(iter(disagreements.values()))}
        )
    agreed = [node.name for tree in trees if tree.top.name not in disagreements for node in tree]
    kept = _by_model(agreed, found)
    witness = Witness(
        tables={model: layout.table(model).name for model in kept},
        rows={
            model: {name: (row.id, row.digest) for name, row in named.items()}
            for model, named in kept.items()
        },
    )
    stored = {model: {name: row.values for name, row in named.items()} for model, named in kept.items()}
    return Examination(witness, stored, disagreements)


def _by_model(names: Iterable[Name], found: Mapping[Name, StoredRow]) -> dict[str, dict[str, StoredRow]]:
    kept: dict[str, dict[str, StoredRow]] = {}
    for name in names:
        kept.setdefault(name.model, {})[name.record] = found[name]
    return kept


def _placed(
    connection: Connection[Any], project: str, trees: Sequence[Tree]
) -> tuple[Layout, dict[Name, StoredRow]]:
    """The layout the rows themselves speak for, when names and columns leave more than one."""
    wanted: dict[str, list[str]] = {}
    for tree in trees:
        for name in tree.names:
            wanted.setdefault(name.model, []).append(name.record)
    possible = layouts(read_catalogue(connection, project))
    answers = [(layout, _find_all(connection, layout, wanted)) for layout in _distinct(possible, wanted)]
    if not answers:
        raise SchemaUnclearError(
            _("Magma's models of %(project)s fit no set of tables in its database.") % {"project": project}
        )
    if len(answers) == 1:
        return answers[0]
    speaking = [
        (layout, found)
        for layout, found in answers
        if all(_disagreement(layout, found, tree) is None for tree in trees)
    ]
    if len(speaking) != 1:
        tables = sorted({str(layout.table(model)) for layout, _ in answers for model in wanted})
        raise SchemaUnclearError(
            _("These tables of %(project)s can't be told apart: %(tables)s.")
            % {"project": project, "tables": ", ".join(tables)}
        )
    return speaking[0]


def _distinct(possible: Sequence[Layout], models: Iterable[str]) -> list[Layout]:
    """Layouts that differ in the tables that matter here."""
    models = sorted(models)
    by_tables = {tuple(layout.table(model).oid for model in models): layout for layout in possible}
    return list(by_tables.values())


def _find_all(
    connection: Connection[Any], layout: Layout, wanted: Mapping[str, Sequence[str]]
) -> dict[Name, StoredRow]:
    return {
        Name(model, record): row
        for model, names in wanted.items()
        for record, row in rows.find(
            connection, layout.table(model), identifier=layout.model(model).identifier, names=names
        ).items()
    }


def _disagreement(layout: Layout, found: Mapping[Name, StoredRow], tree: Tree) -> str | None:
    for node in tree:
        row = found.get(node.name)
        if row is None:
            return _("%(name)s is not in table %(table)s.") % {
                "name": str(node.name),
                "table": str(layout.table(node.name.model)),
            }
        if row.is_double:
            return _("More than one row of table %(table)s is called %(record)r.") % {
                "table": str(layout.table(node.name.model)),
                "record": node.name.record,
            }
        if (attribute := _first_difference(layout, found, node, row)) is not None:
            said = _("%(name)s has another %(attribute)s in the database than in the API.")
            return said % {"name": str(node.name), "attribute": attribute}
    return None


def _first_difference(
    layout: Layout, found: Mapping[Name, StoredRow], node: Node, row: StoredRow
) -> str | None:
    parent = layout.model(node.name.model).parent
    above = None if node.above is None else str(found[node.above].id)
    if parent is not None and row.values[parent.column] != above:
        return parent.attribute
    columns = {"created_at": "created_at", "updated_at": "updated_at"} | dict(
        layout.model(node.name.model).columns
    )
    types = layout.model(node.name.model).types
    for attribute, column in columns.items():
        spelt = SPELT.get(types.get(attribute, "date_time"))
        if spelt and attribute in node.document and not spelt(node.document[attribute], row.values[column]):
            return attribute
    return None


def _same_text(shown: Any, stored: str | None) -> bool:
    return bool((shown is None and stored is None) or str(shown) == stored)


def _same_truth(shown: Any, stored: str | None) -> bool:
    return {True: "true", False: "false", None: None}[shown] == stored


def _same_second(shown: Any, stored: str | None) -> bool:
    if shown is None or stored is None:
        return shown is stored
    return str(shown)[:SECONDS] == stored.replace(" ", "T")[:SECONDS]


#: How a value of a type is compared with its column. Types left out are held by their digest alone.
SPELT = {"string": _same_text, "integer": _same_text, "boolean": _same_truth, "date_time": _same_second}
