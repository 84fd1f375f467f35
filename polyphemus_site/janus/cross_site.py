"""Whether a browser's request was meant: the rule for calls that ride on a cookie.

The token's cookie is SameSite=Strict, and yet every sibling subdomain counts as the same site. So an unsafe
call must come from an origin we list, as JSON, and with a header no form can set: the last two force a
preflight.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from polyphemus_site.janus.errors import CrossSiteError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
CLIENT_HEADER = "X-Polyphemus-Client"


def own_origin() -> str:
    """The scheme and host of our public address."""
    return origin_of(settings.POLYPHEMUS_URL)


def origin_of(address: str) -> str:
    """The scheme and host of an address, as a browser would go there; empty for one it may read otherwise."""
    if "\\" in address or any(char <= " " for char in address):
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def refuse_cross_site(request: HttpRequest) -> None:
    """Raise `CrossSiteError` unless an unsafe call was sent by a page of ours or of Timur's."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Origin") not in {own_origin(), *settings.POLYPHEMUS_TIMUR_ORIGINS}:
        raise CrossSiteError(_("This call must come from a page of Polyphemus or of a listed origin."))
    if request.content_type != "application/json":
        raise CrossSiteError(_("This call must be sent as application/json."))
    if request.headers.get(CLIENT_HEADER) != "1":
        raise CrossSiteError(_("This call must carry %(header)s: 1.") % {"header": CLIENT_HEADER})
