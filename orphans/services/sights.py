"""What stands in the way of each tree: links from outside, and work in flight about any record of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from magma.disconnected import Templates
from magma.trees import Name, Tree
from orphans.services.standing import Sight, sight
from polyphemus_site import references
from polyphemus_site.references import Mention
from polyphemus_site.sentences import Sentence

Trees = Mapping[int, Tree]


def sights(project: str, trees: Trees, templates: Templates) -> dict[int, Sight]:
    """A sight of each tree, by its key."""
    said = mentions(project, trees)
    return {
        key: sight(tree, templates, further=[one.sentence for one in said[key] if one.blocks])
        for key, tree in trees.items()
    }


def mentions(project: str, trees: Trees) -> dict[int, list[Mention]]:
    """What else in Polyphemus speaks of any record of each tree."""
    found: dict[Name, list[Mention]] = {}
    for model, records in _by_model(trees).items():
        for record, said in references.mentions(project, model, sorted(records)).items():
            found[Name(model, record)] = said
    return {
        key: [_of(name, said, tree) for name in tree.names for said in found.get(name, ())]
        for key, tree in trees.items()
    }


def _of(name: Name, said: Mention, tree: Tree) -> Mention:
    """What is said of a record further down names it."""
    return (
        said
        if name == tree.top.name
        else replace(said, sentence=Sentence("%(name)s: %(said)s", name=str(name), said=said.sentence))
    )


def _by_model(trees: Trees) -> dict[str, set[str]]:
    records: dict[str, set[str]] = {}
    for tree in trees.values():
        for name in tree.names:
            records.setdefault(name.model, set()).add(name.record)
    return records
