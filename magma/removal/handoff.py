"""Removal by another's hand: without access to Magma's database, its administrator gets a guarded script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from magma.removal.adapters import Doomed, MayCommit, Outcome, Verdict
from magma.removal.errors import RemovalError
from magma.removal.witness import SECONDS, Examination, Witness
from magma.trees import Node, Tree
from polyphemus_site.sentences import say as _

SCRIPT = Path(__file__).parent / "handoff.sql"


class Handoff:
    """The adapter `handoff`: removes nothing itself; Magma is watched until the records are gone."""

    key = "handoff"
    immediate = False

    def examine(self, project: str, trees: Sequence[Tree]) -> Examination:
        """There is no database to look into: the script holds the rows to the documents."""
        del project, trees
        return Examination(Witness(), {}, {})

    def remove(
        self, project: str, doomed: Sequence[Doomed], *, witness: Witness, may_commit: MayCommit
    ) -> Outcome:
        """Never: that is what handing over means."""
        del project, doomed, witness, may_commit
        raise RemovalError(_("This way of removing hands the work over; it removes nothing itself."))

    def verdict(self, xid: str) -> Verdict:
        """No transaction was ever begun."""
        del xid
        return Verdict.ROLLED_BACK

    def remaining(self, project: str, doomed: Sequence[Doomed], *, witness: Witness) -> int:
        """No row was ever struck: all of them."""
        del project, witness
        return sum(len(tree.names) for tree in doomed)


def script(
    project: str, trees: Sequence[Tree], templates: Mapping[str, Any], *, sha256: str, title: str
) -> str:
    """One transaction for psql that removes exactly these trees, or raises and removes nothing.

    Every name and value travels in one JSON text, so none of them is ever read as SQL.
    """
    expected = {"project": project, "trees": [_expected(tree, templates) for tree in trees]}
    text = json.dumps(expected, ensure_ascii=True)
    return Template(SCRIPT.read_text(encoding="utf-8")).substitute(
        expected=_dollar_quoted(text), sha256=sha256, title=_one_line(title), records=sum(map(len, trees))
    )


def _expected(tree: Tree, templates: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "model": node.name.model,
            "record": node.name.record,
            "above": None if node.above is None else {"model": node.above.model, "record": node.above.record},
            "created_at": node.document.get("created_at"),
            "updated_at": node.document.get("updated_at"),
            "values": _values(node, templates),
        }
        for node in tree
    ]


def _values(node: Node, templates: Mapping[str, Any]) -> dict[str, str | None]:
    """What the database must hold, spelt as it spells it; of the types whose spelling is certain."""
    attributes = templates[node.name.model]["attributes"]
    return {
        name: SPELLINGS[attribute["attribute_type"]](node.document[name])
        for name, attribute in attributes.items()
        if attribute["attribute_type"] in SPELLINGS and name in node.document
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _truth(value: Any) -> str | None:
    return {True: "true", False: "false", None: None}[value]


def _second(value: Any) -> str | None:
    return None if value is None else str(value)[:SECONDS]


#: By type of attribute.
SPELLINGS = {"string": _text, "integer": _text, "boolean": _truth, "date_time": _second}


def _dollar_quoted(text: str) -> str:
    tag = "expected"
    while f"${tag}$" in text:
        tag += "_"
    return f"${tag}${text}${tag}$"


def _one_line(text: str) -> str:
    """A comment must not end early: identifiers may hold newlines."""
    return " ".join(text.split())
