"""Once a week each loader's author is told how its suggestions were taken, in counts and reasons."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from loaders import registry
from loaders.loader import Loader
from loaders.models import Suggestion
from loaders.usefulness import Usefulness, measured
from polyphemus_site.mail import outbox

KIND = "loader_usefulness"
#: How far back the figures look.
WINDOW = timedelta(days=90)


def tell(*, now: datetime) -> int:
    """Owe each author this week's figures, once however often this runs; how many loaders had any."""
    authored = [loader for loader in registry.current() if loader.author and not loader.is_shadow]
    figures = _figures([loader.name for loader in authored], now=now)
    for loader in authored:
        if found := figures.get(loader.name):
            _owe(loader, found, now=now)
    return len(figures)


def _figures(names: list[str], *, now: datetime) -> dict[str, Usefulness]:
    """What is drawn from restricted records is left out: an author may have no role anywhere."""
    rows = Suggestion.objects.filter(loader__in=names, restricted=False, opened_at__gt=now - WINDOW)
    return {found.loader: found for found in measured(rows, now=now)} if names else {}


def _owe(loader: Loader, found: Usefulness, *, now: datetime) -> None:
    year, week, _ = now.isocalendar()
    context = asdict(found) | {
        "title": loader.title or loader.name,
        "waiting": found.waiting,
        "percent": found.percent,
        "days": WINDOW.days,
    }
    key = f"{KIND}-{loader.name}-{year}-{week:02}"
    outbox.write(kind=KIND, recipient=loader.author, context=context, key=key, now=now)
