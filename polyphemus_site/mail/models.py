"""The outbox: one row a message owed to one person."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from polyphemus_site.mail.querysets import NoticeQuerySet
from polyphemus_site.mail.states import OWED, NoticeStatus


def validate_zone(name: str) -> None:
    """A zone that this host knows."""
    if name not in available_timezones():
        raise ValidationError(f"{name} isn't a time zone.")


class Notice(models.Model):
    """One message owed to one person, written with the change it tells of and sent later."""

    kind = models.CharField(max_length=100)
    recipient = models.CharField(max_length=254)
    context = models.JSONField(default=dict)
    #: What makes it the same notice however often it's written.
    key = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=NoticeStatus, default=NoticeStatus.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[NoticeQuerySet] = NoticeQuerySet.as_manager()  # type: ignore[assignment]  # a manager made of the queryset has its methods

    class Meta:
        """Constraints and the one index the deliverer reads."""

        constraints = (
            models.UniqueConstraint(fields=["key"], name="one_notice_for_each_key"),
            models.CheckConstraint(
                condition=Q(status__in=NoticeStatus.values), name="notice_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=NoticeStatus.SENT, sent_at__isnull=False)
                | (~Q(status=NoticeStatus.SENT) & Q(sent_at__isnull=True)),
                name="notice_sent_has_its_instant",
            ),
        )
        indexes = (
            models.Index(fields=["due_at", "id"], condition=Q(status__in=sorted(OWED)), name="notice_owed"),
            models.Index(fields=["recipient", "created_at"], name="notice_by_recipient"),
        )

    def __str__(self) -> str:
        """Kind and recipient."""
        return f"{self.kind} → {self.recipient}"


class NoticeEvent(models.Model):
    """One move of a notice; a failed try keeps what the server said."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="events")
    source = models.CharField(max_length=10, choices=NoticeStatus, blank=True)
    target = models.CharField(max_length=10, choices=NoticeStatus)
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        """Oldest first."""

        ordering = ("at", "pk")

    def __str__(self) -> str:
        """The move."""
        return " → ".join(_(str(NoticeStatus(one).label)) for one in (self.source, self.target) if one)


class Mailbox(models.Model):
    """One recipient's wishes, and whether their address works."""

    address = models.CharField(max_length=254, unique=True)
    #: The language of their mail; empty: the installation's.
    language = models.CharField(max_length=10, blank=True, choices=settings.LANGUAGES)
    zone = models.CharField(max_length=50, default="UTC", validators=[validate_zone])
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    daily_cap = models.PositiveSmallIntegerField(default=20, validators=[MinValueValidator(1)])
    blocked_at = models.DateTimeField(null=True, blank=True)
    block_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        """A cap of nothing would hold mail for ever."""

        constraints = (
            models.CheckConstraint(condition=Q(daily_cap__gte=1), name="mailbox_cap_is_at_least_one"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="mailbox_quiet_has_both_ends",
            ),
        )
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        """The address."""
        return self.address


class Unsubscription(models.Model):
    """A kind of mail that somebody has had enough of."""

    address = models.CharField(max_length=254)
    kind = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        """Once is enough."""

        constraints = (
            models.UniqueConstraint(fields=["address", "kind"], name="one_unsubscription_per_kind"),
        )

    def __str__(self) -> str:
        """Who, from what."""
        return f"{self.address} from {self.kind}"
