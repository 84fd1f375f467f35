"""The copies, and the transactions that relied on them."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext as _

from orphans.models.reviews import Review
from orphans.querysets import BundleQuerySet
from orphans.states import BundleStatus, StrikeStatus


class Bundle(models.Model):
    """A verified copy of some of a review's trees; the file lies in the storage named `bundles`."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="bundles")
    number = models.IntegerField()
    status = models.TextField(choices=BundleStatus.choices, default=BundleStatus.PLANNED)
    #: The name within the storage; empty until written.
    name = models.TextField(blank=True)
    #: Of the canonical JSON, before compression.
    sha256 = models.TextField(blank=True)
    size = models.BigIntegerField(default=0)
    records = models.IntegerField(default=0)
    written_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    keep_until = models.DateTimeField(null=True)
    #: What the removal adapter holds the rows to (digests by table and row), taken around the verification.
    witness = models.JSONField(default=dict)

    objects = BundleQuerySet.as_manager()

    class Meta:
        constraints = (
            UniqueConstraint(fields=["review", "number"], name="bundles_of_a_review_are_numbered"),
            CheckConstraint(condition=Q(status__in=BundleStatus.values), name="bundle_status_is_known"),
            CheckConstraint(
                condition=~Q(status=BundleStatus.VERIFIED)
                | (~Q(sha256="") & ~Q(name="") & Q(verified_at__isnull=False)),
                name="a_verified_bundle_has_its_file",
            ),
        )

    def __str__(self) -> str:
        return f"{self.review}, " + _("Bundle %(number)s") % {"number": self.number}


class Strike(models.Model):
    """One transaction in Magma's own database, remembered before it commits."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="strikes")
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT, related_name="strikes")
    status = models.TextField(choices=StrikeStatus.choices, default=StrikeStatus.COMMITTING)
    #: The transaction's number there: after a crash the database itself says what became of it.
    xid = models.TextField()
    records = models.IntegerField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            UniqueConstraint(
                fields=["review"],
                condition=Q(status=StrikeStatus.COMMITTING),
                name="one_strike_at_a_time_per_review",
            ),
            CheckConstraint(condition=Q(status__in=StrikeStatus.values), name="strike_status_is_known"),
        )

    def __str__(self) -> str:
        return f"Strike {self.xid} of review {self.review_id}"
