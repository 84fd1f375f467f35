"""What the composition root itself keeps: signs of life."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from polyphemus_site.janus.roles import Level

PROJECT_LENGTH = 100
LEVELS = [(level.value, level.name.capitalize()) for level in Level]


class Heartbeat(models.Model):
    """When beat's last order was carried out by a worker: proof of beat, broker and worker in one."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        """Whose sign of life."""
        return self.name


class DigestReader(models.Model):
    """Somebody who gets a project's daily digest, or has stopped it, with the rights of their last visit."""

    email = models.CharField(max_length=254)
    project = models.CharField(max_length=PROJECT_LENGTH)
    #: In their own zone; empty: whenever the project's admins have chosen.
    hour = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(23)])
    #: When the next one is due: a column, so that one sweep finds what is due.
    next_at = models.DateTimeField(db_index=True)
    #: Empty: they have no role here, and are told what they are owed and nothing else.
    level = models.CharField(max_length=1, blank=True, choices=LEVELS)
    #: Whether their role was an upper-case one.
    restricted = models.BooleanField(default=False)
    seen_at = models.DateTimeField()
    #: When they had enough of it.
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """One digest a day, person and project."""

        constraints = (
            models.UniqueConstraint(fields=["email", "project"], name="one_digest_per_person_and_project"),
            models.CheckConstraint(condition=Q(hour__lte=23), name="digest_hour_is_an_hour"),
            models.CheckConstraint(condition=Q(level__in=["", *Level]), name="digest_level_is_known"),
        )

    def __str__(self) -> str:
        """Who reads what."""
        return f"{self.email}: {self.project}"


class ChannelDigest(models.Model):
    """When a project's channel is told next, and whether the last post got through."""

    project = models.CharField(max_length=PROJECT_LENGTH, unique=True)
    #: When to post; while a post is under way, when its poster counts as dead.
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        """Whose channel."""
        return self.project
