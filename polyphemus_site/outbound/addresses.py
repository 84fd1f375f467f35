"""Where a call may go: a name is resolved once, every address it has is judged, and one of them is pinned.

Whoever gives us an address must not reach through us what only we can reach.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2000
PORTS = {"http": 80, "https": 443}
#: Below this only the web's own ports: others speak protocols that a crafted body might be taken for.
FIRST_FREE_PORT = 1024
#: IPv6 addresses that carry an IPv4 one in their last 32 bits (RFC 6052).
NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: All that is given out of IPv6 to be reached from anywhere; the rest is local, reserved or a form of IPv4.
IPV6_IN_USE = ipaddress.ip_network("2000::/3")
#: Given out, and not for strangers: examples, protocols' own, relays, what a cloud tells its machines.
RESERVED = tuple(
    ipaddress.ip_network(network)
    for network in ("3fff::/20", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
)
IPV4_BITS = 0xFFFFFFFF


class AddressRefusedError(Exception):
    """A call may not go there; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, as it is written."""

    url: httpx.URL
    host: str
    port: int


def place_of(text: str, *, allowed: Sequence[Network] = ()) -> Place:
    """Where a URL leads; AddressRefusedError for one that no call should be sent to.

    Plain http is for networks that were allowed by name: elsewhere others could read along.
    """
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > LONGEST_URL:
        raise AddressRefusedError("The address is no URL: printable ASCII, no blanks, up to 2000 characters.")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise AddressRefusedError(f"The address is no URL: {error}.") from error
    if url.scheme not in PORTS or (url.scheme == "http" and not allowed):
        raise AddressRefusedError("The address must begin with https://.")
    if url.userinfo or url.fragment or not url.host:
        raise AddressRefusedError("The address must have a host, and neither a user nor a fragment.")
    port = url.port or PORTS[url.scheme]
    if port < FIRST_FREE_PORT and port not in PORTS.values():
        raise AddressRefusedError(f"Port {port} is not one for the web.")
    return Place(url, url.host, port)


async def pinned(place: Place, *, allowed: Sequence[Network]) -> IPAddress:
    """The one address to connect to; AddressRefusedError when any that the name has is out of bounds."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError(f"{place.host} can't be resolved.") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        if not may_be_called(address, allowed=allowed, encrypted=place.url.scheme == "https"):
            raise AddressRefusedError(f"{place.host} leads to {address}, where no call may go.")
    return addresses[0]


def may_be_called(address: IPAddress, *, allowed: Sequence[Network], encrypted: bool = True) -> bool:
    """Whether it is in a network that was allowed by name, or out on the public internet and encrypted."""
    seen = _as_routed(address)
    if any(seen in network for network in allowed if network.version == seen.version):
        return True
    return encrypted and _is_public(seen)


def _is_public(address: IPAddress) -> bool:
    if not address.is_global or address.is_multicast or any(address in network for network in RESERVED):
        return False
    return address.version == 4 or address in IPV6_IN_USE  # noqa: PLR2004 — IP's version


def _as_routed(address: IPAddress) -> IPAddress:
    """The address that is really spoken to: several forms of IPv6 carry an IPv4 one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & IPV4_BITS)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address
