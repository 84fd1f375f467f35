"""Noticing that somebody came by, once in a while: what follows from it must not cost every request."""

from __future__ import annotations

import hashlib
from typing import Final

from django.core.cache import caches

from polyphemus_site.janus.people import Person
from polyphemus_site.janus.signals import person_came_by

AGAIN_AFTER_SECONDS: Final = 3600
#: A broker that doesn't answer must not keep every page waiting.
AFTER_FAILURE_SECONDS: Final = 30


def note(person: Person) -> None:
    """Tell whoever listens, unless this token was told of lately; what failed is told again soon."""
    if person.is_task:
        return
    cache, key = caches["janus"], f"visit:{hashlib.sha256(person.token.encode()).hexdigest()}"
    if not cache.add(key, 1, AGAIN_AFTER_SECONDS):
        return
    answers = person_came_by.send_robust(Person, person=person)
    if any(isinstance(answer, Exception) for _, answer in answers):
        cache.set(key, 1, AFTER_FAILURE_SECONDS)
