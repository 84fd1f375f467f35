"""A project's settings, and every change of them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext as _

from polyphemus_site.mail.models import validate_zone

NAME_LENGTH = 100


class ProjectSettings(models.Model):
    """What a project's admins have decided; a project without a row has the usual."""

    project = models.CharField(max_length=NAME_LENGTH, unique=True)
    #: Counts the changes: a form filled in before somebody else's change is refused.
    version = models.PositiveIntegerField(default=0)
    #: Loaders that judge nothing here.
    loaders_off = ArrayField(models.CharField(max_length=NAME_LENGTH), default=list, blank=True)
    #: Loaders that judge here and tell nobody.
    loaders_shadow = ArrayField(models.CharField(max_length=NAME_LENGTH), default=list, blank=True)
    #: So many requests that are not over at a time; None: any number.
    most_open_requests = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1_000_000)]
    )
    #: When the project's channel is told, and what a new reader of the digest is offered.
    digest_hour = models.PositiveSmallIntegerField(default=8, validators=[MaxValueValidator(23)])
    digest_zone = models.CharField(max_length=50, default="UTC", validators=[validate_zone])

    class Meta:
        """What the form checks, the database holds."""

        constraints = (
            CheckConstraint(condition=Q(digest_hour__lte=23), name="project_digest_hour_is_an_hour"),
            CheckConstraint(
                condition=Q(most_open_requests=None) | Q(most_open_requests__gte=1),
                name="project_limit_leaves_room_for_one",
            ),
        )
        verbose_name_plural = "project settings"

    def __str__(self) -> str:
        """Whose."""
        return _("Settings of %(project)s") % {"project": self.project}


class ProjectSettingsEvent(models.Model):
    """One change: who, when, from what to what."""

    project = models.CharField(max_length=NAME_LENGTH)
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        """The latest first."""

        ordering = ("-pk",)
        indexes = (models.Index(fields=["project", "-id"], name="settings_events_of_a_project"),)

    def __str__(self) -> str:
        """Who changed whose."""
        return f"{self.project}: {self.actor}"
