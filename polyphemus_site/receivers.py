"""What the composition root does when others tell."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from polyphemus_site.clock import now  # noqa: TID251 — what follows a commit is an edge, as a task is
from polyphemus_site.home import channels
from polyphemus_site.projects.signals import project_settings_changed


@receiver(project_settings_changed, dispatch_uid="polyphemus_site.move_channel_digest")
def move_channel_digest(*, project: str, **_: Any) -> None:
    """The channel's next digest comes at the hour that was chosen."""
    channels.follow_settings(project, now=now())
