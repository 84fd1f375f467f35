"""What the composition root does when others tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.dispatch import receiver

from orphans.models import Review
from orphans.signals import removal_proposed
from polyphemus_site.clock import now  # noqa: TID251 — what follows a commit is an edge, as a task is
from polyphemus_site.home import channels, digests
from polyphemus_site.mail import outbox
from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.signals import notice_can_wait
from polyphemus_site.projects.signals import project_settings_changed


@receiver(project_settings_changed, dispatch_uid="polyphemus_site.move_channel_digest")
def move_channel_digest(*, project: str, **_: Any) -> None:
    """The channel's next digest comes at the hour that was chosen."""
    channels.follow_settings(project, now=now())


@receiver(removal_proposed, dispatch_uid="polyphemus_site.ask_for_agreement")
def ask_for_agreement(*, review: Review, now: datetime, **_: Any) -> None:
    """The admins we know of who may agree are asked at once, in the transaction of the proposal.

    Where no other of the project's reads a digest, the installation's admins are.
    """
    path = f"/{review.project}/orphans/reviews/{review.pk}"
    about = {"project": review.project, "review": review.pk, "path": path, "who": review.decided_by}
    proposer = {review.decided_by}
    others = set(digests.admins_of(review.project, now=now)) - proposer
    for email in sorted(others or set(settings.POLYPHEMUS_ADMIN_EMAILS) - proposer):
        key = f"orphan-removal-proposed:{review.pk}:{now.timestamp()}:{email}"
        outbox.write(kind="orphan_removal_proposed", recipient=email, context=about, key=key, now=now)


@receiver(notice_can_wait, dispatch_uid="polyphemus_site.wait_for_digest")
def wait_for_digest(*, notice: Notice, now: datetime, **_: Any) -> datetime | None:
    """What asks for nothing waits for its recipient's digest."""
    return digests.awaited(notice, now=now)
