"""What sibling services told us, and what of it is still to be passed on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from magma.journal.querysets import ForwardingQuerySet, JournalEntryQuerySet


class JournalEntry(models.Model):
    """One event a sibling reported. A hint to look, never the truth about Magma."""

    project_name = models.CharField(max_length=100)
    #: The key id it was signed with.
    sender = models.CharField(max_length=40)
    #: Whose event it is; the sender unless it says otherwise.
    application = models.CharField(max_length=100)
    user = models.CharField(max_length=254, blank=True)
    event = models.CharField(max_length=100)
    message = models.TextField(blank=True)
    #: {model: {record: {attribute: value}}}, the payload without templates; null when it named no records.
    documents = models.JSONField(null=True)
    received_at = models.DateTimeField(db_index=True)
    #: When every receiver had taken it.
    handled_at = models.DateTimeField(null=True)
    #: When the receivers are told again, as long as it is not handled.
    retry_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)

    objects = JournalEntryQuerySet.as_manager()

    class Meta:
        """Newest first; what is unhandled is found without reading the rest."""

        ordering: ClassVar = ["-received_at", "-pk"]
        verbose_name_plural = "journal entries"
        indexes: ClassVar = [
            models.Index(fields=["project_name", "received_at"], name="journal_by_project"),
            models.Index(fields=["retry_at"], condition=models.Q(handled_at=None), name="journal_unhandled"),
        ]

    def __str__(self) -> str:
        """What happened where."""
        return f"{self.project_name}: {self.event}, {self.message}"[:200]

    @property
    def record_names(self) -> dict[str, list[str]]:
        """The records named, by model."""
        return {model: list(records) for model, records in (self.documents or {}).items()}


class Forwarding(models.Model):
    """An entry owed to the existing event log; the body is let go once it is delivered."""

    entry = models.OneToOneField(JournalEntry, on_delete=models.CASCADE, related_name="forwarding")
    #: The body as it came, deflated.
    body = models.BinaryField()
    retry_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    forwarded_at = models.DateTimeField(null=True)
    #: Why the last try failed.
    error = models.TextField(blank=True)

    objects = ForwardingQuerySet.as_manager()

    class Meta:
        """What is due is found without reading the rest."""

        indexes: ClassVar = [
            models.Index(fields=["retry_at"], condition=models.Q(forwarded_at=None), name="forwarding_due")
        ]

    def __str__(self) -> str:
        """Which entry, and how far it is."""
        return f"{self.entry_id} → {self.forwarded_at or '-'}"
