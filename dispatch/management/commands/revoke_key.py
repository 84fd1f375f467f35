"""`manage.py revoke_key ID`: no call signed with it is believed from now on."""

from __future__ import annotations

from typing import Any

from dispatch.management.keys import KeyCommand
from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock


class Command(KeyCommand):
    """For a secret that somebody else may have seen: at once, and for good."""

    help = "Refuse an analyst's key from now on."

    def act(self, key: ApiKey, **_options: Any) -> str:
        """Revoke it; again changes nothing."""
        keys.revoke(key, actor="manage.py revoke_key", now=clock.now())
        return f"{key.pk} of {key.analyst} is revoked."
