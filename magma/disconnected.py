"""Reading what Magma hides: disconnected records, and whole trees of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from magma.client import Magma
from magma.questions import changed_after, is_one_of, lacks
from magma.templates import Template
from magma.trees import Name, Node, Tree
from polyphemus_site.sentences import say as _

#: Attributes that list what hangs below, or what links here.
FAR_SIDE = frozenset({"collection", "table", "child"})

Templates = Mapping[str, Template]


@dataclass(frozen=True)
class Found:
    """A record without its parent; instants in Magma's whole seconds, None where it has none."""

    record: str
    updated_at: datetime | None = None
    created_at: datetime | None = None
    restricted: bool = False


def find(magma: Magma, project: str, template: Template, *, since: datetime | None = None) -> list[Found]:
    """The model's orphans in one request; with `since` those written at or after that second."""
    if template.parent_attribute is None:
        return []
    columns = ["updated_at", "created_at", *(["restricted"] if template.holds_restricted_records else [])]
    recent = [changed_after(since)] if since else []
    query = [template.name, lacks(template.parent_attribute), *recent, "::all", columns]
    answer = magma.query(project, query, show_disconnected=True)
    return [_found(record, dict(zip(columns, values, strict=True))) for record, values in answer.answer]


def _found(record: object, values: Mapping[str, Any]) -> Found:
    return Found(
        record=str(record),
        updated_at=_instant(values["updated_at"]),
        created_at=_instant(values["created_at"]),
        restricted=bool(values.get("restricted")),
    )


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def parents_now(
    magma: Magma, project: str, template: Template, records: Sequence[str]
) -> dict[str, str | None]:
    """The parent of each record that can be seen at all, connected or not; the others are left out."""
    parent = template.parent_attribute or ""
    names = _names(template, records)
    seen: dict[str, str | None] = {}
    for show_disconnected in (False, True):
        documents = magma.records(
            project, template.name, names, [parent], show_disconnected=show_disconnected
        )
        for record, document in documents.items():
            value = document.get(parent)
            seen[str(record)] = None if value is None else str(value)
    return seen


def _names(template: Template, records: Iterable[str]) -> list[str | int]:
    return [int(record) if template.is_table else record for record in records]


def children_of(templates: Templates, model: str) -> list[tuple[str, str]]:
    """(attribute, model) for each kind of record that hangs below; a collection of mere links is none."""
    return [
        (attribute.name, attribute.link_model)
        for attribute in templates[model].attributes.values()
        if attribute.type in FAR_SIDE
        and attribute.link_model
        and _is_parent_side(templates, model, attribute.name)
    ]


def linked_from(templates: Templates, model: str) -> list[tuple[str, str]]:
    """(attribute, model) for each attribute that lists records which link here without hanging below."""
    return [
        (attribute.name, attribute.link_model)
        for attribute in templates[model].attributes.values()
        if attribute.type in FAR_SIDE
        and attribute.link_model
        and not _is_parent_side(templates, model, attribute.name)
    ]


def _is_parent_side(templates: Templates, model: str, attribute: str) -> bool:
    far = templates[model].attributes[attribute]
    child = templates.get(far.link_model or "")
    if child is None or child.parent_attribute is None:
        return False
    back = child.attributes[child.parent_attribute]
    return back.link_model == model and far.link_attribute in (None, back.name)


@dataclass
class Forest:
    """The trees that could be read whole, and why the others could not; both by the top's name."""

    trees: dict[str, Tree] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def read_trees(
    magma: Magma, project: str, templates: Templates, model: str, records: Sequence[str]
) -> Forest:
    """Each record with all below it, level by level: one request a model, level and thousand records."""
    forest = Forest()
    nodes: dict[str, list[Node]] = {record: [] for record in records}
    level = [(record, Name(model, record), None) for record in records]
    waiting: list[tuple[str, Name, Name | None]] = list(level)
    while waiting:
        documents = _documents(magma, project, templates, [name for _, name, _ in waiting])
        below: list[tuple[str, Name, Name | None]] = []
        for top, name, above in waiting:
            document = documents.get(name)
            if document is None:
                forest.unreadable.setdefault(top, _why_unreadable(name, above))
                continue
            nodes[top].append(Node(name, document, above))
            below.extend((top, child, name) for child in _below(templates, name.model, document))
        waiting = below
    forest.trees = {top: Tree(tuple(found)) for top, found in nodes.items() if top not in forest.unreadable}
    return forest


def _why_unreadable(name: Name, above: Name | None) -> str:
    if above is None:
        return _("%(name)s is no longer among Magma's disconnected records.") % {"name": str(name)}
    said = _("%(name)s hangs below %(above)s but can't be read: restricted, or gone this very moment.")
    return said % {"name": str(name), "above": str(above)}


def _documents(
    magma: Magma, project: str, templates: Templates, names: Sequence[Name]
) -> dict[Name, Mapping[str, Any]]:
    by_model: dict[str, list[str]] = {}
    for name in names:
        by_model.setdefault(name.model, []).append(name.record)
    return {
        Name(model, str(record)): without_urls(document)
        for model, records in by_model.items()
        for record, document in magma.records(
            project, model, _names(templates[model], records), "all", show_disconnected=True
        ).items()
    }


def _below(templates: Templates, model: str, document: Mapping[str, Any]) -> Iterator[Name]:
    for attribute, child in children_of(templates, model):
        for record in listed(document.get(attribute)):
            yield Name(child, record)


def listed(value: Any) -> list[str]:
    """The names a child, collection or table attribute holds."""
    if value is None:
        return []
    return [str(name) for name in (value if isinstance(value, list) else [value])]


def without_urls(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document less the addresses of its files: they are signed anew at every reading."""
    return {attribute: _plain(value) for attribute, value in document.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and "path" in value:
        return {key: part for key, part in value.items() if key != "url"}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def links_into(templates: Templates, tree: Tree) -> list[tuple[Name, Name]]:
    """(referring record, record of the tree) for each link from outside the tree."""
    inside = set(tree.names)
    return [
        (Name(far, record), node.name)
        for node in tree
        for attribute, far in linked_from(templates, node.name.model)
        for record in listed(node.document.get(attribute))
        if Name(far, record) not in inside
    ]


def what_is_hidden(templates: Templates, tree: Tree) -> list[str]:
    """Attributes the templates name and the documents lack: what the token can't see, no copy can hold."""
    return sorted(
        {
            f"{node.name.model}.{attribute}"
            for node in tree
            for attribute in templates[node.name.model].attributes
            if attribute not in node.document
        }
    )


def restricted_names(
    magma: Magma, project: str, templates: Templates, model: str, *, among: Iterable[str] | None = None
) -> frozenset[str]:
    """Records of the model that lower-case roles don't see: restricted themselves, or below one that is.

    One request for each model up the line whose records can be restricted; `among` keeps the answers short.
    """
    named = [] if among is None else [is_one_of(sorted(among))]
    names: set[str] = set()
    path: list[str] = []
    current: str | None = model
    while current is not None and (template := templates.get(current)) is not None:
        if template.holds_restricted_records:
            query = [model, *named, [*path, "restricted", "::true"], "::all", "::identifier"]
            names |= {str(name) for name, _ in magma.query(project, query).answer}
        if template.parent_attribute is None:
            break
        path.append(template.parent_attribute)
        current = template.attributes[template.parent_attribute].link_model
    return frozenset(names)
