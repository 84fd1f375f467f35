"""How a project's models hang together: as much of Magma's templates as judging needs, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from loaders.errors import UnknownAttributeError

#: Magma's attribute types that hold files.
FILE_TYPES = frozenset({"file", "image", "file_collection"})
#: Magma's attribute types that lead to many records.
MANY_TYPES = frozenset({"collection", "table"})
#: The boolean attribute by which Magma hides a record, and everything below it, from lower-case roles.
RESTRICTED = "restricted"


class Special(StrEnum):
    """Names a path may end in besides attributes."""

    IDENTIFIER = "::identifier"


@dataclass(frozen=True)
class Trait:
    """One attribute: its Magma type, where it leads, and whether lower-case roles may see it."""

    type: str = "string"
    leads_to: str = ""
    back: str = ""
    restricted: bool = False
    options: tuple[str, ...] = ()
    #: What values must look like, as Ruby spells patterns.
    pattern: str = ""

    @property
    def is_file(self) -> bool:
        """Whether values are files."""
        return self.type in FILE_TYPES

    @property
    def is_many(self) -> bool:
        """Whether it leads to any number of records."""
        return self.type in MANY_TYPES


@dataclass(frozen=True)
class Shape:
    """One model."""

    name: str
    identifier: str
    parent: str = ""
    traits: Mapping[str, Trait] = field(default_factory=dict)

    def trait(self, attribute: str) -> Trait:
        """The attribute's trait; UnknownAttributeError when the template lacks it."""
        if attribute == Special.IDENTIFIER:
            return Trait(type="identifier")
        try:
            return self.traits[attribute]
        except KeyError:
            raise UnknownAttributeError(f"Model {self.name} has no attribute {attribute!r}.") from None


@dataclass(frozen=True)
class Step:
    """One link followed on the way along a path."""

    source: str
    attribute: str
    trait: Trait


@dataclass(frozen=True)
class Shapes:
    """All models of a project."""

    models: Mapping[str, Shape]

    def __getitem__(self, model: str) -> Shape:
        """The model's shape; UnknownAttributeError when the project lacks the model."""
        try:
            return self.models[model]
        except KeyError:
            raise UnknownAttributeError(f"The project has no model {model!r}.") from None

    def __contains__(self, model: object) -> bool:
        """Whether the project has the model."""
        return model in self.models

    def step(self, model: str, attribute: str) -> Step:
        """The link `attribute` of `model`; UnknownAttributeError when it leads nowhere."""
        trait = self[model].trait(attribute)
        if not trait.leads_to:
            raise UnknownAttributeError(f"Attribute {attribute!r} of model {model} leads to no record.")
        return Step(model, attribute, trait)

    def steps(self, model: str, links: tuple[str, ...]) -> Iterator[Step]:
        """Each link of a path, from `model` on."""
        for attribute in links:
            step = self.step(model, attribute)
            yield step
            model = step.trait.leads_to

    def end_of(self, model: str, links: tuple[str, ...]) -> str:
        """The model a path of links leads to."""
        for step in self.steps(model, links):
            model = step.trait.leads_to
        return model


def split(path: str) -> tuple[str, ...]:
    """`sample.exome.vcf` -> `("sample", "exome", "vcf")`."""
    return tuple(path.split("."))
