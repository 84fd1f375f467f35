"""What loaders do when others tell: the journal's records are noted at once and judged soon."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from loaders.services import changes
from loaders.signals import shard_written
from loaders.tasks import follow_settings, judge_pending, judge_shard, scan_project
from magma.journal.models import JournalEntry
from magma.signals import journal_entry_written
from polyphemus_site.projects.signals import project_settings_changed


@receiver(journal_entry_written, dispatch_uid="loaders.judge_touched_records")
def judge_touched_records(*, entry_id: int, project_name: str, **_: Any) -> None:
    """Note the records an entry names; a worker judges them together with whatever else is waiting."""
    entry = JournalEntry.objects.get(pk=entry_id)
    if changes.tell(project_name, entry.record_names, now=entry.received_at):
        judge_pending.delay(project_name)


@receiver(shard_written, dispatch_uid="loaders.judge_written_shard")
def judge_written_shard(*, shard_id: int, **_: Any) -> None:
    """Some worker judges it."""
    judge_shard.delay(shard_id)


@receiver(project_settings_changed, dispatch_uid="loaders.follow_changed_settings")
def follow_changed_settings(*, project: str, switched_on: list[str], **_: Any) -> None:
    """Suggestions follow at once; a loader that may judge again is given everything to judge."""
    follow_settings.delay(project)
    if switched_on:
        scan_project.delay(project)
