"""Where a call comes from, seen past our own proxies."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


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


def _is_trusted(address: str) -> bool:
    return _lies_in(address, tuple(settings.POLYPHEMUS_TRUSTED_PROXIES))


@lru_cache(maxsize=1024)
def _lies_in(address: str, networks: tuple[str, ...]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


@lru_cache(maxsize=1024)
def _valid(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None
