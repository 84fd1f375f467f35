"""Addresses that people type."""

from __future__ import annotations

import httpx

from polyphemus_analyst.errors import AnalystError


def server_at(url: str) -> httpx.URL:
    """The server's address; AnalystError when nothing could be asked there, however long one tried."""
    try:
        address = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL as error:
        raise AnalystError(f"{url!r} is no address: {error}.") from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise AnalystError(f"{url!r} is no address of a server: that begins with https://, then its name.")
    return address
