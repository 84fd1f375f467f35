"""What the composition root does when others tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.dispatch import receiver

from orphans.models import Review
from orphans.signals import removal_proposed
from polyphemus_site.clock import now  # noqa: TID251 — what follows a commit is an edge, as a task is
from polyphemus_site.home import channels, digests, readers
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.signals import person_came_by
from polyphemus_site.mail import outbox
from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.signals import notice_can_wait
from polyphemus_site.projects.signals import project_settings_changed
from polyphemus_site.tasks import meet


@receiver(project_settings_changed, dispatch_uid="polyphemus_site.move_digests")
def move_digests(*, project: str, **_: Any) -> None:
    """The next digests come at the hour that was chosen."""
    channels.follow_settings(project, now=now())
    readers.follow_settings(project, now=now())


@receiver(person_came_by, dispatch_uid="polyphemus_site.keep_acquaintance")
def keep_acquaintance(*, person: Person, **_: Any) -> None:
    """Their digests begin, or follow the roles they have now; the page they came for doesn't wait for it."""
    meet.apply_async(args=(person.email, readers.letters_of(person)), retry=False)


@receiver(removal_proposed, dispatch_uid="polyphemus_site.ask_for_agreement")
def ask_for_agreement(*, review: Review, now: datetime, **_: Any) -> None:
    """The admins we know of who may agree are asked at once, in the transaction of the proposal.

    Where we know of no other of the project's, the installation's admins are.
    """
    path = f"/{review.project}/orphans/reviews/{review.pk}"
    about = {"project": review.project, "review": review.pk, "path": path, "who": review.decided_by}
    proposer = {review.decided_by}
    others = set(readers.admins_of(review.project, now=now)) - proposer
    for email in sorted(others or set(settings.POLYPHEMUS_ADMIN_EMAILS) - proposer):
        key = f"orphan-removal-proposed:{review.pk}:{now.timestamp()}:{email}"
        outbox.write(kind="orphan_removal_proposed", recipient=email, context=about, key=key, now=now)


@receiver(notice_can_wait, dispatch_uid="polyphemus_site.wait_for_digest")
def wait_for_digest(*, notice: Notice, now: datetime, **_: Any) -> datetime | None:
    """What asks for nothing waits for its recipient's digest."""
    return digests.awaited(notice, now=now)
