"""Magma: whether it answers, what our token may see there, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from magma.client import Magma, connect
from magma.errors import MagmaError
from magma.tokens import Token
from magma.wire import Patience
from polyphemus_site.health import Finding

ROLES = {"a": "admin", "e": "editor", "v": "viewer", "g": "guest"}
SOON = timedelta(days=7)
PATIENCE = Patience(connect_seconds=5, read_seconds=30, whole_answer_seconds=60, attempts=1)


def examine(now: datetime) -> Iterator[Finding]:
    """Magma, the token, and each project."""
    try:
        magma = client()
        token = magma.token()
        magma.alive()
    except MagmaError as error:
        yield Finding.fail("magma", str(error), error.advice)
        return
    yield Finding.ok("magma", "It answers, and knows our token.")
    yield expiry(token, now=now)
    for project in magma.projects():
        yield _project(magma, token, project)
    magma.close()


def client(patience: Patience = PATIENCE) -> Magma:
    """A client of its own: it gives up sooner than the one that reads for a living."""
    return Magma(
        url=settings.POLYPHEMUS_MAGMA_URL,
        token=connect().wire.token,
        projects=settings.POLYPHEMUS_PROJECTS,
        patience=patience,
    )


def expiry(token: Token, *, now: datetime) -> Finding:
    """How long the token lasts. Our own login renews itself, so a day is enough there."""
    if token.expires_at is None:
        return Finding.warn("magma token", "It names no end.", "Ask Janus for one that does.")
    left = token.expires_at - now
    renews = bool(settings.POLYPHEMUS_JANUS_PRIVATE_KEY)
    if left <= timedelta(0):
        return Finding.fail("magma token", "It has expired.", "Put a new one into POLYPHEMUS_MAGMA_TOKEN.")
    said = f"{token.email or 'Nobody'}'s, for {left / timedelta(days=1):.1f} more days"
    if left < SOON and not renews:
        remedy = "Renew POLYPHEMUS_MAGMA_TOKEN in time, or set POLYPHEMUS_JANUS_EMAIL and its private key."
        return Finding.warn("magma token", f"{said}.", remedy)
    return Finding.ok("magma token", f"{said}{', renewed by itself' if renews else ''}.")


def _project(magma: Magma, token: Token, project: str) -> Finding:
    name = f"magma {project}"
    try:
        models = len(magma.templates(project))
    except MagmaError as error:
        return Finding.fail(name, str(error), error.advice)
    letter = token.roles.get(project) or token.roles.get("administration", "")
    role = ROLES.get(letter.lower(), "nobody there")
    said = f"{models} models, as {role}"
    if token.sees_restricted(project):
        return Finding.ok(name, f"{said}, restricted records included.")
    return Finding.ok(name, f"{said}, without restricted records: missing and restricted look the same.")
