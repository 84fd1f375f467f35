"""Etna's signature as a sibling service makes it.

Written apart from `polyphemus_site.api.signing` on purpose: the demo warehouse is another service, and two
implementations that agree say more than one that agrees with itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

#: Etna's own client signs for ten days.
LIFE = timedelta(days=10)


@dataclass(frozen=True)
class Signer:
    """A service's name and key."""

    id: str
    key: str

    def signature(
        self, *, method: str, url: str, nonce: str, expiration: str, values: Mapping[str, Any]
    ) -> str:
        """Hex HMAC-SHA256 over the seven lines; the host counts without its port."""
        address = urlsplit(url)
        signed = json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"))
        lines = [method, address.hostname or "", address.path, nonce, self.id, signed, expiration]
        return hmac.new(self.key.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()

    def signed_url(self, method: str, url: str, values: Mapping[str, Any], *, now: datetime) -> str:
        """The address with the signature's fields in its query."""
        nonce, expiration = secrets.token_hex(16), (now + LIFE).isoformat(timespec="seconds")
        fields = {
            "X-Etna-Signature": self.signature(
                method=method, url=url, nonce=nonce, expiration=expiration, values=values
            ),
            "X-Etna-Expiration": expiration,
            "X-Etna-Nonce": nonce,
            "X-Etna-Id": self.id,
            "X-Etna-Headers": ",".join(values),
        }
        return f"{url}?{urlencode(fields)}"

    def holds(self, method: str, url: str, headers: Mapping[str, str], *, now: datetime) -> bool:
        """Whether a request is signed by this service and still alive (fields in headers only)."""
        names = [name for name in headers.get("X-Etna-Headers", "").split(",") if name]
        values = {name: headers.get("X-Etna-" + name.replace("_", "-").title()) for name in names}
        nonce, expiration = headers.get("X-Etna-Nonce", ""), headers.get("X-Etna-Expiration", "")
        wanted = self.signature(method=method, url=url, nonce=nonce, expiration=expiration, values=values)
        try:
            alive = datetime.fromisoformat(expiration) >= now
        except (ValueError, TypeError):
            return False
        return alive and hmac.compare_digest(wanted.encode(), headers.get("X-Etna-Signature", "").encode())
