"""What is wrong with a call's signature, as a server sees it: the other half of signing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature

from polyphemus_analyst import etna, rfc9421
from polyphemus_analyst.signing import Key

LONGEST_LIFE = timedelta(minutes=5)
#: How far two honest clocks may stand apart.
SKEW = timedelta(seconds=60)
ETNA_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)
PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')


class FaultyCallError(Exception):
    """Why a server would not believe the call."""


@dataclass(frozen=True)
class Heard:
    """A call as it came: the target undecoded, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    authority: str
    at: datetime

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's values by name."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def values(self) -> dict[str, Any]:
        """The members of the body; none when it is no object."""
        try:
            document = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


def verify(call: Heard, key: Key) -> str:
    """The call's nonce; FaultyCallError says what is wrong with its signature."""
    return (_verify_etna if key.scheme == "etna-v1" else _verify_rfc9421)(call, key)


def _verify_etna(call: Heard, key: Key) -> str:
    fields = {name: _field(call, name) for name in ("Signature", "Expiration", "Nonce", "Id", "Headers")}
    if fields["Id"] != key.id:
        raise FaultyCallError(f"its X-Etna-Id is {fields['Id']!r}, not {key.id!r}")
    names = fields["Headers"].split(",") if fields["Headers"] else []
    given = call.values | {
        name: value for name, value in call.query.items() if not name.startswith("X-Etna-")
    }
    if unsigned := sorted(set(given) - set(names)):
        raise FaultyCallError(f"{unsigned[0]} is sent and not signed")
    text = etna.text_to_sign(
        method=call.method,
        host=call.authority.partition(":")[0],
        path=call.path,
        nonce=fields["Nonce"],
        key_id=key.id,
        values={name: given.get(name) for name in names},
        expires=fields["Expiration"],
    )
    _compare(hmac.new(key.secret, text.encode(), hashlib.sha256).hexdigest(), fields["Signature"])
    if not ETNA_NONCE.fullmatch(fields["Nonce"]):
        raise FaultyCallError("its nonce is not 16 to 128 letters, digits, - and _")
    _refuse_untimely(_instant(fields["Expiration"]), call.at)
    return fields["Nonce"]


def _field(call: Heard, name: str) -> str:
    found = call.headers.get(f"x-etna-{name.lower()}", call.query.get(f"X-Etna-{name}"))
    if found is None:
        raise FaultyCallError(f"there is no X-Etna-{name}")
    return found


def _verify_rfc9421(call: Heard, key: Key) -> str:
    given = call.headers.get("signature-input", "")
    label, _, parameters = given.partition("=")
    found: dict[str, str] = {name: text or digits for name, text, digits in PARAMETER.findall(parameters)}
    if set(found) != {"created", "expires", "keyid", "alg", "nonce", "tag"}:
        raise FaultyCallError(f"its Signature-Input has {sorted(found)}")
    base = _base(call, parameters)
    signature = call.headers.get("signature", "").removeprefix(f"{label}=:").removesuffix(":")
    if not rfc9421.is_pair(key.secret):
        _compare(base64.b64encode(hmac.digest(key.secret, base, "sha256")).decode(), signature)
    else:
        _verify_pair(base, signature, key)
    if found["keyid"] != key.id or found["tag"] != rfc9421.TAG:
        raise FaultyCallError(f"its keyid is {found['keyid']!r} and its tag {found['tag']!r}")
    if call.method in rfc9421.WITH_BODY and call.headers.get("content-digest") != rfc9421.digest_of(
        call.body
    ):
        raise FaultyCallError("its Content-Digest is not that of its body")
    _refuse_untimely(datetime.fromtimestamp(int(found["expires"]), UTC), call.at)
    return found["nonce"]


def _base(call: Heard, parameters: str) -> bytes:
    """What was signed, of the components the call names; all that are asked for must be among them."""
    covered = {
        "@method": call.method,
        "@authority": call.authority,
        "@path": call.path,
        "@query": "?" + call.target.partition("?")[2],
    }
    if call.method in rfc9421.WITH_BODY:
        covered |= {name: call.headers.get(name, "") for name in ("content-digest", "content-type")}
    names = re.findall(r'"([^"]*)"', parameters.partition(")")[0])
    if "idempotency-key" in names and call.method in rfc9421.WITH_BODY:
        covered["idempotency-key"] = call.headers.get("idempotency-key", "")
    if sorted(names) != sorted(covered):
        raise FaultyCallError(f"it covers {', '.join(names) or 'nothing'}")
    lines = [f'"{name}": {covered[name]}' for name in names]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def _verify_pair(base: bytes, signature: str, key: Key) -> None:
    try:
        rfc9421.private_key(key.secret).public_key().verify(base64.b64decode(signature), base)
    except (InvalidSignature, ValueError) as error:
        raise FaultyCallError("the key did not make its signature") from error


def _compare(made: str, given: str) -> None:
    if not hmac.compare_digest(made.encode(), given.encode()):
        raise FaultyCallError("the key did not make its signature")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise FaultyCallError(f"its end is no instant: {text!r}") from error
    if instant.tzinfo is None:
        raise FaultyCallError(f"its end has no zone: {text!r}")
    return instant


def _refuse_untimely(expires: datetime, now: datetime) -> None:
    if expires < now:
        raise FaultyCallError("it has expired")
    if expires > now + LONGEST_LIFE + SKEW:
        raise FaultyCallError("it lives for more than five minutes")
