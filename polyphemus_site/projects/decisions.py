"""Asking for a project's settings, and changing them: one conditional update with its history."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.projects.models import ProjectSettings, ProjectSettingsEvent
from polyphemus_site.projects.signals import project_settings_changed


@dataclass(frozen=True, slots=True)
class Decided:
    """What there is to decide for a project. `version` counts the changes so far."""

    loaders_off: tuple[str, ...] = ()
    loaders_shadow: tuple[str, ...] = ()
    most_open_requests: int | None = None
    digest_hour: int = 8
    digest_zone: str = "UTC"
    version: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON, and as columns."""
        values = asdict(self)
        del values["version"]
        return values | {name: sorted(values[name]) for name in ("loaders_off", "loaders_shadow")}


def of(project: str) -> Decided:
    """What holds for a project: what its admins decided, or the usual."""
    row = ProjectSettings.objects.filter(project=project).first()
    return _decided(row) if row else Decided()


def change(project: str, wanted: Decided, *, actor: str, now: datetime) -> Decided:
    """Let `wanted` hold from now on; refused when somebody changed the settings since its version.

    Nothing is written where nothing changes.
    """
    with transaction.atomic():
        row, _created = ProjectSettings.objects.get_or_create(project=project)
        before = _decided(row)
        if before.version == wanted.version and before.plain() == wanted.plain():
            return before
        seen = ProjectSettings.objects.filter(project=project, version=wanted.version)
        if not seen.update(**wanted.plain(), version=wanted.version + 1):
            raise MoveRefusedError(
                _("Somebody else has changed these settings meanwhile; look at them again."),
                code="settings_changed",
            )
        ProjectSettingsEvent.objects.create(
            project=project, actor=actor, at=now, before=before.plain(), after=wanted.plain()
        )
        _tell_after_commit(project, before, wanted)
    return of(project)


def _tell_after_commit(project: str, before: Decided, after: Decided) -> None:
    switched_on = sorted(set(before.loaders_off) - set(after.loaders_off))
    tell = partial(project_settings_changed.send_robust, ProjectSettings)
    transaction.on_commit(partial(tell, project=project, switched_on=switched_on))


def decided_projects() -> list[str]:
    """The projects whose admins have decided anything."""
    return list(ProjectSettings.objects.order_by("project").values_list("project", flat=True))


def history(project: str, *, most: int = 50) -> list[ProjectSettingsEvent]:
    """The latest changes, the newest first."""
    return list(ProjectSettingsEvent.objects.filter(project=project)[:most])


def room_for_requests(project: str) -> int | None:
    """How many requests may be open at a time; None for any number.

    This waits for whoever else is publishing here, so that two don't share the last place.
    """
    limited = ProjectSettings.objects.filter(project=project, most_open_requests__isnull=False)
    return limited.select_for_update().values_list("most_open_requests", flat=True).first()


def _decided(row: ProjectSettings) -> Decided:
    return Decided(
        loaders_off=tuple(row.loaders_off),
        loaders_shadow=tuple(row.loaders_shadow),
        most_open_requests=row.most_open_requests,
        digest_hour=row.digest_hour,
        digest_zone=row.digest_zone,
        version=row.version,
    )
