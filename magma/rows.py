"""Records decoded with only what was asked for, in less time and space than whole ones.

Of a file its `path` and `original_filename` are kept: the address that Magma signs anew for every answer is
not. Where a value does not fit its attribute's type, the page is decoded once more with nothing expected of
any value, and such files keep all they came with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

import msgspec

from magma.pages import ModelAnswer, Retrieved
from magma.templates import Template


class File(TypedDict):
    """A file, without the address it can be fetched from for the next minutes."""

    path: Any
    original_filename: NotRequired[Any]


TYPES: dict[str, Any] = {
    "file": File | None,
    "image": File | None,
    "file_collection": list[File] | None,
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
        """The answer, its documents with these attributes alone; msgspec's own errors where it is none."""
        try:
            answer = self._expecting.decode(body)
        except msgspec.ValidationError:
            answer = self._open.decode(body)
        asked = answer.models.asked
        part = ModelAnswer(documents=asked.documents, count=asked.count)
        return Retrieved(models={self.model: part})  # the struct does not look into what it is made of


def _decoder(model: str, types: Mapping[str, Any]) -> msgspec.json.Decoder[Any]:
    """A decoder of one model's answer, whose documents have a place for each attribute."""
    row = TypedDict("row", dict(types), total=False)  # type: ignore[misc]  # noqa: UP013 — known from here on
    documents: Any = dict[str, row]
    part = msgspec.defstruct("Part", [("documents", documents), ("count", cast("Any", int | None), None)])
    models = msgspec.defstruct("Models", [("asked", part)], rename={"asked": model})
    return msgspec.json.Decoder(msgspec.defstruct("Answer", [("models", models)]))
