"""etna-v1: Etna's HMAC, hardened. Pure functions of values; see docs/explanations/signing.md.

What Etna leaves open is closed compatibly: whatever a real Etna client sends is accepted, and nothing that
Etna itself would refuse (but for a signed `false`, which Etna means to accept and can't).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from polyphemus_site.api.signing import ruby_json
from polyphemus_site.api.signing.calls import JSON_TYPE, Call
from polyphemus_site.api.signing.keys import ETNA_V1, Verified, fingerprint_of
from polyphemus_site.api.signing.refusals import SignatureRefusedError
from polyphemus_site.errors import InvalidInputError

FIELDS: Final = ("Signature", "Expiration", "Nonce", "Id", "Headers")
PREFIX: Final = "X-Etna-"
MAX_NAMES: Final = 32

_OWN = frozenset(PREFIX + name for name in FIELDS)
_HEADERS = {name: (PREFIX + name).lower() for name in FIELDS}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_FORMATS = {
    "Signature": re.compile(r"[0-9a-f]{64}"),
    "Nonce": re.compile(r"[A-Za-z0-9_-]{16,128}"),
    "Id": re.compile(r"[a-z][a-z0-9_]{0,39}"),
    "Expiration": _EXPIRATION,
}


@lru_cache(maxsize=1024)
def field_name(name: str) -> str:
    """`project_name` is the param `X-Etna-Project-Name`; Ruby's `split` forgets what is empty at the end."""
    return PREFIX + "-".join(word.capitalize() for word in name.rstrip("_").split("_"))


@lru_cache(maxsize=1024)
def header_name(name: str) -> str:
    """The header Etna looks a value up in: unlike the query's field it keeps hyphens at its end."""
    return (PREFIX + name).lower().replace("_", "-")


def is_signed(call: Call) -> bool:
    """Whether the call carries any field of this scheme."""
    if call.carries(_HEADERS["Signature"]):  # as good as always: the others need not be looked through
        return True
    in_headers = any(name.startswith("x-etna-") for name, _ in call.headers)
    return in_headers or "x-etna-" in call.raw_query.lower()


def key_id_of(call: Call) -> str:
    """The key id the call claims, for looking its keys up; refused when it can't be one."""
    return _field(call, "Id")


def text_to_sign(
    *, method: str, host: str, path: str, nonce: str, key_id: str, signed: Mapping[str, Any], expiration: str
) -> bytes:
    """The seven lines Etna signs, in UTF-8."""
    lines = (method, host, path, nonce, key_id, ruby_json.dumps(dict(signed)), expiration)
    return "\n".join(lines).encode("utf-8")


def sign(
    *,
    method: str,
    host: str,
    path: str,
    key_id: str,
    key: bytes,
    signed: Mapping[str, Any],
    nonce: str,
    expires: datetime,
) -> dict[str, str]:
    """The five X-Etna fields of a call, to be sent as headers or in the query.

    The values in `signed` are sent in the JSON body, as query params, or as their own fields (`field_name`).
    """
    expiration = expires.isoformat(timespec="seconds")
    text = text_to_sign(
        method=method, host=host, path=path, nonce=nonce, key_id=key_id, signed=signed, expiration=expiration
    )
    values = (hmac.digest(key, text, hashlib.sha256).hex(), expiration, nonce, key_id, ",".join(signed))
    return {PREFIX + name: value for name, value in zip(FIELDS, values, strict=True)}


def signed_target(path: str, fields: Mapping[str, str]) -> str:
    """The request target with the fields in its query, as Etna's client sends them."""
    return f"{path}?{urlencode(fields)}"


def verify(call: Call, keys: Sequence[bytes], *, host: str, now: datetime, max_life: timedelta) -> Verified:
    """Believe the call, or raise `SignatureRefusedError` with the reason.

    `keys` are the secrets of the id the call claims (all are tried, for as long as it takes); `host` is ours,
    from the configuration. Policy in order: shape, fields, names, values, coverage, signature, then time.
    """
    call.refuse_unless_plain(host)
    fields = {name: _field(call, name) for name in FIELDS}
    names = _names(fields["Headers"])
    body = _body(call)
    signed = {name: _value(call, body, name) for name in names}
    _refuse_uncovered(call, body, signed)
    texts = [_signed_text(call, path, host, fields, signed) for path in _paths(call)]
    key = _matching(texts, keys, fields["Signature"])
    if not key:
        raise SignatureRefusedError("signature")
    expires = _in_time(fields["Expiration"], now=now, max_life=max_life)
    return Verified(
        key_id=fields["Id"],
        scheme=ETNA_V1,
        nonce=fields["Nonce"],
        fingerprint=fingerprint_of(key),
        at=now,
        expires=expires,
        earliest=expires - max_life,
        signed=signed,
        apart=_apart(call, body, signed),
        document=body if call.content_type == JSON_TYPE else None,
    )


def _field(call: Call, name: str) -> str:
    """One of the five fields, from the query or a header, once; refused unless it has its form."""
    in_query, in_header = call.query.get(PREFIX + name), call.header(_HEADERS[name])
    if in_query is not None and in_header is not None:
        raise SignatureRefusedError("field given twice")
    found = in_header if in_query is None else in_query
    if found is None:
        raise SignatureRefusedError("missing field")
    form = _FORMATS.get(name)
    if form and not form.fullmatch(found):
        raise SignatureRefusedError(f"{name.lower()} format")
    return found


def _names(listed: str) -> list[str]:
    names = listed.split(",") if listed else []
    if not all(_NAME.fullmatch(name) for name in names):
        raise SignatureRefusedError("headers list format")
    if len(set(names)) < len(names) or len(names) > MAX_NAMES:
        raise SignatureRefusedError("headers list names")
    return names


def _value(call: Call, body: Mapping[str, Any], name: str) -> Any:
    """A signed value: wherever it is given it must be the same; given nowhere it is null, as in Etna."""
    full = field_name(name)
    found: list[Any] = [source[name] for source in (body, call.query) if name in source]
    if full not in _OWN:
        carried = (call.query.get(full), call.header(header_name(name)))
        found += [value for value in carried if value is not None]
    first = found[0] if found else None
    if len(found) > 1 and any(type(other) is not type(first) or other != first for other in found[1:]):
        raise SignatureRefusedError("value conflict")
    if name in call.route and first != call.route[name]:
        raise SignatureRefusedError("route conflict")
    return first


def _apart(call: Call, body: Mapping[str, Any], signed: Mapping[str, Any]) -> dict[str, str]:
    """What no reader of body and query would find; a value given nowhere is left out, as null."""
    return {
        name: value
        for name, value in signed.items()
        if value is not None and name not in body and name not in call.query
    }


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.body_fields
    except InvalidInputError as error:
        raise SignatureRefusedError("json") from error


def _refuse_uncovered(call: Call, body: Mapping[str, Any], signed: Mapping[str, Any]) -> None:
    """Whatever the application could read must be signed, or be what the path says anyway."""
    known = _OWN.union(map(field_name, signed)) if call.query else _OWN
    plain_params = {name: value for name, value in call.query.items() if name not in known}
    for source, reason in ((body, "unsigned body field"), (plain_params, "unsigned query param")):
        for name in source.keys() - signed.keys():
            if name not in call.route or source[name] != call.route[name]:
                raise SignatureRefusedError(reason)


def _paths(call: Call) -> tuple[str, ...]:
    """What may have been signed: Etna's client signs the route alone, whatever path its host has."""
    return (call.path,) if call.rest is None else (call.path, call.rest)


def _signed_text(
    call: Call, path: str, host: str, fields: Mapping[str, str], signed: Mapping[str, Any]
) -> bytes:
    try:
        return text_to_sign(
            method=call.method,
            host=host,
            path=path,
            nonce=fields["Nonce"],
            key_id=fields["Id"],
            signed=signed,
            expiration=fields["Expiration"],
        )
    except UnicodeEncodeError as error:
        raise SignatureRefusedError("invalid utf-8") from error


def _matching(texts: Sequence[bytes], keys: Sequence[bytes], signature: str) -> bytes:
    """The key that signed, empty if none: each is tried, in constant time; no early end tells which."""
    given = bytes.fromhex(signature)
    matching = [key for key in keys for text in texts if hmac.compare_digest(_digest(key, text), given)]
    return b"".join(matching[:1])


def _digest(key: bytes, text: bytes) -> bytes:
    """The HMAC, begun once for each key: setting it up costs more than the text does."""
    begun = _begun(key).copy()
    begun.update(text)
    return begun.digest()


@lru_cache(maxsize=256)
def _begun(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod=hashlib.sha256)


def _in_time(expiration: str, *, now: datetime, max_life: timedelta) -> datetime:
    try:
        expires = datetime.fromisoformat(expiration)
    except ValueError as error:
        raise SignatureRefusedError("expiration format") from error
    if expires < now:
        raise SignatureRefusedError("expired")
    if expires - now > max_life:
        raise SignatureRefusedError("lifetime too long")
    return expires
