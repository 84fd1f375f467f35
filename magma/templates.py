"""Models as Magma describes them: frozen, typed, tolerant of keys a newer Magma may add."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

LINKS = frozenset({"link", "parent", "child", "collection", "table"})
FILES = frozenset({"file", "image", "file_collection"})
#: What stands in the other record. `::has` joins it to Magma's whole question, wherever in it that is asked:
#: a record without any is gone, though another side of an `::or` would keep it.
ELSEWHERE = frozenset({"child", "collection", "table"})


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute of a model; `link_model` names the other model of whatever links to one."""

    name: str
    type: str = msgspec.field(name="attribute_type")
    display_name: str | None = None
    description: str | None = None
    group: str | None = msgspec.field(name="attribute_group", default=None)
    link_model: str | None = msgspec.field(name="link_model_name", default=None)
    link_attribute: str | None = msgspec.field(name="link_attribute_name", default=None)
    link_attribute_type: str | None = None
    restricted: bool = False
    read_only: bool = False
    hidden: bool = False
    format_hint: str | None = None
    match: str | None = None
    options: Any = None
    validation: Any = None

    @property
    def is_link(self) -> bool:
        """It holds names of other records."""
        return self.type in LINKS

    @property
    def is_file(self) -> bool:
        """It holds a file or several."""
        return self.type in FILES


class Template(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One model; `identifier` is the attribute that names a record ("id" for numbered table rows)."""

    name: str
    identifier: str
    attributes: dict[str, Attribute]
    parent: str | None = None
    dictionary: Any = None
    template_project_name: str | None = None
    template_model_name: str | None = None

    @property
    def is_table(self) -> bool:
        """Its rows are numbered, not named."""
        return self.identifier == "id"

    @cached_property
    def parent_attribute(self) -> str | None:
        """The attribute that holds the parent's name; the root model has none."""
        named = (attribute.name for attribute in self.attributes.values() if attribute.type == "parent")
        return next(named, self.parent)

    @cached_property
    def restricted_attributes(self) -> frozenset[str]:
        """Attributes only privileged roles see."""
        return frozenset(attribute.name for attribute in self.attributes.values() if attribute.restricted)

    @cached_property
    def holds_restricted_records(self) -> bool:
        """Its records can be restricted one by one, with all below them."""
        mark = self.attributes.get("restricted")
        return mark is not None and mark.type == "boolean"
