"""ETags: what a reader has already need not be sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from django.utils.http import parse_etags

_DIGITS: Final = 32


def etag_of(*parts: object) -> str:
    """A strong ETag over the parts, quoted; equal parts give equal tags in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]}"'


def is_fresh(headers: Mapping[str, str], etag: str) -> bool:
    """Whether `If-None-Match` names this tag (weakly compared, as RFC 9110 has it for reads) or any."""
    wanted = headers.get("If-None-Match")
    if not wanted:
        return False
    if wanted == etag:
        return True
    tags = [tag.removeprefix("W/") for tag in parse_etags(wanted)]
    return "*" in tags or etag.removeprefix("W/") in tags
