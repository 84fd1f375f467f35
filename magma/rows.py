"""Records decoded with only what was asked for, in less time and space than whole ones; or not yet at all.

Of a file its `path` and `original_filename` are kept: the address that Magma signs anew for every answer is
not. Where a value does not fit its attribute's type, the page is decoded once more with nothing expected of
any value, and such files keep all they came with.

Whoever first asks whether anything is otherwise than before needs no values: `RowShape.spelled` has the
records stay as Magma spelled them, without the addresses, until `RowShape.read` is asked for their values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NotRequired, TypeAlias, TypedDict, cast

import msgspec

from magma.errors import MagmaGarbled
from magma.pages import Document, Documents, ModelAnswer, Retrieved
from magma.templates import Template
from polyphemus_site.sentences import say as _

#: A record as Magma spelled it.
Spelled: TypeAlias = msgspec.Raw


class File(TypedDict):
    """A file, without the address it can be fetched from for the next minutes."""

    path: Any
    original_filename: NotRequired[Any]


TYPES: dict[str, Any] = {
    "file": File | None,
    "image": File | None,
    "file_collection": list[File] | None,
}
#: The address with which Magma begins a file. No text holds this: within one, a quote has a backslash before.
#: An address with a quote of its own stays (which is rare, and has its record judged once more).
ADDRESS = re.compile(rb'\{"url"\s*:\s*"[^"]*"(?<!\\")')
NO_ADDRESS = b'{"url":""'


class RowShape:
    """Decodes answers about one model, for one set of attributes. Rows of its tables are left out."""

    def __init__(self, model: str, types: Mapping[str, str]) -> None:
        """For one model, by the types of the attributes asked for, the identifier's among them."""
        self.model, self.types = model, types
        self._row = _row({name: TYPES.get(one, Any) for name, one in types.items()})
        self._open_row = _row(dict.fromkeys(types, Any))
        self._expecting, self._open = _decoder(model, self._row), _decoder(model, self._open_row)

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
        return self._retrieved(answer.models.asked)

    def _retrieved(self, asked: Any) -> Retrieved:
        part = ModelAnswer(documents=asked.documents, count=asked.count)
        return Retrieved(models={self.model: part})  # the struct does not look into what it is made of

    @cached_property
    def spelled(self) -> SpelledRows:
        """The same for records that stay spelled."""
        return SpelledRows(self.model, self.types)

    def read(self, spelled: Mapping[str, Spelled]) -> dict[str, Document]:
        """The values of spelled records; MagmaGarbled where one is no document."""
        together = b"[" + b",".join(spelled.values()) + b"]"
        try:
            rows = self._read(together)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MagmaGarbled(
                _("Magma gave %(model)s records that can't be understood: %(error)s.")
                % {"model": self.model, "error": error}
            ) from error
        return dict(zip(spelled, rows, strict=True))

    def _read(self, together: bytes) -> list[Document]:
        try:
            return self._several.decode(together)
        except msgspec.ValidationError:
            return self._open_several.decode(together)

    @cached_property
    def _several(self) -> msgspec.json.Decoder[list[Document]]:
        return msgspec.json.Decoder(list[self._row])  # type: ignore[name-defined]  # known from here on

    @cached_property
    def _open_several(self) -> msgspec.json.Decoder[list[Document]]:
        return msgspec.json.Decoder(list[self._open_row])  # type: ignore[name-defined]  # the same

    def given(self, documents: Mapping[str, Document]) -> Documents:
        """Records that come from elsewhere than Magma, as this would have them."""
        return dict(documents)


class SpelledRows(RowShape):
    """Leaves records as they were spelled, but for the addresses of files."""

    def decode(self, body: bytes) -> Retrieved:
        """The answer, its documents spelled."""
        if self._has_addresses:
            body = ADDRESS.sub(NO_ADDRESS, body)
        return self._retrieved(self._spelling.decode(body).models.asked)

    @cached_property
    def _has_addresses(self) -> bool:
        """Whether there are any, and nothing that looks like one: a lab may call an attribute `url`."""
        return "url" not in self.types and not TYPES.keys().isdisjoint(self.types.values())

    @cached_property
    def _spelling(self) -> msgspec.json.Decoder[Any]:
        return _decoder(self.model, Spelled)

    def given(self, documents: Mapping[str, Document]) -> Documents:
        """The same, spelled."""
        return {name: _spell(document) for name, document in documents.items()}


def as_spelled(documents: Documents) -> dict[str, Spelled]:
    """The documents of an answer to a question that was asked with `spelled` rows."""
    return cast("dict[str, Spelled]", documents)


def _spell(document: Document) -> Any:
    return msgspec.Raw(msgspec.json.encode(document))


def _row(types: Mapping[str, Any]) -> Any:
    """A document with a place for each attribute."""
    return TypedDict("row", dict(types), total=False)  # type: ignore[operator]  # known from here on


def _decoder(model: str, row: Any) -> msgspec.json.Decoder[Any]:
    """A decoder of one model's answer, whose documents are rows."""
    documents: Any = dict[str, row]
    part = msgspec.defstruct("Part", [("documents", documents), ("count", cast("Any", int | None), None)])
    models = msgspec.defstruct("Models", [("asked", part)], rename={"asked": model})
    return msgspec.json.Decoder(msgspec.defstruct("Answer", [("models", models)]))
