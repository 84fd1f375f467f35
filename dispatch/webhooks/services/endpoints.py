"""Endpoints: made, rotated, paused; a secret is told once."""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from dispatch import documents, sealing
from dispatch.sealing import Sealed
from dispatch.services import keys
from dispatch.webhooks import payloads
from dispatch.webhooks.models import Delivery, Endpoint, EndpointEvent
from dispatch.webhooks.states import TEST_TYPE, TYPES, EndpointState
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from polyphemus_site.mail.outbox import is_address
from polyphemus_site.outbound import addresses
from polyphemus_site.outbound.addresses import AddressRefusedError, Network

SECRET_BYTES = 32
ID_BYTES = 10


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint with the only sight of its secret, in the form receivers' libraries take."""

    endpoint: Endpoint
    secret: str = field(repr=False)


def create(
    *,
    owner: str,
    url: str,
    types: Iterable[str] = (),
    allowed: Sequence[Network] = (),
    kek: bytes,
    actor: str,
    now: datetime,
) -> NewEndpoint:
    """Make an endpoint; InvalidInputError for an owner, address or type that makes no sense."""
    _refuse_strange(owner, url, types, allowed)
    endpoint = Endpoint(
        id="we_" + _letters(ID_BYTES),
        owner=owner,
        url=url,
        types=sorted(set(types)),
        created_at=now,
        created_by=actor,
    )
    with transaction.atomic():
        secret = _seal_new(endpoint, kek=kek)
        endpoint.save(force_insert=True)
        note(endpoint, "created", actor=actor, now=now)
    return NewEndpoint(endpoint, secret)


def rotate(endpoint: Endpoint, *, keep: timedelta, kek: bytes, actor: str, now: datetime) -> NewEndpoint:
    """Give it a new secret; until `keep` has passed each event is signed with both."""
    with transaction.atomic():
        held = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        held.old_ciphertext, held.old_nonce = held.ciphertext, held.nonce
        held.old_kek_version, held.old_until = held.kek_version, now + keep
        secret = _seal_new(held, kek=kek)
        held.save()
        note(held, "rotated", actor=actor, now=now)
    return NewEndpoint(held, secret)


def pause(endpoint: Endpoint, *, actor: str, now: datetime) -> bool:
    """Tell it nothing more until it is resumed; what happens meanwhile is not kept for it."""
    return _turn(endpoint, (EndpointState.ACTIVE,), EndpointState.PAUSED, actor=actor, now=now)


def resume(endpoint: Endpoint, *, actor: str, now: datetime) -> bool:
    """Tell it again, also one that had gone."""
    sources = (EndpointState.PAUSED, EndpointState.GONE)
    return _turn(endpoint, sources, EndpointState.ACTIVE, actor=actor, now=now)


def end(endpoint: Endpoint, *, now: datetime) -> bool:
    """Its receiver says that it is gone for good."""
    return _turn(endpoint, (EndpointState.ACTIVE,), EndpointState.GONE, actor="its receiver", now=now)


def send_test(endpoint: Endpoint, *, now: datetime) -> Delivery:
    """Owe it an event of no consequence; MoveRefusedError while it is told nothing."""
    if endpoint.state != EndpointState.ACTIVE:
        raise MoveRefusedError(
            _("%(endpoint)s is told nothing now.") % {"endpoint": endpoint}, code="endpoint_not_active"
        )
    body = payloads.test_body(type=TEST_TYPE, at=documents.exact(now), endpoint=endpoint.pk)
    return Delivery.objects.create(
        id=new_id(), endpoint=endpoint, type=TEST_TYPE, body=body, created_at=now, due_at=now
    )


def secrets_of(endpoint: Endpoint, *, keks: Sequence[bytes], now: datetime) -> list[bytes]:
    """What its events are signed with now, the present secret first."""
    sealed = [Sealed(bytes(endpoint.ciphertext), bytes(endpoint.nonce), endpoint.kek_version)]
    if endpoint.old_until and endpoint.old_until > now:
        old = (bytes(endpoint.old_ciphertext), bytes(endpoint.old_nonce), endpoint.old_kek_version)
        sealed.append(Sealed(*old))
    return [sealing.unseal(one, keks=keks, bound_to=_binding(endpoint)) for one in sealed]


def rewrap(*, keks: Sequence[bytes], now: datetime, actor: str) -> int:
    """Seal every secret with the first of the keys; how many endpoints had one sealed with another."""
    count, version = 0, sealing.version_of(keks[0])
    for pk in Endpoint.objects.values_list("pk", flat=True):
        with transaction.atomic():
            endpoint = Endpoint.objects.select_for_update().get(pk=pk)
            if {endpoint.kek_version, endpoint.old_kek_version} - {version, ""}:
                _seal_anew(endpoint, keks=keks, now=now)
                note(endpoint, "rewrapped", actor=actor, now=now)
                count += 1
    return count


def new_id() -> str:
    """The id of a delivery."""
    return "msg_" + _letters(SECRET_BYTES // 2)


def note(endpoint: Endpoint, kind: str, *, actor: str, now: datetime) -> None:
    """Add a line to its history; the caller owns the transaction."""
    EndpointEvent.objects.create(endpoint=endpoint, kind=kind, actor=actor, at=now)


def _turn(
    endpoint: Endpoint, sources: tuple[str, ...], target: EndpointState, *, actor: str, now: datetime
) -> bool:
    with transaction.atomic():
        changed = Endpoint.objects.filter(pk=endpoint.pk, state__in=sources).update(state=target)
        if changed:
            note(endpoint, target, actor=actor, now=now)
    return bool(changed)


def _refuse_strange(owner: str, url: str, types: Iterable[str], allowed: Sequence[Network]) -> None:
    if not is_address(owner):
        raise InvalidInputError(_("%(owner)r is no mail address.") % {"owner": owner}, code="invalid_owner")
    try:
        addresses.place_of(url, allowed=allowed)
    except AddressRefusedError as error:
        raise InvalidInputError(str(error), code="invalid_url") from error
    if unknown := sorted(set(types) - set(TYPES.values())):
        known = ", ".join(TYPES.values())
        raise InvalidInputError(
            _("%(type)s is no type of event; there are %(known)s.") % {"type": unknown[0], "known": known},
            code="invalid_type",
        )


def _seal_new(endpoint: Endpoint, *, kek: bytes) -> str:
    secret = random.token_bytes(SECRET_BYTES)
    sealed = sealing.seal(secret, kek=keys.usable(kek), bound_to=_binding(endpoint))
    endpoint.ciphertext, endpoint.nonce, endpoint.kek_version = (
        sealed.ciphertext,
        sealed.nonce,
        sealed.kek_version,
    )
    return "whsec_" + base64.b64encode(secret).decode()


def _seal_anew(endpoint: Endpoint, *, keks: Sequence[bytes], now: datetime) -> None:
    present, *old = secrets_of(endpoint, keks=keks, now=now)
    sealed = sealing.seal(present, kek=keks[0], bound_to=_binding(endpoint))
    endpoint.ciphertext, endpoint.nonce, endpoint.kek_version = (
        sealed.ciphertext,
        sealed.nonce,
        sealed.kek_version,
    )
    again = sealing.seal(old[0], kek=keks[0], bound_to=_binding(endpoint)) if old else Sealed(b"", b"", "")
    endpoint.old_ciphertext, endpoint.old_nonce = again.ciphertext, again.nonce
    endpoint.old_kek_version = again.kek_version
    endpoint.old_until = endpoint.old_until if old else None
    endpoint.save()


def _binding(endpoint: Endpoint) -> str:
    return f"{endpoint.pk}|webhook"


def _letters(count: int) -> str:
    return base64.b32encode(random.token_bytes(count)).decode().rstrip("=").lower()
