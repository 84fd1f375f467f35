"""Keys of analysts: made, rotated, revoked, sealed anew. A secret is told once, when it is made."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from dispatch import sealing
from dispatch.models import ApiKey, KeyEvent, KeyScope
from dispatch.scopes import Scope, Scopes
from dispatch.sealing import Sealed
from dispatch.states import KeyState, Scheme
from polyphemus_site.api.signing.keys import fingerprint_of
from polyphemus_site.errors import InvalidInputError, MoveRefusedError

SECRET_BYTES = 32
ID_BYTES = 10  # sixteen letters of base32
#: An old key and its successor; a third would be forgotten somewhere.
MOST_LIVE = 2
LIVE = (KeyState.ACTIVE, KeyState.RETIRING)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with the only sight of its secret."""

    key: ApiKey
    secret: str = field(repr=False)


def create(
    *,
    analyst: str,
    scheme: str,
    scopes: Iterable[Scope] = (),
    kek: bytes,
    actor: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key for an analyst; MoveRefusedError when two are live already."""
    _refuse_strange(analyst, scheme)
    with transaction.atomic():
        live = ApiKey.objects.select_for_update().filter(analyst=analyst, scheme=scheme, state__in=LIVE)
        if len(live) >= MOST_LIVE:
            raise MoveRefusedError(f"{analyst} has two live keys; revoke one first.", code="two_live_keys")
        return _make(analyst, scheme, scopes, kek=kek, actor=actor, now=now, expires_at=expires_at)


def rotate(key: ApiKey, *, keep: timedelta, kek: bytes, actor: str, now: datetime) -> NewKey:
    """Make a successor with the same scopes; the old key goes on for `keep`, and then is refused."""
    with transaction.atomic():
        made = create(
            analyst=key.analyst, scheme=key.scheme, scopes=scopes_of(key), kek=kek, actor=actor, now=now
        )
        changed = ApiKey.objects.filter(pk=key.pk, state=KeyState.ACTIVE)
        if not changed.update(state=KeyState.RETIRING, expires_at=now + keep):
            raise MoveRefusedError(f"Key {key.pk} is not in use.", code="key_not_active")
        _note(key, "retiring", actor=actor, now=now, successor=made.key.pk)
    return made


def revoke(key: ApiKey, *, actor: str, now: datetime) -> None:
    """Refuse the key from this instant on; again changes nothing."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, state__in=LIVE).update(state=KeyState.REVOKED):
            _note(key, "revoked", actor=actor, now=now)


def rewrap(*, keks: Sequence[bytes], now: datetime, actor: str) -> int:
    """Seal every secret with the first of the keys; how many were sealed with another."""
    version = sealing.version_of(keks[0])
    count = 0
    for key in ApiKey.objects.exclude(kek_version=version).iterator():
        sealed = sealing.seal(secret_of(key, keks=keks), kek=keks[0], bound_to=_binding(key.pk, key.scheme))
        with transaction.atomic():
            unchanged = ApiKey.objects.filter(pk=key.pk, kek_version=key.kek_version)
            changed = unchanged.update(
                ciphertext=sealed.ciphertext, nonce=sealed.nonce, kek_version=sealed.kek_version
            )
            if changed:
                _note(key, "rewrapped", actor=actor, now=now)
        count += changed
    return count


def secret_of(key: ApiKey, *, keks: Sequence[bytes]) -> bytes:
    """The bytes calls are signed with: the secret as it was told, `psk_` and all."""
    sealed = Sealed(bytes(key.ciphertext), bytes(key.nonce), key.kek_version)
    return opened(sealed, key_id=key.pk, scheme=key.scheme, keks=keks)


def opened(sealed: Sealed, *, key_id: str, scheme: str, keks: Sequence[bytes]) -> bytes:
    """The same, from the columns."""
    return sealing.unseal(sealed, keks=keks, bound_to=_binding(key_id, scheme))


def configured_keks() -> list[bytes]:
    """The keys that open secrets: the present one first, which seals new ones."""
    return [kek for kek in (settings.POLYPHEMUS_KEK, settings.POLYPHEMUS_KEK_PREVIOUS) if kek]


def scopes_of(key: ApiKey) -> Scopes:
    """What the key may do."""
    return Scopes(tuple(Scope(line.project, line.analysis, line.verb) for line in key.scopes.all()))


def usable(kek: bytes) -> bytes:
    """The key-encrypting key, or one clear sentence."""
    if not kek:
        raise ImproperlyConfigured(
            "POLYPHEMUS_KEK is not set; give 32 random bytes in base64, as `openssl rand -base64 32` prints."
        )
    return kek


def _make(
    analyst: str,
    scheme: str,
    scopes: Iterable[Scope],
    *,
    kek: bytes,
    actor: str,
    now: datetime,
    expires_at: datetime | None,
) -> NewKey:
    secret = "psk_" + base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=").lower()
    key = ApiKey(
        id="pk_" + base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower(),
        analyst=analyst,
        scheme=scheme,
        fingerprint=fingerprint_of(secret.encode()),
        created_at=now,
        created_by=actor,
        expires_at=expires_at,
    )
    sealed = sealing.seal(secret.encode(), kek=usable(kek), bound_to=_binding(key.pk, key.scheme))
    key.ciphertext, key.nonce, key.kek_version = sealed.ciphertext, sealed.nonce, sealed.kek_version
    key.save(force_insert=True)
    lines = dict.fromkeys(scopes)
    KeyScope.objects.bulk_create(
        KeyScope(key=key, project=line.project, analysis=line.analysis, verb=line.verb) for line in lines
    )
    _note(key, "created", actor=actor, now=now, scopes=[f"{s.project}/{s.analysis}/{s.verb}" for s in lines])
    return NewKey(key, secret)


def _refuse_strange(analyst: str, scheme: str) -> None:
    try:
        validate_email(analyst)
    except ValidationError as error:
        raise InvalidInputError(f"{analyst!r} is no mail address.", code="invalid_analyst") from error
    if scheme not in Scheme.values:
        raise InvalidInputError(f"scheme must be one of {', '.join(Scheme.values)}.", code="invalid_scheme")


def _binding(key_id: str, scheme: str) -> str:
    return f"{key_id}|{scheme}"


def _note(key: ApiKey, kind: str, *, actor: str, now: datetime, **facts: object) -> None:
    KeyEvent.objects.create(key=key, kind=kind, actor=actor, at=now, facts=facts)
