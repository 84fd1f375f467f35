"""Publishes what a chore comes to, once for the same work."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from loaders import seam
from loaders.chores import Chore, Work
from loaders.errors import UnknownLoaderError
from loaders.library.waiver.chore import Waiver
from magma.client import Magma

#: The chores that come with Polyphemus.
CHORES: dict[str, Chore] = {chore.name: chore for chore in (Waiver(),)}


def get(name: str) -> Chore:
    """The chore of that name; UnknownLoaderError when there is none."""
    try:
        return CHORES[name]
    except KeyError:
        raise UnknownLoaderError(
            _("There is no chore %(name)r; there are %(known)s.")
            % {"name": name, "known": ", ".join(sorted(CHORES))}
        ) from None


def to_do(magma: Magma, chore: Chore, project: str) -> Work | None:
    """What there is to do and was not done last; None when there is nothing."""
    work = chore.work(magma, project)
    if work is None or seam.was_completed_last(
        project, chore.analysis, work.fingerprint(chore.name, project)
    ):
        return None
    return work


def publish(chore: Chore, project: str, work: Work, *, requester: str, now: datetime) -> str:
    """Ask for it; the request's name. Refused while a request for the same work is open."""
    about = work.fingerprint(chore.name, project)
    return seam.submit_task(
        analysis=chore.analysis,
        project=project,
        inputs=work.inputs,
        params=work.params,
        requester=requester,
        about=about,
        now=now,
    )
