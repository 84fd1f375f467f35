"""How to load removed records again: the bodies a person posts to Magma's /update, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from magma.disconnected import FAR_SIDE
from magma.trees import Name, Node, Tree

#: Records in one body.
MOST_RECORDS = 500
#: Magma writes these itself.
STAMPS = frozenset({"created_at", "updated_at", "id"})
FILES = frozenset({"file", "image", "file_collection"})

Attributes = Mapping[str, Mapping[str, Any]]
Revisions = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Undo:
    """The bodies in the order they must be posted, and what no body can restore."""

    bodies: Sequence[Mapping[str, Any]]
    notes: Sequence[str]


def undo(
    project: str, templates: Mapping[str, Any], trees: Sequence[Tree], files: Sequence[Mapping[str, Any]]
) -> Undo:
    """Parents before children; links last, when both of their ends are there.

    The orphans come back as orphans: without a parent, to be adopted or reviewed again.
    """
    writer = _Writer(project, templates, files)
    bodies = [*_bodies(project, writer.records(trees)), *_bodies(project, writer.links(trees))]
    return Undo(bodies, writer.notes(trees))


def _bodies(project: str, batches: Iterator[Revisions]) -> list[Mapping[str, Any]]:
    return [{"project_name": project, "revisions": revisions} for revisions in batches if revisions]


class _Writer:
    """Turns documents back into revisions."""

    def __init__(
        self, project: str, templates: Mapping[str, Any], files: Sequence[Mapping[str, Any]]
    ) -> None:
        self.project = project
        self.templates = templates
        self.stored = {
            (file["model"], file["record"], file["attribute"]): file.get("stored") for file in files
        }
        self.warned: list[str] = []

    def is_table(self, model: str) -> bool:
        return bool(self.templates[model]["identifier"] == "id")

    def attributes(self, model: str) -> Attributes:
        attributes: Attributes = self.templates[model]["attributes"]
        return attributes

    def called(self, name: Name) -> str:
        """What the record is called in a revision: a row gets a temporary name, its number being lost."""
        return f"::{name.model}-{name.record}" if self.is_table(name.model) else name.record

    def records(self, trees: Sequence[Tree]) -> Iterator[Revisions]:
        """Bodies of whole trees, so that a row and the row above it always travel together."""
        revisions: Revisions = {}
        count = 0
        for tree in trees:
            if count and count + len(tree) > MOST_RECORDS:
                yield revisions
                revisions, count = {}, 0
            for node in tree:
                revisions.setdefault(node.name.model, {})[self.called(node.name)] = self.revision(node)
            count += len(tree)
        yield revisions

    def revision(self, node: Node) -> dict[str, Any]:
        """The record's own values, and the record above it."""
        revision: dict[str, Any] = {}
        for name, attribute in self.attributes(node.name.model).items():
            kind = attribute["attribute_type"]
            if name in STAMPS or kind in FAR_SIDE or name not in node.document:
                continue
            if kind == "link" and not self.is_table(node.name.model):
                continue  # a row has no name by which a later body could link it
            if kind == "parent":
                revision[name] = None if node.above is None else self.called(node.above)
            elif kind != "identifier" and node.document[name] is not None:
                self._value(node, name, kind, revision)
        return revision

    def _value(self, node: Node, name: str, kind: str, revision: dict[str, Any]) -> None:
        value = node.document[name]
        if kind == "shifted_date_time":
            self.warned.append(
                f"{node.name}: {name} was {value}; Magma shifts such dates as it takes them: set it by hand."
            )
        elif kind in FILES:
            revision[name] = self._file(node, name, value)
        else:
            revision[name] = value

    def _file(self, node: Node, attribute: str, value: Any) -> Any:
        stored = self.stored.get((node.name.model, node.name.record, attribute))
        if isinstance(value, list):
            known = stored if isinstance(stored, list) and len(stored) == len(value) else [None] * len(value)
            return [
                self._one_file(node, attribute, one, kept) for one, kept in zip(value, known, strict=True)
            ]
        return self._one_file(node, attribute, value, stored)

    def _one_file(self, node: Node, attribute: str, shown: Mapping[str, Any], stored: Any) -> dict[str, Any]:
        path = shown.get("path")
        if path == "::blank":
            return {"path": "::blank"}
        location = stored.get("location") if isinstance(stored, Mapping) else None
        if not str(location or "").startswith("metis://"):
            self.warned.append(
                f"{node.name}: {attribute} came from a place Magma no longer tells; its copy was {path}."
            )
            location = f"metis://{self.project}/magma/{path}"
        return {"path": location, "original_filename": shown.get("original_filename")}

    def links(self, trees: Sequence[Tree]) -> Iterator[Revisions]:
        """The links, once every record is there; a link to a record that is gone would make an empty one."""
        revisions: Revisions = {}
        named = [node for tree in trees for node in tree if not self.is_table(node.name.model)]
        for node in named:
            for name, attribute in self.attributes(node.name.model).items():
                value = node.document.get(name)
                if attribute["attribute_type"] == "link" and value is not None:
                    linked = revisions.setdefault(node.name.model, {})
                    linked.setdefault(node.name.record, {})[name] = value
        yield revisions

    def notes(self, trees: Sequence[Tree]) -> list[str]:
        """What to know before posting."""
        inside = {name for tree in trees for name in tree.names}
        outside = sorted(
            {
                f"{attribute['link_model_name']} {node.document[name]}"
                for tree in trees
                for node in tree
                for name, attribute in self.attributes(node.name.model).items()
                if attribute["attribute_type"] == "link"
                and node.document.get(name) is not None
                and Name(attribute["link_model_name"], str(node.document[name])) not in inside
            }
        )
        needed = [f"These must exist before the links are posted: {', '.join(outside)}."] if outside else []
        stamps = "created_at, updated_at and the numbers of table rows are given anew by Magma."
        return [*needed, *self.warned, stamps]
