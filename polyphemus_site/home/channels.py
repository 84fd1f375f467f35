"""A project's digest in its Slack channel, once a day: the second way to hear of things, besides mail.

A channel has no role: it is told what any viewer may see, as counts and links, and never of restricted
records.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.conf import settings
from django.db.models import F

from polyphemus_site.health import Finding
from polyphemus_site.home.hours import next_hour
from polyphemus_site.home.overview import Card, overview
from polyphemus_site.home.sight import sight_of
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level, Role
from polyphemus_site.models import ChannelDigest
from polyphemus_site.projects import decisions

logger = logging.getLogger(__name__)

SECONDS = 10.0
#: Longer than a post can take; a poster that dies leaves the digest due again after this.
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=10)
MOST_ATTEMPTS = 6


def post_due(*, now: datetime) -> int:
    """Post where it is time; several posters at once post each digest once. The number posted."""
    for project in settings.POLYPHEMUS_SLACK_WEBHOOKS:
        first = {"next_at": next_morning(project, now=now)}
        ChannelDigest.objects.get_or_create(project=project, defaults=first)
    configured = ChannelDigest.objects.filter(project__in=list(settings.POLYPHEMUS_SLACK_WEBHOOKS))
    return sum(_post(digest, now=now) for digest in configured.filter(next_at__lte=now))


def next_morning(project: str, *, now: datetime) -> datetime:
    """The next time it is the hour the project's admins chose; strictly later than now."""
    decided = decisions.of(project)
    return next_hour(decided.digest_hour, decided.digest_zone, now=now)


def follow_settings(project: str, *, now: datetime) -> None:
    """A waiting digest comes at the hour chosen now; one that failed is tried again as before."""
    waiting = ChannelDigest.objects.filter(project=project, attempts=0, next_at__gt=now)
    waiting.update(next_at=next_morning(project, now=now))


def text_of(project: str, cards: list[Card]) -> str:
    """One line a card, in Slack's own link form; its three special characters are escaped."""
    url = settings.POLYPHEMUS_URL
    lines = [f"• <{url}{card.path}|{_plain(f'{card.figure} {card.says}')}>" for card in cards]
    return "\n".join([f"*{_plain(project)}*", *lines])


def stuck(now: datetime) -> Finding:
    """Whether a channel can't be reached, for /readyz and the doctor."""
    del now
    failing = ChannelDigest.objects.exclude(last_error="").order_by("project").first()
    if failing is None:
        return Finding.ok("slack", "No channel is failing.")
    return Finding.warn(
        "slack",
        f"The digest of {failing.project} could not be posted: {failing.last_error}",
        "Correct its address in POLYPHEMUS_SLACK_WEBHOOKS; it is tried again by itself.",
    )


def _post(digest: ChannelDigest, *, now: datetime) -> bool:
    ours = ChannelDigest.objects.filter(pk=digest.pk, next_at=digest.next_at)
    if not ours.update(next_at=now + LEASE, attempts=F("attempts") + 1):
        return False
    anybody = Person("", roles={digest.project: Role(Level.VIEWER)})
    sight = sight_of(anybody, digest.project, now=now)
    cards = [card for card in overview(anybody, digest.project, sight) if card.figure]
    error = _send(digest.project, text_of(digest.project, cards)) if cards else ""
    _settle(digest, error, now=now)
    return bool(cards) and not error


def _send(project: str, text: str) -> str:
    """Post one message; the error in words, empty when Slack took it."""
    message: dict[str, Any] = {"username": "Polyphemus", "text": text, "icon_emoji": ":polyphemus:"}
    try:
        answer = httpx.post(settings.POLYPHEMUS_SLACK_WEBHOOKS[project], json=message, timeout=SECONDS)
    except httpx.HTTPError as error:
        return type(error).__name__
    return "" if answer.is_success else f"it answers {answer.status_code}"


def _settle(digest: ChannelDigest, error: str, *, now: datetime) -> None:
    attempt = digest.attempts + 1
    again = error and attempt < MOST_ATTEMPTS
    if error:
        logger.warning("The digest of %s was not posted: %s", digest.project, error)
    ChannelDigest.objects.filter(pk=digest.pk, next_at=now + LEASE, attempts=attempt).update(
        next_at=now + FIRST_PAUSE * 2 ** (attempt - 1) if again else next_morning(digest.project, now=now),
        attempts=attempt if again else 0,
        last_error=error,
    )


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
