"""Rows of our own that loaders judge beside Magma's records: files in Metis, mappings from REDCap."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint

NAME_LENGTH = 100
PATH_LENGTH = 500


class ListedFile(models.Model):
    """A file in a Metis bucket, as the last listing told."""

    project = models.CharField(max_length=NAME_LENGTH)
    bucket = models.CharField(max_length=NAME_LENGTH)
    path = models.CharField(max_length=PATH_LENGTH)
    md5 = models.CharField(max_length=NAME_LENGTH, blank=True)
    size = models.BigIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField()
    #: When a listing showed it last: what the whole listing doesn't show is gone.
    seen_at = models.DateTimeField()
    #: The header of a table; null where it is none, or could not be read.
    columns = ArrayField(models.TextField(), null=True, blank=True)

    class Meta:
        """One row a path."""

        constraints = (UniqueConstraint(fields=["project", "bucket", "path"], name="a_file_is_listed_once"),)
        indexes = (Index(fields=["project", "bucket", "updated_at"], name="listed_files_changed_since"),)

    def __str__(self) -> str:
        """Where it lies."""
        return f"metis://{self.project}/{self.bucket}/{self.path}"


class ListedBucket(models.Model):
    """How far the listing of a bucket has read, and what ended it last time."""

    project = models.CharField(max_length=NAME_LENGTH)
    bucket = models.CharField(max_length=NAME_LENGTH)
    since = models.DateTimeField()
    read_at = models.DateTimeField()
    #: When it was last read from its beginning, which alone shows what is gone.
    whole_at = models.DateTimeField()
    error = models.TextField(blank=True)

    class Meta:
        """One row a bucket."""

        constraints = (UniqueConstraint(fields=["project", "bucket"], name="a_bucket_is_listed_once"),)

    def __str__(self) -> str:
        """Which."""
        return f"{self.project}/{self.bucket}"


class RedcapMapping(models.Model):
    """Which fields of a REDCap project fill which attributes of a model; admins write it."""

    project = models.CharField(max_length=NAME_LENGTH)
    name = models.CharField(max_length=NAME_LENGTH, validators=[RegexValidator(r"\A[a-z][a-z0-9_]*\Z")])
    model = models.CharField(max_length=NAME_LENGTH)
    #: Attribute -> field.
    attributes = models.JSONField(default=dict)
    #: The fields that REDCap has, as far as anybody has told.
    fields = ArrayField(models.TextField(), default=list, blank=True)
    #: The name under which the analyst keeps REDCap's token; never the token itself.
    secret_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    #: Empty what REDCap leaves empty.
    strict = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    #: The version of which somebody has said: yes, it may empty attributes.
    confirmed_version = models.PositiveIntegerField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=254, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        """One row a name."""

        constraints = (
            UniqueConstraint(fields=["project", "name"], name="a_redcap_mapping_has_a_name_of_its_own"),
            CheckConstraint(
                condition=Q(confirmed_version=None) | Q(confirmed_version__lte=F("version")),
                name="only_a_version_that_is_there_is_confirmed",
            ),
        )

    def __str__(self) -> str:
        """Which."""
        return f"{self.project} {self.name}"

    @property
    def is_confirmed(self) -> bool:
        """Whether strict mode was agreed to for the mapping as it is now."""
        return self.confirmed_version == self.version
