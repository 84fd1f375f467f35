"""A call as it goes over the wire: what there is to sign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One HTTP request.

    `authority` is the server's public name with its port, unless that is the scheme's own. `path` and `query`
    are as sent, the query without its question mark. `values` are its members in their order. A call that
    may be repeated carries an `idempotency_key`.
    """

    method: str
    authority: str
    path: str
    query: str = ""
    body: bytes = b""
    values: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str = ""

    @property
    def host(self) -> str:
        """The name without the port."""
        name, colon, port = self.authority.rpartition(":")
        return name if colon and port.isdigit() else self.authority


def compact_json(values: Mapping[str, Any]) -> str:
    """JSON as Ruby writes it: no blanks, letters as they are."""
    return json.dumps(dict(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
