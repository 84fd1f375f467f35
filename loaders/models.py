"""The rows of loaders: suggestions with their history, what has changed, and how scans went."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from loaders.names import RECORD_LENGTH
from loaders.querysets import ChangeQuerySet, ScanRunQuerySet, SuggestionQuerySet
from loaders.states import STANDING, DueReason, ScanKind, SuggestionEventKind, SuggestionStatus, Verdict
from loaders.tables import ListedBucket, ListedFile, RedcapMapping  # noqa: F401 — Django finds models here only
from polyphemus_site.sentences import SentenceField

NAME_LENGTH = 100
EMAIL_LENGTH = 254


class Suggestion(models.Model):
    """The offer to run a loader on an anchor, or on a batch of them, with its reason."""

    project = models.CharField(max_length=NAME_LENGTH)
    loader = models.CharField(max_length=NAME_LENGTH)
    loader_version = models.CharField(max_length=NAME_LENGTH)
    analysis = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH)
    #: The record it is about; of a batch, the record its anchors share.
    anchor = models.CharField(max_length=RECORD_LENGTH)
    #: Anchor -> fingerprint: one, or those of the batch that are due.
    members = models.JSONField(default=dict)
    #: Equal for loaders that make the same output: alternatives on one card.
    output_key = models.CharField(max_length=64)

    status = models.CharField(max_length=10, choices=SuggestionStatus, default=SuggestionStatus.OPEN)
    due = models.CharField(max_length=10, choices=DueReason)
    reason = SentenceField()
    restricted = models.BooleanField()
    #: Made by a loader that is only tried out: shown to nobody but on the page that compares.
    shadow = models.BooleanField(default=False, db_default=False)
    fingerprint = models.CharField(max_length=64)
    #: A cheap digest of the loader and of all that was read: while equal, no file digest is asked for again.
    touch = models.CharField(max_length=64, blank=True)
    #: The state of the output when this was suggested: a rerun must change it to count as seen.
    output = models.CharField(max_length=64, blank=True)
    #: What a request starts from: inputs and params.
    config = models.JSONField()
    #: The frozen why: the trees of checks with the values seen.
    receipt = models.JSONField()
    #: Every record read for it, as `model/name`.
    records = ArrayField(models.TextField(), default=list)

    opened_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    #: Why it ended, in words.
    because = SentenceField(blank=True)
    #: The request it became.
    request_name = models.CharField(max_length=NAME_LENGTH, blank=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        """At most one stands for a loader and anchor, whatever happens at once."""

        constraints = (
            UniqueConstraint(
                fields=["project", "loader", "model", "anchor"],
                condition=Q(status__in=sorted(STANDING)),
                name="one_open_suggestion_per_anchor",
            ),
            CheckConstraint(
                condition=Q(status__in=SuggestionStatus.values), name="suggestion_status_is_known"
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(STANDING), ended_at=None)
                | ~Q(status__in=sorted(STANDING)) & Q(ended_at__isnull=False),
                name="ended_suggestions_alone_have_an_end",
            ),
            CheckConstraint(
                condition=Q(status=SuggestionStatus.ACCEPTED) ^ Q(request_name=""),
                name="accepted_suggestions_alone_have_a_request",
            ),
        )
        indexes = (
            Index(fields=["project", "model", "anchor", "loader"], name="suggestions_by_anchor"),
            Index(fields=["project", "id"], name="suggestions_of_a_project"),
            Index(fields=["request_name"], condition=~Q(request_name=""), name="suggestions_by_request"),
            GinIndex(
                fields=["records"],
                condition=Q(status__in=sorted(STANDING)),
                name="suggestions_by_record",
            ),
        )

    def __str__(self) -> str:
        """What is offered, and for what."""
        return f"{self.loader}: {self.model} {self.anchor}"

    @property
    def standing(self) -> SuggestionStatus:
        """The status as a member of its enumeration."""
        return SuggestionStatus(self.status)


class SuggestionEvent(models.Model):
    """A line of a suggestion's history."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=SuggestionEventKind)
    source = models.CharField(max_length=10, choices=SuggestionStatus, blank=True)
    target = models.CharField(max_length=10, choices=SuggestionStatus)
    actor = models.CharField(max_length=EMAIL_LENGTH)
    at = models.DateTimeField()
    note = SentenceField(blank=True)

    class Meta:
        """In the order things happened."""

        ordering = ("id",)
        constraints = (
            CheckConstraint(
                condition=Q(kind__in=SuggestionEventKind.values), name="suggestion_event_kind_is_known"
            ),
        )

    def __str__(self) -> str:
        """What, by whom."""
        return f"{self.get_kind_display()}: {self.actor}"


class Dismissal(models.Model):
    """One person doesn't want to see a suggestion while its inputs are what they are."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="dismissals")
    person = models.CharField(max_length=EMAIL_LENGTH)
    fingerprint = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    dismissed_at = models.DateTimeField()

    class Meta:
        """Once a person and state of the inputs."""

        constraints = (
            UniqueConstraint(
                fields=["suggestion", "person", "fingerprint"], name="dismissed_once_a_person_and_inputs"
            ),
        )
        indexes = (Index(fields=["person", "fingerprint"], name="dismissals_of_a_person"),)

    def __str__(self) -> str:
        """Who."""
        return f"{self.person} dismissed {self.suggestion_id}"


class Change(models.Model):
    """A record known to have changed: told of by the journal, found by a scan, or ripened with time.

    Pending until its anchors have been judged after the change; many tellings are one row.
    """

    project = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH)
    record = models.CharField(max_length=RECORD_LENGTH)
    pending = models.BooleanField(default=True)
    #: When it wants judging: at once, or when time alone may change a verdict.
    ripe_at = models.DateTimeField()
    #: When the journal told of it last.
    told_at = models.DateTimeField(null=True, blank=True)
    #: Magma's own stamp when a scan found it last.
    stamp = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(null=True, blank=True)
    disconnected = models.BooleanField(null=True, blank=True)
    #: A scan found it and the journal has not told of it.
    missed = models.BooleanField(default=False)
    #: When its anchors were last read from Magma to be judged.
    looked_at = models.DateTimeField(null=True, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        """One row a record."""

        constraints = (UniqueConstraint(fields=["project", "model", "record"], name="one_change_per_record"),)
        indexes = (
            Index(fields=["project", "ripe_at", "id"], condition=Q(pending=True), name="changes_in_turn"),
            Index(fields=["project", "looked_at"], condition=Q(pending=False), name="changes_lately_judged"),
        )

    def __str__(self) -> str:
        """Which record."""
        return f"{self.project} {self.model} {self.record}"


class ScanCursor(models.Model):
    """How far the periodic scan has read a model's changes; kept when a scan fails."""

    project = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH)
    disconnected = models.BooleanField()
    #: The newest stamp of Magma's seen so far, by Magma's clock.
    since = models.DateTimeField()
    #: When it was last read to the end, by ours.
    read_at = models.DateTimeField()
    #: Changes the scans have found, and how many of them the journal had not told of.
    found = models.BigIntegerField(default=0)
    missed = models.BigIntegerField(default=0)

    class Meta:
        """One a model and side."""

        constraints = (
            UniqueConstraint(
                fields=["project", "model", "disconnected"], name="one_cursor_per_model_and_side"
            ),
        )

    def __str__(self) -> str:
        """Which model, and how far."""
        return f"{self.project} {self.model}, {self.since:%Y-%m-%d %H:%M:%S}"


class RestrictedSight(models.Model):
    """That our token was shown a project's restricted data; gone once somebody has decided to do without."""

    project = models.CharField(max_length=NAME_LENGTH, unique=True)
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        """Which project's."""
        return self.project


class ScanRun(models.Model):
    """One scan: what it read, what it concluded, how it ended."""

    kind = models.CharField(max_length=12, choices=ScanKind)
    project = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    pages = models.PositiveIntegerField(default=0)
    records = models.PositiveIntegerField(default=0)
    #: Those of them that were judged; the others were as the last full scan had seen them.
    judged = models.PositiveIntegerField(default=0)
    #: How many records there are to read, where that is known.
    expected = models.PositiveIntegerField(null=True, blank=True)
    #: When a sharded scan had listed every record; its shards are judged meanwhile and after.
    listed_at = models.DateTimeField(null=True, blank=True)
    is_sharded = models.BooleanField(default=False)
    #: loader -> verdict -> count.
    verdicts = models.JSONField(default=dict)
    #: loader -> what went wrong with it, while the scan went on.
    faults = models.JSONField(default=dict)
    #: What ended the scan before its end; empty when nothing did.
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=60, blank=True)

    objects = ScanRunQuerySet.as_manager()

    class Meta:
        """The latest first."""

        ordering = ("-started_at", "-id")
        constraints = (
            CheckConstraint(condition=Q(kind__in=ScanKind.values), name="scan_kind_is_known"),
            UniqueConstraint(
                fields=["project", "model"],
                condition=Q(is_sharded=True, ended_at=None),
                name="one_shared_full_scan_at_a_time",
            ),
        )
        indexes = (Index(fields=["project", "model", "kind", "-started_at"], name="latest_scans_of_a_model"),)

    def __str__(self) -> str:
        """What was scanned."""
        what = f"{self.project} {self.model}".strip()
        return _("%(scan)s of %(what)s") % {"scan": self.get_kind_display(), "what": what}


class Gap(models.Model):
    """One thing that anchors of a model wait for, or are blocked by, as the last full scan counted them."""

    project = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH)
    loader = models.CharField(max_length=NAME_LENGTH)
    verdict = models.CharField(max_length=12, choices=Verdict)
    label = models.TextField()
    whom = models.TextField(blank=True)
    #: The loader reads restricted attributes: nothing of this is for lower-case roles.
    restricted_loader = models.BooleanField()
    count = models.PositiveIntegerField()
    restricted_count = models.PositiveIntegerField()
    #: Some of their names; the restricted ones apart.
    anchors = models.JSONField()
    restricted_anchors = models.JSONField()
    counted_at = models.DateTimeField()

    class Meta:
        """Read a project at a time."""

        indexes = (Index(fields=["project", "model"], name="gaps_of_a_model"),)

    def __str__(self) -> str:
        """What is lacking."""
        return f"{self.loader}: {self.label}"


class Shard(models.Model):
    """A stretch of a full scan that one worker judges: named records, so that nothing moves between pages."""

    run = models.ForeignKey(ScanRun, on_delete=models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField()
    #: Emptied once they are judged.
    names = ArrayField(models.TextField())
    done_at = models.DateTimeField(null=True, blank=True)
    #: What was found to be waited for.
    gaps = models.JSONField(default=list)
    #: Why the last try failed.
    error = models.TextField(blank=True)

    class Meta:
        """What is left of a run is found at once."""

        constraints = (UniqueConstraint(fields=["run", "number"], name="one_shard_per_number"),)
        indexes = (Index(fields=["run"], condition=Q(done_at=None), name="shards_to_judge"),)

    def __str__(self) -> str:
        """Which stretch of which scan."""
        return f"{self.run} #{self.number}"


class Seen(models.Model):
    """What the last full scan saw of a stretch of anchors, and concluded: what is as it was needs no judging.

    Always rewritten in the transaction that writes the suggestions which follow from it.
    """

    project = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH)
    #: The stretch's first anchor: where later scans begin a stretch as well.
    first = models.CharField(max_length=RECORD_LENGTH)
    #: The digest of the whole stretch; empty when some of it is to be judged again in any case.
    digest = models.BinaryField()
    #: The digest of what judged it: loaders, templates, program.
    judge = models.CharField(max_length=64)
    #: When all of it was judged; some of it may have been since.
    judged_at = models.DateTimeField()
    names = ArrayField(models.TextField())
    #: For each anchor a digest of all that was read for it; zeros where that can't be relied on.
    prints = models.BinaryField()
    #: The distinct conclusions; and for each anchor which of them is its own.
    outcomes = models.JSONField()
    codes = models.BinaryField()

    class Meta:
        """One a beginning."""

        constraints = (
            UniqueConstraint(fields=["project", "model", "first"], name="seen_once_from_a_beginning"),
        )

    def __str__(self) -> str:
        """From where."""
        return f"{self.project} {self.model} from {self.first}"


class Unsettled(models.Model):
    """An anchor whose suggestions were written by others than the full scan since it was seen by one.

    Every anchor for which a suggestion stands is in the names of a `Seen` or here.
    """

    project = models.CharField(max_length=NAME_LENGTH)
    model = models.CharField(max_length=NAME_LENGTH)
    anchor = models.CharField(max_length=RECORD_LENGTH)

    class Meta:
        """Asked for by the page."""

        indexes = (Index(fields=["project", "model", "anchor"], name="unsettled_anchors"),)

    def __str__(self) -> str:
        """Which."""
        return f"{self.project} {self.model} {self.anchor}"
