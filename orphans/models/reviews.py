"""A person's look at orphans, and what became of each."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils.translation import gettext as _

from orphans.models.orphans import Orphan
from orphans.querysets import ReviewItemQuerySet, ReviewQuerySet
from orphans.states import Decision, Fate, OrphanStatus, ReviewStatus
from polyphemus_site.sentences import SentenceField


class Review(models.Model):
    """One person's selection, the decision on it, and the removal's way when it was decided."""

    project = models.TextField()
    status = models.TextField(choices=ReviewStatus.choices, default=ReviewStatus.GATHERING)
    created_by = models.TextField()
    created_at = models.DateTimeField()
    #: Orphans, and records with everything below them: the number a person types to confirm.
    orphans = models.IntegerField(default=0)
    records = models.IntegerField(default=0)

    decision = models.TextField(choices=Decision.choices, blank=True)
    reason = models.TextField(blank=True)
    decided_by = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)
    approved_by = models.TextField(blank=True)
    approved_at = models.DateTimeField(null=True)

    #: The removal adapter in use, by its key.
    adapter = models.TextField(blank=True)
    #: What stands in the way and what to do, in words; empty when nothing does.
    trouble = SentenceField(blank=True)
    trouble_code = models.TextField(blank=True)
    attempts = models.IntegerField(default=0)
    try_again_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = (
            CheckConstraint(condition=Q(status__in=ReviewStatus.values), name="review_status_is_known"),
            CheckConstraint(
                condition=~Q(
                    status__in=[
                        ReviewStatus.APPROVED,
                        ReviewStatus.REMOVING,
                        ReviewStatus.HANDED_OVER,
                        ReviewStatus.STOPPED,
                    ]
                )
                | (Q(decision=Decision.REMOVE) & ~Q(approved_by="")),
                name="removal_was_approved_by_a_person",
            ),
        )
        indexes = (
            Index(fields=["project", "-id"], name="reviews_by_project"),
            Index(
                fields=["status", "try_again_at"],
                condition=Q(status__in=["gathering", "approved", "removing", "handed_over"]),
                name="reviews_to_advance",
            ),
        )

    def __str__(self) -> str:
        return f"{self.project}: " + _("Review %(pk)s") % {"pk": self.pk}

    @property
    def confirmation(self) -> str:
        """What a person types to have these removed."""
        return f"remove {self.records}"


class ReviewItem(models.Model):
    """One orphan under review: what was seen of it, and its fate."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="items")
    orphan = models.ForeignKey(Orphan, on_delete=models.PROTECT, related_name="items")
    fate = models.TextField(choices=Fate.choices, default=Fate.PENDING)
    fate_note = SentenceField(blank=True)
    #: The orphan's own state when the review began: a decision made elsewhere meanwhile wins.
    seen_status = models.TextField(default=OrphanStatus.OPEN)
    #: The digest of the whole tree as the person saw it; removal demands the same.
    mark = models.TextField(blank=True)
    records = models.IntegerField(default=0)
    #: How many records of each model hang below, and the orphan's own document, as seen.
    shape = models.JSONField(default=dict)
    document = models.JSONField(default=dict)
    restricted_attributes = models.JSONField(default=list)
    #: Every record of the tree, parents first: model, record, the digest of its document, the one above.
    seen = models.JSONField(default=list)
    #: Something in the tree is for upper-case roles only, so nobody else decides on its removal.
    holds_restricted = models.BooleanField(default=False)
    #: Why it can't be removed: sentences, each naming what stands in the way.
    blockers = SentenceField(default=list)
    #: What else in Polyphemus speaks of it: the same.
    mentions = SentenceField(default=list)
    #: Items that link to each other carry the same number: they go together or not at all.
    group = models.BigIntegerField(default=0)
    parent = models.TextField(blank=True)
    #: Likely parents, the likeliest first: parent, score, reasons.
    proposals = models.JSONField(default=list)
    bundle = models.ForeignKey("orphans.Bundle", null=True, on_delete=models.PROTECT, related_name="items")
    strike = models.ForeignKey("orphans.Strike", null=True, on_delete=models.PROTECT, related_name="items")

    objects = ReviewItemQuerySet.as_manager()

    class Meta:
        constraints = (
            UniqueConstraint(fields=["review", "orphan"], name="an_orphan_once_a_review"),
            CheckConstraint(condition=Q(fate__in=Fate.values), name="fate_is_known"),
            CheckConstraint(
                condition=~Q(fate=Fate.REMOVED) | Q(bundle__isnull=False),
                name="nothing_removed_without_a_bundle",
            ),
        )
        indexes = (Index(F("review"), F("fate"), F("id"), name="items_by_fate"),)

    def __str__(self) -> str:
        return f"{self.orphan_id} in review {self.review_id}"

    @property
    def is_removable(self) -> bool:
        """Nothing stands in the way, as far as was seen."""
        return self.fate == Fate.PENDING and not self.blockers
