"""What a call asks for in its query, however its scheme lets the words travel."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, urlencode

from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.keys import Verified


def query_of(request: Any, names: Collection[str]) -> str:
    """The query of DRF's request (or a lean one) without a signature's fields.

    A signature that came in the query has been judged by then, and is no part of the question. What an
    etna-v1 call carries as a field of its own, `X-Etna-Analysis` say, is: of these the `names` asked for.
    """
    raw: str = request.META.get("QUERY_STRING", "")
    if etna.PREFIX in raw:
        pairs = parse_qsl(raw, keep_blank_values=True)
        raw = urlencode([(name, value) for name, value in pairs if not name.startswith(etna.PREFIX)])
    if not isinstance(request.auth, Verified) or not request.auth.apart:
        return raw
    apart = {name: value for name, value in request.auth.apart.items() if name in names}
    return "&".join(filter(None, (raw, urlencode(apart))))
