"""Keys of analysts: made, rotated, revoked, sealed anew. A secret is told once, when it is made."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from dispatch import key_bytes, sealing
from dispatch.models import ApiKey, KeyEvent, KeyScope
from dispatch.scopes import Scope, Scopes
from dispatch.sealing import Sealed
from dispatch.states import HELD, Algorithm, KeyState, Scheme
from polyphemus_site.api.addresses import networks
from polyphemus_site.api.signing.keys import fingerprint_of
from polyphemus_site.errors import InvalidInputError, MoveRefusedError

ID_BYTES = 10  # sixteen letters of base32
#: How long an old key goes on beside its successor, unless told otherwise.
OVERLAP = timedelta(days=7)
#: An old key and its successor; a third would be forgotten somewhere.
MOST_LIVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a key is believed, and from where; without any: at once, for ever, from anywhere."""

    not_before: datetime | None = None
    expires_at: datetime | None = None
    addresses: Sequence[str] = ()
    #: Whether somebody has yet to let it in, by `activate`.
    is_pending: bool = False


ANYTIME = Terms()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with the only sight of its secret; empty where the analyst alone has it."""

    key: ApiKey
    secret: str = field(repr=False)


def create(
    *,
    analyst: str,
    scheme: str,
    scopes: Iterable[Scope] = (),
    public_key: str = "",
    kek: bytes,
    actor: str,
    now: datetime,
    terms: Terms = ANYTIME,
) -> NewKey:
    """Make a key for an analyst; MoveRefusedError when two are live, or wait to be, already.

    With a public key (Ed25519, PEM or base64) there is no secret to tell: the analyst keeps the other half.
    """
    with transaction.atomic():
        _take_turns(analyst)
        refuse_impossible(analyst=analyst, scheme=scheme, public_key=public_key, now=now)
        key = ApiKey(analyst=analyst, scheme=scheme, created_by=actor, created_at=now)
        key.not_before, key.expires_at = terms.not_before, terms.expires_at
        key.addresses = networks(terms.addresses)
        key.state = KeyState.PENDING if terms.is_pending else KeyState.ACTIVE
        return _make(key, scopes, public_key=public_key, kek=kek)


def rotate(
    key: ApiKey, *, keep: timedelta, public_key: str = "", kek: bytes, actor: str, now: datetime
) -> NewKey:
    """Make a successor with the same scopes and addresses; the old key goes on for `keep`, then is refused.

    Without any time to keep it, it is revoked. A key that ends sooner, or has ended, is not prolonged. A
    public key is succeeded by another public key.
    """
    if bool(public_key) is not (key.algorithm == Algorithm.ED25519):
        raise InvalidInputError(
            _("A public key is succeeded by a public key, a secret by a secret."), code="invalid_public_key"
        )
    how = {"public_key": public_key, "kek": kek, "actor": actor, "now": now}
    with transaction.atomic():
        if keep:
            made = _successor(key, **how)
            _retire(key, to=KeyState.RETIRING, end=now + keep)
            note(key, "retiring", actor=actor, now=now, successor=made.key.pk)
        else:
            _retire(key, to=KeyState.REVOKED, end=now)  # first: it leaves room for its successor
            made = _successor(key, **how)
            note(key, "revoked", actor=actor, now=now, successor=made.key.pk)
    return made


def _successor(key: ApiKey, **how: Any) -> NewKey:
    terms = Terms(addresses=key.addresses)
    return create(analyst=key.analyst, scheme=key.scheme, scopes=scopes_of(key), terms=terms, **how)


def _retire(key: ApiKey, *, to: KeyState, end: datetime) -> None:
    changed = ApiKey.objects.filter(pk=key.pk, state=KeyState.ACTIVE)
    if not changed.update(state=to, expires_at=Least("expires_at", Value(end))):
        raise MoveRefusedError(_("Key %(key)s is not in use.") % {"key": key.pk}, code="key_not_active")


def activate(key: ApiKey, *, actor: str, now: datetime) -> None:
    """Let a key in that waits for it; MoveRefusedError for any other."""
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, state=KeyState.PENDING).update(state=KeyState.ACTIVE):
            raise MoveRefusedError(
                _("Key %(key)s does not wait to be let in.") % {"key": key.pk}, code="key_not_pending"
            )
        note(key, "activated", actor=actor, now=now)


def bind(key: ApiKey, addresses: Iterable[str], *, actor: str, now: datetime) -> list[str]:
    """Believe the key from these networks alone, or from anywhere where there are none; what is kept."""
    after = networks(addresses)
    with transaction.atomic():
        before = ApiKey.objects.select_for_update().values_list("addresses", flat=True).get(pk=key.pk)
        if before != after:
            ApiKey.objects.filter(pk=key.pk).update(addresses=after)
            note(key, "addresses", actor=actor, now=now, addresses=after, before=before)
    return after


def revoke(key: ApiKey, *, actor: str, now: datetime) -> None:
    """Refuse the key from this instant on; again changes nothing."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, state__in=HELD).update(state=KeyState.REVOKED):
            note(key, "revoked", actor=actor, now=now)


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
                note(key, "rewrapped", actor=actor, now=now)
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


def _make(key: ApiKey, scopes: Iterable[Scope], *, public_key: str, kek: bytes) -> NewKey:
    secret = "" if public_key else key_bytes.new_secret()
    signs = key_bytes.public_half(public_key) if public_key else secret.encode()
    key.pk = "pk_" + base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()
    key.algorithm = Algorithm.ED25519 if public_key else Algorithm.HMAC_SHA256
    key.fingerprint = fingerprint_of(signs)
    sealed = sealing.seal(signs, kek=usable(kek), bound_to=_binding(key.pk, key.scheme))
    key.ciphertext, key.nonce, key.kek_version = sealed.ciphertext, sealed.nonce, sealed.kek_version
    key.save(force_insert=True)
    lines = dict.fromkeys(scopes)
    KeyScope.objects.bulk_create(
        KeyScope(key=key, project=line.project, analysis=line.analysis, verb=line.verb) for line in lines
    )
    note(key, "created", actor=key.created_by, now=key.created_at, scopes=_written(lines))
    return NewKey(key, secret)


def note_scopes(key: ApiKey, before: Scopes, *, actor: str, now: datetime) -> None:
    """Keep in the key's history what it may do from now on, if that is something else."""
    after = scopes_of(key)
    if set(after) != set(before):
        note(key, "scopes", actor=actor, now=now, scopes=_written(after), before=_written(before))


def _written(lines: Iterable[Scope]) -> list[str]:
    return [f"{line.project}/{line.analysis}/{line.verb}" for line in lines]


def _take_turns(analyst: str) -> None:
    """Wait for whoever is making a key for the same analyst, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"keys of {analyst}"])


def refuse_impossible(*, analyst: str, scheme: str, public_key: str, now: datetime) -> None:
    """The refusal that making such a key would meet now."""
    try:
        validate_email(analyst)
    except ValidationError as error:
        raise InvalidInputError(
            _("%(analyst)r is no mail address.") % {"analyst": analyst}, code="invalid_analyst"
        ) from error
    if scheme not in Scheme.values:
        raise InvalidInputError(
            _("scheme must be one of %(known)s.") % {"known": ", ".join(Scheme.values)}, code="invalid_scheme"
        )
    if public_key and scheme != Scheme.RFC9421:
        raise InvalidInputError(
            _("Public keys sign by %(value)s only.") % {"value": Scheme.RFC9421.value}, code="invalid_scheme"
        )
    if public_key:
        key_bytes.public_half(public_key)
    if ApiKey.objects.held(now=now).filter(analyst=analyst, scheme=scheme).count() >= MOST_LIVE:
        raise MoveRefusedError(
            _("%(analyst)s has two live keys; revoke one first.") % {"analyst": analyst}, code="two_live_keys"
        )


def _binding(key_id: str, scheme: str) -> str:
    return f"{key_id}|{scheme}"


def note(key: ApiKey, kind: str, *, actor: str, now: datetime, **facts: object) -> None:
    """A line of the key's history, in the caller's transaction."""
    KeyEvent.objects.create(key=key, kind=kind, actor=actor, at=now, facts=facts)
