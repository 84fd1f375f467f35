"""The settings: Django's own check with ours, and the secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.core import checks

from polyphemus_site.health import Finding

SHORTEST_KEY = 16


def examine(now: datetime) -> Iterator[Finding]:
    """What `manage.py check --deploy` says, and which siblings may write."""
    del now
    yield from _complaints()
    yield from _journal_keys()


def _complaints() -> Iterator[Finding]:
    """Where the address isn't https somebody is trying things out: ours alone are told, as warnings."""
    found = checks.run_checks(include_deployment_checks=True)
    is_real = settings.POLYPHEMUS_URL.startswith("https://")
    loud = [
        complaint for complaint in found if not complaint.is_silenced() and (is_real or _is_ours(complaint))
    ]
    for complaint in loud:
        is_failure = complaint.is_serious() and is_real
        report = Finding.fail if is_failure else Finding.warn
        yield report(f"setting {complaint.id}", str(complaint.msg), str(complaint.hint or "See the docs."))
    if not loud:
        yield Finding.ok("settings", "`check --deploy` has nothing to say.")


def _is_ours(complaint: checks.CheckMessage) -> bool:
    return str(complaint.id).startswith("polyphemus.")


def _journal_keys() -> Iterator[Finding]:
    for sibling, keys in settings.POLYPHEMUS_ETNA_KEYS.items():
        held = keys if isinstance(keys, list) else [keys]
        name, count = f"journal key {sibling}", len(held)
        if any(len(str(key)) < SHORTEST_KEY for key in held):
            remedy = "Use a random key of 32 characters or more, the same in the sibling's config.yml."
            yield Finding.warn(name, "A key is short enough to be guessed.", remedy)
        else:
            yield Finding.ok(name, f"{count} key(s).")
