"""Naming rules: GET /gnomon/PROJECT and /gnomon/PROJECT/decompose/NAME, as a real Magma answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magma.demo.answers import RefusalError, Reply, as_json, as_text
from magma.demo.store import Project
from magma.demo.values import shown_date
from magma.gnomon import Grammar

DECOMPOSE = "decompose/"


@dataclass
class Naming:
    """What is kept of each project: its newest grammar, whole."""

    grammars: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Naming:
        """From the seed's files."""
        paths = sorted(folder.glob("grammar_*.json"))
        return cls(
            {
                path.stem.removeprefix("grammar_"): json.loads(path.read_text(encoding="utf-8"))
                for path in paths
            }
        )

    def answer(self, name: str, below: str, project: Project | None) -> Reply:
        """The grammar itself, or a name taken apart by it."""
        kept = self.grammars.get(name)
        if kept is None:
            raise RefusalError(as_json({"error": f"No grammar found for project {name}."}, 422))
        if not below:
            return as_json(kept)
        if below.startswith(DECOMPOSE):
            return taken_apart(Grammar.parse(kept["config"]), below.removeprefix(DECOMPOSE), name, project)
        return as_text(f"There is no such path '/gnomon/{name}/{below}'", 404)


def taken_apart(grammar: Grammar, identifier: str, name: str, project: Project | None) -> Reply:
    """Tokens, and the names in it; reserved names aren't kept here, so none has a time of its own."""
    rule = grammar.rule_of(identifier)
    if rule is None:
        raise RefusalError(as_json({"error": f"Could not decompose identifier {identifier} for {name}"}, 422))
    names = {
        other: {
            "name": composed,
            "name_created_at": None,
            "record_created_at": created_at(project, other, composed),
        }
        for other, composed in grammar.names_in(identifier).items()
    }
    return as_json(
        {"tokens": [list(pair) for pair in grammar.tokens_in(identifier)], "rule_name": rule, "rules": names}
    )


def created_at(project: Project | None, model: str, record: str) -> str | None:
    """When the record of that name was made; None where there is none."""
    known = project.models.get(model) if project else None
    row = known.find(record) if known else None
    return shown_date(row.values["created_at"]) if row else None
