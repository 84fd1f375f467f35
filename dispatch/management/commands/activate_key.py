"""`manage.py activate_key ID`: let a key in that was made with `--pending`."""

from __future__ import annotations

from typing import Any

from dispatch.management.keys import KeyCommand
from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock


class Command(KeyCommand):
    """For a key whose secret was sent ahead: it is believed from now on, when its analyst has it."""

    help = "Let in an analyst's key that was made with --pending."

    def act(self, key: ApiKey, **_options: Any) -> str:
        """Let it in."""
        keys.activate(key, actor="manage.py activate_key", now=clock.now())
        return f"{key.pk} of {key.analyst} is in use."
