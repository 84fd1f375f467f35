"""A tree as people see it: every record with its values, its links both ways, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from magma.client import Magma
from magma.disconnected import FAR_SIDE, Templates, linked_from, listed, read_trees
from magma.trees import Name, Node, Tree, digest
from orphans.models import Orphan, ReviewItem
from polyphemus_site.sentences import say as _

HIDDEN = frozenset({"id"})


@dataclass(frozen=True)
class Shown:
    """One record of the tree, for these eyes."""

    name: Name
    depth: int
    values: tuple[tuple[str, Any], ...]
    files: tuple[tuple[str, Any], ...]
    #: (attribute, record) it links to, and (record) that link to it without hanging below.
    links: tuple[tuple[str, Name], ...]
    linked_from: tuple[Name, ...]


@dataclass(frozen=True)
class Sight:
    """What Magma holds of an orphan at this moment; `trouble` says why there is nothing to show."""

    records: tuple[Shown, ...] = ()
    #: Records of the tree that are for upper-case roles only.
    hidden: int = 0
    trouble: str = ""
    changes: tuple[str, ...] = ()


def look(magma: Magma, orphan: Orphan, *, privileged: bool, before: ReviewItem | None = None) -> Sight:
    """Read the tree afresh; with `before`, say what is no longer as that review saw it."""
    templates = magma.templates(orphan.project)
    if orphan.model not in templates:
        return Sight(trouble=_("Magma has no model %(model)s any more.") % {"model": orphan.model})
    forest = read_trees(magma, orphan.project, templates, orphan.model, [orphan.record])
    tree = forest.trees.get(orphan.record)
    if tree is None:
        return Sight(trouble=forest.unreadable[orphan.record])
    seen = _for_eyes(tree, templates, privileged=privileged)
    depths = _depths(tree)
    return Sight(
        records=tuple(_shown(node, depths[node.name], templates, privileged=privileged) for node in seen),
        hidden=len(tree) - len(seen),
        changes=tuple(changes(tree, before.seen)) if before and before.seen else (),
    )


def changes(tree: Tree, seen: Sequence[Sequence[Any]]) -> Iterator[str]:
    """What differs from what a review saw, in sentences."""
    before = {Name(model, record): (mark, above) for model, record, mark, above in seen}
    for node in tree:
        mark, above = before.pop(node.name, (None, None))
        if mark is None:
            yield _("%(name)s is new.") % {"name": str(node.name)}
        elif mark != digest(dict(node.document)) or above != (list(node.above) if node.above else None):
            yield _("%(name)s has changed.") % {"name": str(node.name)}
    for name in before:
        yield _("%(name)s is no longer there.") % {"name": str(name)}


def _for_eyes(tree: Tree, templates: Templates, *, privileged: bool) -> list[Node]:
    """Without restricted records and all below them, unless they are for these eyes."""
    closed: set[Name] = set()
    for node in tree:
        is_closed = templates[node.name.model].holds_restricted_records and node.document.get("restricted")
        if not privileged and (is_closed or node.above in closed):
            closed.add(node.name)
    return [node for node in tree if node.name not in closed]


def _shown(node: Node, depth: int, templates: Templates, *, privileged: bool) -> Shown:
    template = templates[node.name.model]
    closed = frozenset() if privileged else template.restricted_attributes
    values: list[tuple[str, Any]] = []
    files: list[tuple[str, Any]] = []
    links: list[tuple[str, Name]] = []
    for attribute in template.attributes.values():
        value = node.document.get(attribute.name)
        if attribute.name in closed | HIDDEN or attribute.type in FAR_SIDE:
            continue
        if attribute.is_file:
            files += [(attribute.name, one) for one in _each(value)]
        elif attribute.type == "link" and value is not None:
            links.append((attribute.name, Name(attribute.link_model or "", str(value))))
        else:
            values.append((attribute.name, value))
    inbound = [
        Name(far, record)
        for attribute, far in linked_from(templates, node.name.model)
        for record in listed(node.document.get(attribute))
    ]
    return Shown(node.name, depth, tuple(values), tuple(files), tuple(links), tuple(inbound))


def _each(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _depths(tree: Tree) -> dict[Name, int]:
    """How far each record is below the top; a tree names parents before their children."""
    depths: dict[Name, int] = {}
    for node in tree:
        depths[node.name] = 0 if node.above is None else depths[node.above] + 1
    return depths
