"""What a source of anchors is, if it isn't Magma."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from magma.client import Magma
from magma.pages import Document
from magma.templates import Attribute, Template


@dataclass(frozen=True)
class Place:
    """Which project is read, and the warehouse beside it."""

    magma: Magma
    project: str


class Source(ABC):
    """Rows that loaders judge as they judge Magma's records.

    Subclass implementation: a frozen dataclass with `serves`, `template`, `names`, `documents`, and `owners`
    where rows link to Magma's records. Names are in text order; every document holds every attribute.
    """

    @abstractmethod
    def serves(self, place: Place) -> bool:
        """Whether there are any such rows in this project at all."""

    @abstractmethod
    def template(self, model: str) -> Template:
        """Its rows as a model."""

    @abstractmethod
    def names(self, place: Place, since: datetime | None = None) -> list[str]:
        """Every row's name, or of those that changed at an instant or later."""

    @abstractmethod
    def documents(self, place: Place, names: Collection[str]) -> Mapping[str, Document]:
        """The named rows; those that aren't there are left out."""

    def owners(self, place: Place, names: Collection[str]) -> Mapping[str, list[str]]:  # noqa: ARG002 — for those with links
        """Record of Magma -> the rows that link to it."""
        return {}


def template_of(model: str, identifier: str, types: Mapping[str, str], link: Link | None = None) -> Template:
    """A template with these attributes."""
    attributes = {name: Attribute(name=name, type=kind) for name, kind in types.items()}
    attributes |= {identifier: Attribute(name=identifier, type="identifier")}
    if link is not None:
        attributes[link.attribute] = Attribute(
            name=link.attribute, type="link", link_model=link.leads_to, link_attribute=back_of(model)
        )
    return Template(name=model, identifier=identifier, attributes=attributes)


@dataclass(frozen=True)
class Link:
    """The one way from a row to a record of Magma."""

    attribute: str
    leads_to: str


def back_of(model: str) -> str:
    """The way back, under a name that no attribute of Magma's has."""
    return f"::{model}"
