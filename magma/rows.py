"""Records decoded straight into rows that hold only what was asked for, in a third of the time.

A row reads as a mapping from attributes to values, a file as a mapping with `path` and `original_filename`:
the address that Magma signs anew for every answer is not kept. Where a value does not fit its attribute's
type, the page is decoded once more with nothing expected of any value, and such files are plain dicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from magma.pages import ModelAnswer, Retrieved
from magma.templates import Template


class Record(msgspec.Struct, gc=False):
    """What rows and files share: the reading half of a mapping."""

    places: ClassVar[dict[str, str]] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or the default when Magma did not show the attribute."""
        place = self.places.get(name)
        value = UNSET if place is None else getattr(self, place)
        return default if value is UNSET else value

    def __getitem__(self, name: str) -> Any:
        """The value; KeyError when Magma did not show the attribute."""
        value = self.get(name, UNSET)
        if value is UNSET:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        """Whether Magma showed the attribute."""
        return isinstance(name, str) and self.get(name, UNSET) is not UNSET

    def __iter__(self) -> Iterator[str]:
        """The attributes shown."""
        return (name for name in self.places if name in self)

    def __len__(self) -> int:
        """How many attributes were shown."""
        return sum(1 for _ in self)

    def keys(self) -> list[str]:
        """The attributes shown."""
        return list(self)

    def values(self) -> list[Any]:
        """Their values."""
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, Any]]:
        """Both."""
        return [(name, self[name]) for name in self]


class File(Record, gc=False):
    """A file, without the address it can be fetched from for the next minutes."""

    path: str | UnsetType | None = UNSET
    original_filename: str | UnsetType | None = UNSET

    places: ClassVar[dict[str, str]] = {"path": "path", "original_filename": "original_filename"}


Mapping.register(Record)

TYPES: dict[str, Any] = {
    "file": File | UnsetType | None,
    "image": File | UnsetType | None,
    "file_collection": list[File] | UnsetType | None,
}


class RowShape:
    """Decodes answers about one model, for one set of attributes. Rows of its tables are left out."""

    def __init__(self, model: str, types: Mapping[str, str]) -> None:
        """For one model, by the types of the attributes asked for, the identifier's among them."""
        self.model = model
        self._expecting = _decoder(model, {name: TYPES.get(one, Any) for name, one in types.items()})
        self._open = _decoder(model, dict.fromkeys(types, Any))

    @classmethod
    def of(cls, template: Template, attributes: Sequence[str]) -> RowShape:
        """For some attributes of a template."""
        wanted = {*attributes, template.identifier}
        return cls(template.name, {name: a.type for name, a in template.attributes.items() if name in wanted})

    def decode(self, body: bytes) -> Retrieved:
        """The answer with rows for documents; msgspec's own errors where it is no answer at all."""
        try:
            answer = self._expecting.decode(body)
        except msgspec.ValidationError:
            answer = self._open.decode(body)
        asked = answer.models.asked
        part = ModelAnswer(documents=asked.documents, count=asked.count)
        return Retrieved(models={self.model: part})  # the struct does not look into what it is made of


def plain(documents: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Records as dicts, as if they had been decoded without a shape."""
    whole: dict[str, dict[str, Any]] = msgspec.to_builtins(documents)
    return whole


def _decoder(model: str, types: Mapping[str, Any]) -> msgspec.json.Decoder[Any]:
    """A decoder of one model's answer, whose rows have a field for each attribute."""
    places = {name: f"value_{number}" for number, name in enumerate(types)}
    fields = [(places[name], one, UNSET) for name, one in types.items()]
    row = msgspec.defstruct(
        "Row",
        fields,
        bases=(Record,),
        namespace={"places": places},
        gc=False,
        rename={place: name for name, place in places.items()},
    )
    documents: Any = dict[str, row]  # type: ignore[valid-type]  # made a line ago
    part = msgspec.defstruct("Part", [("documents", documents), ("count", cast("Any", int | None), None)])
    models = msgspec.defstruct("Models", [("asked", part)], rename={"asked": model})
    return msgspec.json.Decoder(msgspec.defstruct("Answer", [("models", models)]))
