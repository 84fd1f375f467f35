"""A record without its parent, and the searches that find such."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

from orphans.querysets import OrphanQuerySet
from orphans.states import LIVE, Cause, OrphanStatus, Source
from polyphemus_site.sentences import SentenceField


class Orphan(models.Model):
    """The top of a disconnected tree; what hangs below belongs to it and has no row of its own."""

    project = models.TextField()
    model = models.TextField()
    #: The identifier; for a row of a table model its number, as text.
    record = models.TextField()
    is_row = models.BooleanField(default=False)
    parent_attribute = models.TextField()
    parent_model = models.TextField()
    status = models.TextField(choices=OrphanStatus.choices, default=OrphanStatus.OPEN)
    restricted = models.BooleanField(default=False)
    #: It stood below a restricted record, which hid it: losing its parent must not show it to everybody.
    was_restricted = models.BooleanField(default=False)

    cause = models.TextField(choices=Cause.choices, default=Cause.UNKNOWN)
    cause_note = SentenceField(blank=True)
    former_parent = models.TextField(blank=True)
    appeared_at = models.DateTimeField(null=True)
    appeared_by = models.TextField(blank=True)
    journal_entry = models.BigIntegerField(null=True)

    #: Orphans of one batch came about together: by one update, or between the same two looks.
    batch = models.TextField(blank=True)

    found_at = models.DateTimeField()
    found_by = models.TextField(choices=Source.choices)
    last_seen_at = models.DateTimeField()
    record_created_at = models.DateTimeField(null=True)
    record_updated_at = models.DateTimeField(null=True)

    #: Why it was kept or put off, by whom, until when.
    reason = models.TextField(blank=True)
    decided_by = models.TextField(blank=True)
    later_until = models.DateTimeField(null=True)
    #: The parent it was found under when it was adopted.
    new_parent = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = OrphanQuerySet.as_manager()

    class Meta:
        constraints = (
            UniqueConstraint(
                fields=["project", "model", "record"],
                condition=Q(status__in=sorted(LIVE)),
                name="one_live_row_per_orphaned_record",
            ),
            CheckConstraint(condition=Q(status__in=OrphanStatus.values), name="orphan_status_is_known"),
            CheckConstraint(condition=Q(cause__in=Cause.values), name="orphan_cause_is_known"),
            CheckConstraint(
                condition=Q(status__in=sorted(LIVE), closed_at=None)
                | (~Q(status__in=sorted(LIVE)) & Q(closed_at__isnull=False)),
                name="closed_orphans_say_when",
            ),
        )
        indexes = (
            Index(fields=["project", "status", "id"], name="orphans_by_project"),
            Index(fields=["project", "model", "record"], name="orphans_by_record"),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.model} {self.record}"


class OrphanCursor(models.Model):
    """How far the scan of recent changes has read a project's disconnected records."""

    project = models.TextField(unique=True)
    #: The newest `updated_at` seen, in Magma's whole seconds.
    seen_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.project} until {self.seen_until:%Y-%m-%d %H:%M:%S}"


class Search(models.Model):
    """One look for orphans, and what became of it."""

    project = models.TextField()
    source = models.TextField(choices=Source.choices)
    models_read = models.JSONField(default=list)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    found = models.IntegerField(default=0)
    closed = models.IntegerField(default=0)
    reopened = models.IntegerField(default=0)
    requests = models.IntegerField(default=0)
    #: What went wrong, in a sentence; empty when nothing did.
    error = SentenceField(blank=True)

    class Meta:
        verbose_name_plural = "searches"
        indexes = (Index(fields=["project", "-started_at"], name="searches_by_project"),)

    def __str__(self) -> str:
        return f"{self.project}, {self.started_at:%Y-%m-%d %H:%M:%S}"
