"""Where a call comes from, seen past our own proxies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from polyphemus_site.errors import InvalidInputError


def address_of(request: HttpRequest) -> str | None:
    """The caller's address: the connection's own, or the last one our trusted proxies saw; `None` if unknown.

    Only proxies in `POLYPHEMUS_TRUSTED_PROXIES` are believed: anybody may write an X-Forwarded-For.
    """
    address = _valid(request.META.get("REMOTE_ADDR", ""))
    for seen in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not address or not _is_trusted(address):
            break
        address = _valid(seen) or address
    return address


def networks(texts: Iterable[str]) -> list[str]:
    """Networks as they are kept, each once; InvalidInputError for what is none."""
    try:
        return sorted({str(ip_network(text.strip())) for text in texts})
    except ValueError as error:
        raise InvalidInputError(
            _("An address or a network is like 192.0.2.7 or 192.0.2.0/24: %(fault)s.") % {"fault": error},
            code="invalid_address",
        ) from error


def lies_in(address: str | None, known: Sequence[str]) -> bool:
    """Whether the address is in one of these networks; one that is not known is in none."""
    return address is not None and _lies_in(address, tuple(known))


def _is_trusted(address: str) -> bool:
    return _lies_in(address, tuple(settings.POLYPHEMUS_TRUSTED_PROXIES))


@lru_cache(maxsize=1024)
def _lies_in(address: str, networks: tuple[str, ...]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


@lru_cache(maxsize=1024)
def _valid(text: str) -> str | None:
    """An IPv4 address as such, also where a server that listens for both shows it inside an IPv6 one."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    inside = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(inside or found)
