"""Who did what to which orphan, when, with which copy: written once, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models import Index
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from orphans.states import OrphanStatus, ReviewStatus
from polyphemus_site.sentences import SentenceField

#: What is noted besides moves, for the catalogues.
DEEDS = (
    _("bundle written"),
    _("bundle verified"),
    _("records removed"),
    _("update sent"),
    _("update refused"),
)


class AuditEntry(models.Model):
    """One line of history; a trigger refuses to change or delete it."""

    at = models.DateTimeField()
    project = models.TextField()
    actor = models.TextField()
    action = models.TextField()
    orphan = models.ForeignKey("orphans.Orphan", null=True, on_delete=models.PROTECT, related_name="history")
    review = models.ForeignKey("orphans.Review", null=True, on_delete=models.PROTECT, related_name="history")
    #: The move, in the words of `states`; empty when the line is no move.
    source = models.TextField(blank=True)
    target = models.TextField(blank=True)
    note = SentenceField(blank=True)
    bundle_sha256 = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = (
            Index(fields=["project", "-id"], name="audit_by_project"),
            Index(fields=["orphan", "id"], name="audit_by_orphan"),
            Index(fields=["review", "id"], name="audit_by_review"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor}: {self.words}"

    @property
    def words(self) -> str:
        """The state moved to, or the deed, in the reader's language."""
        if not self.target:
            return gettext(self.action)
        states = OrphanStatus if self.orphan_id else ReviewStatus
        return gettext(str(states(self.target).label))
