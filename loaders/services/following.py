"""Standing suggestions follow what a project's admins decide: a loader off, tried out, or live again.

Safe to repeat: a scan that began under the old settings may write once more after they changed.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop as _

from loaders import registry
from loaders.models import Suggestion
from loaders.services.rows import Desk
from polyphemus_site.projects import decisions
from polyphemus_site.sentences import Sentence

SWITCHED_OFF = Sentence(_("The loader was switched off for this project."))


def follow(project: str, *, now: datetime) -> int:
    """Close what loaders that are off have open, and hide or show what others have; how many rows."""
    decided = decisions.of(project)
    standing = Suggestion.objects.standing().filter(project=project)
    off = standing.filter(loader__in=decided.loaders_off)
    written = 0
    for loader, model, anchor in off.values_list("loader", "model", "anchor"):
        written += Desk(project, loader, model, now).close({anchor: SWITCHED_OFF})
    live = {loader.name for loader in registry.current() if not loader.is_shadow}
    tried = live & set(decided.loaders_shadow)
    written += standing.filter(shadow=False, loader__in=tried).update(shadow=True)
    return written + standing.filter(shadow=True, loader__in=live - tried).update(shadow=False)


def follow_all(*, now: datetime) -> int:
    """Follow the settings of every project that has any."""
    return sum(follow(project, now=now) for project in decisions.decided_projects())
