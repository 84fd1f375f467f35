"""rfc9421-v1: HTTP message signatures (RFC 9421) over digests (RFC 9530), to one fixed profile.

The library does the canonicalising and the cryptography. It would also accept a signature over nothing, of
any age, with any parameters: everything it leaves to its caller is fixed here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

import http_sf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.keys import (
    CLOCK_SKEW,
    ED25519,
    HMAC_SHA256,
    RFC9421_V1,
    KeyRing,
    Verified,
    fingerprint_of,
)
from polyphemus_site.api.signing.refusals import SignatureRefusedError

TAG: Final = "polyphemus-v1"
MAX_LIFE: Final = timedelta(seconds=300)
#: How old a signature may be: its longest life, and the skew of its maker's clock.
MAX_AGE: Final = MAX_LIFE + CLOCK_SKEW
MAX_INPUT: Final = 1024
MAX_SIGNATURE: Final = 256

ALWAYS: Final = frozenset({"@method", "@authority", "@path", "@query"})
WITH_BODY: Final = ALWAYS | {"content-digest", "content-type"}
#: May be covered where it is sent: what makes a call repeatable is then nobody else's to change.
ALSO: Final = "idempotency-key"
BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
PARAMETERS: Final = frozenset({"created", "expires", "keyid", "alg", "nonce", "tag"})

_KEY_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")
_ALGORITHMS: Final = {HMAC_SHA256: algorithms.HMAC_SHA256, ED25519: algorithms.ED25519}
_DUMMIES: Final = {
    HMAC_SHA256: secrets.token_bytes(32),
    ED25519: Ed25519PrivateKey.generate().public_key().public_bytes_raw(),
}


@dataclass(frozen=True)
class SignatureInput:
    """What the one Signature-Input member says: which components, under which parameters."""

    components: list[Any]
    parameters: Mapping[str, Any]


def is_signed(call: Call) -> bool:
    """Whether the call carries any field of this scheme."""
    return call.carries("signature") or call.carries("signature-input")


def key_id_of(call: Call) -> str:
    """The key id the call claims; refused when it can't be one."""
    key_id = _input_of(call).parameters.get("keyid")
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise SignatureRefusedError("keyid format")
    return key_id


def dummy_for(call: Call) -> tuple[bytes, str]:
    """A key nobody has, of the kind the call claims to be signed with."""
    try:
        claimed = _input_of(call).parameters.get("alg")
    except SignatureRefusedError:
        claimed = None
    algorithm = claimed if claimed in _DUMMIES else HMAC_SHA256
    return _DUMMIES[algorithm], algorithm


def verify(call: Call, ring: KeyRing, *, base_url: str, host: str, now: datetime) -> Verified:
    """Believe the call, or raise `SignatureRefusedError` with the reason.

    `base_url` (scheme and authority) and `host` are ours, from the configuration. In order: shape,
    components, parameters, times, then digest and signature by the library.
    """
    call.refuse_unless_plain(host)
    given = _input_of(call)
    _refuse_components(call, given)
    _refuse_parameters(given)
    created, expires = _times(given, ring, now)
    if given.parameters["alg"] != ring.algorithm:
        _refuse_other_algorithm(call, ring, base_url)
    secret = _matching(call, ring, base_url)
    return Verified(
        key_id=given.parameters["keyid"],
        scheme=RFC9421_V1,
        nonce=given.parameters["nonce"],
        fingerprint=fingerprint_of(secret),
        at=now,
        expires=expires,
        earliest=created - CLOCK_SKEW,
    )


def _input_of(call: Call) -> SignatureInput:
    """The single signature of the call."""
    given, signature = call.header("signature-input"), call.header("signature")
    if given is None or signature is None:
        raise SignatureRefusedError("missing field")
    if len(given) > MAX_INPUT or len(signature) > MAX_SIGNATURE:
        raise SignatureRefusedError("field too long")
    inputs, signatures = _dictionary(given), _dictionary(signature)
    if len(inputs) != 1 or inputs.keys() != signatures.keys():
        raise SignatureRefusedError("not one signature")
    ((components, parameters),) = inputs.values()
    ((made, beside),) = signatures.values()
    if not isinstance(components, list):
        raise SignatureRefusedError("Signature-Input format")
    if not isinstance(made, bytes) or beside:
        raise SignatureRefusedError("Signature format")
    return SignatureInput(components=components, parameters=parameters)


def _dictionary(value: str) -> Mapping[str, Any]:
    def refuse(_key: str, _context: str) -> None:
        raise SignatureRefusedError("duplicate label or parameter")

    try:
        parsed = http_sf.parse(value.encode("ascii"), tltype="dictionary", on_duplicate_key=refuse)
    except (ValueError, TypeError, RecursionError) as error:
        raise SignatureRefusedError("structured field format") from error
    return parsed if isinstance(parsed, dict) else {}


def _refuse_components(call: Call, given: SignatureInput) -> None:
    """Exactly the profile's components, each once and without parameters of its own; perhaps `ALSO`."""
    has_body = call.method in BODY_METHODS
    if call.body and not has_body:
        raise SignatureRefusedError("body where none belongs")
    if any(parameters for _, parameters in given.components):
        raise SignatureRefusedError("component parameters")
    names = [name for name, _ in given.components]
    if sorted(map(str, names)) != _components_of(call, given):
        raise SignatureRefusedError("components")


def _components_of(call: Call, given: SignatureInput) -> list[str]:
    """What a signature of this call covers."""
    has_body = call.method in BODY_METHODS
    also = {ALSO} if has_body and any(name == ALSO for name, _ in given.components) else frozenset()
    return sorted((WITH_BODY if has_body else ALWAYS) | also)


def _refuse_parameters(given: SignatureInput) -> None:
    parameters = given.parameters
    if set(parameters) != PARAMETERS:
        raise SignatureRefusedError("parameters")
    if not isinstance(parameters["nonce"], str) or not _NONCE.fullmatch(parameters["nonce"]):
        raise SignatureRefusedError("nonce format")
    if parameters["tag"] != TAG:
        raise SignatureRefusedError("tag")
    if parameters["alg"] not in _ALGORITHMS:
        raise SignatureRefusedError("alg")


def _refuse_other_algorithm(call: Call, ring: KeyRing, base_url: str) -> NoReturn:
    """Refuse what another kind of key than this id's would have made, after as much work as for any other."""
    dummy, algorithm = dummy_for(call)
    with suppress(SignatureRefusedError):
        _matching(call, replace(ring, secrets=(dummy,), algorithm=algorithm), base_url)
    raise SignatureRefusedError("alg")


def _times(given: SignatureInput, ring: KeyRing, now: datetime) -> tuple[datetime, datetime]:
    created, expires = _instant(given, "created"), _instant(given, "expires")
    if not timedelta(0) < expires - created <= min(MAX_LIFE, ring.max_life):
        raise SignatureRefusedError("lifetime too long")
    if not now - MAX_AGE <= created <= now + CLOCK_SKEW:
        raise SignatureRefusedError("created out of range")
    if expires < now:
        raise SignatureRefusedError("expired")
    return created, expires


def _instant(given: SignatureInput, name: str) -> datetime:
    seconds = given.parameters[name]
    if type(seconds) is not int:
        raise SignatureRefusedError(f"{name} format")
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SignatureRefusedError(f"{name} format") from error


@dataclass(frozen=True)
class _Request:
    """A call as the library wants it: at our own address, whatever the caller's Host said."""

    method: str
    url: str
    headers: Mapping[str, str]


class _OneKey(HTTPSignatureKeyResolver):
    """The library asks by id; we have looked the key up already."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def resolve_public_key(self, key_id: str) -> Any:
        """The key."""
        del key_id
        return self.key


class _Verifier(HTTPMessageVerifier):
    """The library's verifier, without its own clock: times are judged above, by the database's."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Nothing left to judge."""


def _matching(call: Call, ring: KeyRing, base_url: str) -> bytes:
    """The key that signed; every key is tried."""
    query = f"?{call.raw_query}" if call.raw_query else ""
    request = _Request(method=call.method, url=base_url + call.path + query, headers=dict(call.headers))
    reasons = {secret: _fault(call, request, ring.algorithm, secret) for secret in ring.secrets if secret}
    for secret, reason in reasons.items():
        if not reason:
            return secret
    raise SignatureRefusedError(next(iter(reasons.values()), "signature"))


def _fault(call: Call, request: _Request, algorithm: str, secret: bytes) -> str:
    """Empty if this key made the signature, else what is wrong."""
    key = Ed25519PublicKey.from_public_bytes(secret) if algorithm == ED25519 else secret
    verifier = _Verifier(signature_algorithm=_ALGORITHMS[algorithm], key_resolver=_OneKey(key))
    components = _components_of(call, _input_of(call))
    try:
        results = verifier.verify(request, expect_tag=TAG, max_age=None, require_components=components)
    except HTTPMessageSignaturesException:
        return "signature"
    try:
        if call.method in BODY_METHODS:
            verifier.verify_body(request, results, call.body)
    except HTTPMessageSignaturesException:
        return "digest"
    return ""
