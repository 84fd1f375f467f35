"""The documents in a journal entry's payload, without the templates that make up most of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

Documents = dict[str, dict[str, Any]]
#: Stands in every signed address.
SIGNED = "X-Etna-Signature"
#: The only way JSON can say NUL.
NUL_ESCAPE = "\\u0000"


class _Model(msgspec.Struct):
    documents: dict[str, Any] | None = None


class _Payload(msgspec.Struct):
    models: dict[str, _Model] = {}


_decoder = msgspec.json.Decoder(_Payload)


def documents_of(payload: object) -> Documents | None:
    """{model: {record: document}} of a payload, `None` when it names no records or can't be read.

    A real Magma sends the payload as a string of JSON; an object is taken too. Anything unreadable is no
    error: the entry still says that something changed in its project.
    """
    text = payload if isinstance(payload, str) else json.dumps(payload)
    try:
        models = _decoder.decode(text).models
        found = {name: model.documents for name, model in models.items() if model.documents}
        found = _without_urls(found) if SIGNED in text else found
        return (_without_nul(found) if NUL_ESCAPE in text else found) or None
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _without_urls(value: Any) -> Any:
    """Files less their signed addresses: whoever holds one may fetch the file, and the journal is kept."""
    if isinstance(value, list):
        return [_without_urls(each) for each in value]
    if isinstance(value, dict):
        is_file = {"url", "path"} <= value.keys()
        return {key: _without_urls(each) for key, each in value.items() if not (is_file and key == "url")}
    return value


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps no NUL characters: each becomes the replacement character."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return value
