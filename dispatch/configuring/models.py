"""The rows of configuring: configurations in versions, what was requested from them, editions of schemas."""

from __future__ import annotations

import json

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Lower

from dispatch.models import EMAIL_LENGTH, AnalysisRequest
from polyphemus_site.postgresql.fields import VerbatimJSONField

NAME_LENGTH = 100
DIGEST_LENGTH = 64


class SchemaEdition(models.Model):
    """The schemas of an analysis as they were at some time. The database refuses to change or delete one."""

    analysis = models.CharField(max_length=NAME_LENGTH)
    digest = models.CharField(max_length=DIGEST_LENGTH)
    schema = VerbatimJSONField(null=True)
    input_schema = VerbatimJSONField(null=True)
    source = models.CharField(max_length=500, blank=True)
    author = models.CharField(max_length=EMAIL_LENGTH)
    at = models.DateTimeField()

    class Meta:
        """Each content once."""

        constraints = (
            UniqueConstraint(fields=["analysis", "digest"], name="an_edition_of_a_schema_is_kept_once"),
        )

    def __str__(self) -> str:
        """Which analysis, and the start of the digest."""
        return f"{self.analysis} {self.digest[:12]}"


class Configuration(models.Model):
    """Params of an analysis that a project keeps under a name, in versions."""

    project = models.CharField(max_length=NAME_LENGTH)
    analysis = models.CharField(max_length=NAME_LENGTH)
    name = models.CharField(max_length=NAME_LENGTH)
    author = models.CharField(max_length=EMAIL_LENGTH)
    created_at = models.DateTimeField()

    class Meta:
        """Found by project and analysis; a name is used once there, in whatever letter case."""

        constraints = (
            UniqueConstraint("project", "analysis", Lower("name"), name="one_configuration_of_a_name"),
        )

    def __str__(self) -> str:
        """What people call it."""
        return f"{self.name} ({self.analysis})"


class ConfigurationVersion(models.Model):
    """What a configuration was at some time. The database refuses to change or delete one."""

    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    params = VerbatimJSONField()
    #: The edition of the analysis's schemas it was made with; empty where there were none.
    edition = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    author = models.CharField(max_length=EMAIL_LENGTH)
    comment = models.TextField(blank=True)
    at = models.DateTimeField()
    #: The version it was started from, of this configuration or another.
    origin = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    is_restored = models.BooleanField(default=False)

    class Meta:
        """Numbered from 1."""

        ordering = ("-number",)
        constraints = (
            UniqueConstraint(fields=["configuration", "number"], name="versions_are_numbered_once"),
            CheckConstraint(condition=Q(number__gte=1), name="versions_are_numbered_from_one"),
        )

    def __str__(self) -> str:
        """Its name and number."""
        return f"{self.configuration.name} v{self.number}"

    @property
    def spelled(self) -> str:
        """The params, for people."""
        return json.dumps(self.params, ensure_ascii=False, indent=2)


class ConfiguredRequest(models.Model):
    """Which version of a configuration a request was published with, and the form it came from."""

    request = models.OneToOneField(AnalysisRequest, on_delete=models.PROTECT, related_name="configured")
    version = models.ForeignKey(ConfigurationVersion, on_delete=models.PROTECT, related_name="requests")
    requester = models.CharField(max_length=EMAIL_LENGTH)
    #: The form's own token: sent twice, it publishes once.
    token = models.CharField(max_length=40)
    #: Of what the form said: the same token with other words is another wish.
    digest = models.CharField(max_length=DIGEST_LENGTH)
    at = models.DateTimeField()

    class Meta:
        """A form publishes one request, whatever is clicked."""

        constraints = (UniqueConstraint(fields=["requester", "token"], name="a_form_publishes_once"),)
        indexes = (Index(fields=["version", "-id"], name="requests_of_a_version"),)

    def __str__(self) -> str:
        """The request and the version."""
        return f"{self.request} from {self.version}"
