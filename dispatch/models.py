"""The rows of dispatch: requests with their subjects, bids and history, and what is known of analyses."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.utils.translation import gettext

from dispatch.querysets import AnalysisRequestQuerySet, ApiKeyQuerySet, BidQuerySet, RequestEventQuerySet
from dispatch.states import (
    POLYPHEMUS,
    Algorithm,
    BidState,
    DueStage,
    EventKind,
    Flag,
    KeyState,
    Outcome,
    RequestStatus,
    Scheme,
    Verb,
    Verification,
)
from polyphemus_site.postgresql.fields import VerbatimJSONField

#: What may stand in an address as it is; `.` and `..` would be read as steps in a path.
SLUG_PATTERN = r"^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,100}$"
EMAIL_LENGTH = 254
LONGEST_ESTIMATE = 99_999_999


class Analysis(models.Model):
    """What is known of a kind of work. An analysis needs no row to be asked for: the defaults then hold."""

    name = models.CharField(max_length=100, primary_key=True)
    title = models.CharField(max_length=200, blank=True)
    #: Both as written: the order of parameters and columns is the order people see them in.
    schema = VerbatimJSONField(
        null=True, blank=True, help_text="JSON Schema (2020-12) of a request's params; empty: anything goes."
    )
    input_schema = VerbatimJSONField(
        null=True,
        blank=True,
        help_text="JSON Schema of a sample sheet: inputs are then its rows; empty: they are record names.",
    )
    floor_seconds = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    ceiling_seconds = models.PositiveIntegerField(default=LONGEST_ESTIMATE)
    extension_percent = models.PositiveSmallIntegerField(
        default=50, help_text="More time an analyst is given on asking, as a share of the estimate."
    )

    class Meta:
        """Kept sane at the database."""

        verbose_name_plural = "analyses"
        constraints = (
            CheckConstraint(
                condition=Q(name__regex=SLUG_PATTERN), name="analysis_names_are_safe_in_addresses"
            ),
            CheckConstraint(
                condition=Q(floor_seconds__gte=1)
                & Q(ceiling_seconds__gte=F("floor_seconds"))
                & Q(ceiling_seconds__lte=LONGEST_ESTIMATE),
                name="estimates_have_a_floor_below_a_ceiling",
            ),
        )

    def __str__(self) -> str:
        """Its name, as analysts know it."""
        return self.name


class AnalysisRequest(models.Model):
    """One piece of analysis somebody asked for, under a name that is never used again."""

    name = models.CharField(max_length=100)
    project = models.CharField(max_length=100)
    analysis = models.CharField(max_length=100)
    requester = models.CharField(max_length=EMAIL_LENGTH)
    requested_at = models.DateTimeField()
    config = VerbatimJSONField()
    loader = models.CharField(max_length=100, blank=True)
    loader_version = models.CharField(max_length=100, blank=True)
    #: A digest of what a loader asked for: the same is not asked for twice at a time.
    about = models.CharField(max_length=64, blank=True, default="", db_default="")

    status = models.CharField(max_length=10, choices=RequestStatus, default=RequestStatus.NEW)
    analyst = models.CharField(max_length=EMAIL_LENGTH, blank=True)
    #: Counts the awards of this request; a former holder is known by its lower number.
    award = models.PositiveIntegerField(default=0)
    estimate_seconds = models.PositiveIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    due_stage = models.CharField(max_length=10, choices=DueStage, blank=True)
    #: What the analyst asked for beyond what is given on asking; waits for the requester.
    asked_seconds = models.PositiveIntegerField(null=True, blank=True)
    #: What was given on asking, in this award.
    granted_seconds = models.PositiveIntegerField(default=0)
    help_asked_at = models.DateTimeField(null=True, blank=True)

    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    verification = models.CharField(max_length=10, choices=Verification, blank=True)

    #: When the sweep has something to do with this request next; empty: nothing, unless somebody acts.
    wake_at = models.DateTimeField(null=True, blank=True)
    #: Looks in a row at a warehouse that could not be asked: spaces out the next.
    blind_looks = models.PositiveSmallIntegerField(default=0)

    #: Why nobody is likely to bid for it; raised and cleared by a sweep, and meaningful while it is open.
    flag = models.CharField(max_length=10, choices=Flag, blank=True, default=Flag.NONE, db_default=Flag.NONE)

    objects = AnalysisRequestQuerySet.as_manager()

    class Meta:
        """Constraints read as sentences; the partial indexes serve the poll and the sweep."""

        constraints = (
            UniqueConstraint(Lower("name"), name="request_names_are_used_once"),
            UniqueConstraint(
                fields=["about"],
                condition=~Q(about="") & ~Q(status=RequestStatus.ARCHIVED),
                name="one_open_request_for_the_same_inputs",
            ),
            CheckConstraint(
                condition=Q(name__regex=SLUG_PATTERN), name="request_names_are_safe_in_addresses"
            ),
            CheckConstraint(condition=Q(status__in=RequestStatus.values), name="request_status_is_known"),
            CheckConstraint(
                condition=~Q(status=RequestStatus.NEW) | Q(analyst="", due_at=None, started_at=None),
                name="new_requests_have_no_holder",
            ),
            CheckConstraint(
                condition=~Q(status__in=(RequestStatus.RUNNING, RequestStatus.DEFERRED))
                | ~Q(analyst="")
                & Q(
                    due_at__isnull=False,
                    started_at__isnull=False,
                    estimate_seconds__isnull=False,
                    award__gte=1,
                ),
                name="awarded_requests_have_a_holder_and_a_due_date",
            ),
            CheckConstraint(
                condition=~Q(status=RequestStatus.RUNNING) | Q(wake_at__isnull=False),
                name="running_requests_are_looked_at_again",
            ),
            CheckConstraint(
                condition=(
                    Q(status=RequestStatus.ARCHIVED, ended_at__isnull=False, outcome__in=Outcome.values)
                    | ~Q(status=RequestStatus.ARCHIVED) & Q(ended_at=None, outcome="")
                ),
                name="archived_requests_alone_have_an_end",
            ),
        )
        indexes = (
            Index(fields=["id"], condition=Q(status="new"), name="requests_open_for_bids"),
            Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="requests_to_look_at"),
            Index(fields=["project", "id"], name="requests_of_a_project"),
            Index(fields=["status", "id"], name="requests_by_status"),
            Index(fields=["id"], condition=~Q(flag=Flag.NONE), name="requests_with_a_flag"),
        )

    def __str__(self) -> str:
        """Its name, which is unique for ever."""
        return self.name

    @property
    def standing(self) -> RequestStatus:
        """The status as a member of its enumeration."""
        return RequestStatus(self.status)


class Subject(models.Model):
    """A record a request is about, with the fingerprint of what the loader read."""

    request = models.ForeignKey(AnalysisRequest, on_delete=models.PROTECT, related_name="subjects")
    model = models.CharField(max_length=100)
    record = models.CharField(max_length=500)
    fingerprint = models.CharField(max_length=128, blank=True)

    class Meta:
        """Found by record: a loader asks what is in progress for its anchors."""

        constraints = (
            UniqueConstraint(fields=["request", "model", "record"], name="a_request_names_a_record_once"),
        )
        indexes = (Index(fields=["record", "model"], name="subjects_by_record"),)

    def __str__(self) -> str:
        """Model and record."""
        return f"{self.model} {self.record}"


class Bid(models.Model):
    """An analyst's offer, kept with what became of it."""

    request = models.ForeignKey(AnalysisRequest, on_delete=models.PROTECT, related_name="bids")
    analyst = models.CharField(max_length=EMAIL_LENGTH)
    key_id = models.CharField(max_length=40, blank=True)
    estimate_seconds = models.PositiveIntegerField()
    bid_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=BidState)
    #: Why it was refused.
    code = models.CharField(max_length=40, blank=True)
    award = models.PositiveIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BidQuerySet.as_manager()

    class Meta:
        """No two bids hold one request, whatever the code does."""

        constraints = (
            UniqueConstraint(
                fields=["request"], condition=Q(state="accepted"), name="one_accepted_bid_per_request"
            ),
            CheckConstraint(condition=Q(state__in=BidState.values), name="bid_state_is_known"),
        )
        indexes = (
            Index(fields=["analyst", "id"], condition=Q(award__isnull=False), name="awards_of_an_analyst"),
        )

    def __str__(self) -> str:
        """Who offered, and how long it would take."""
        return f"{self.analyst}, {self.estimate_seconds} s: {self.get_state_display()}"


class RequestEvent(models.Model):
    """A line of a request's history. The database refuses to change or delete one."""

    request = models.ForeignKey(AnalysisRequest, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=EventKind)
    source = models.CharField(max_length=10, choices=RequestStatus, blank=True)
    target = models.CharField(max_length=10, choices=RequestStatus)
    actor = models.CharField(max_length=EMAIL_LENGTH)
    at = models.DateTimeField()
    note = models.TextField(blank=True)
    #: What the change was about: seconds, award, key.
    facts = models.JSONField(default=dict, blank=True)

    objects = RequestEventQuerySet.as_manager()

    class Meta:
        """In the order things happened."""

        ordering = ("id",)
        constraints = (CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_is_known"),)

    def __str__(self) -> str:
        """What, by whom."""
        return f"{self.get_kind_display()}: {self.actor}"

    @property
    def words(self) -> str:
        """The note; in the reader's language, where its words are Polyphemus's and not a person's."""
        is_ours = self.actor == POLYPHEMUS or self.kind == EventKind.CLAIMED
        return gettext(self.note) if is_ours and self.note else self.note


class Revision(models.Model):
    """How often requests have changed, counted by the database in many slots.

    A trigger bumps the slot of the writing connection after each statement, so that what a list was made from
    can be told from what it would be made from now, and no two bids wait for one hot row.
    """

    slot = models.PositiveSmallIntegerField(primary_key=True)
    changes = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        """Slot and count."""
        return f"{self.slot}: {self.changes}"


class ApiKey(models.Model):
    """What an analyst signs with. The secret is sealed; nothing shows it after it was made."""

    id = models.CharField(max_length=40, primary_key=True)
    analyst = models.CharField(max_length=EMAIL_LENGTH)
    scheme = models.CharField(max_length=16, choices=Scheme)
    algorithm = models.CharField(max_length=16, choices=Algorithm, default=Algorithm.HMAC_SHA256)
    ciphertext = models.BinaryField()
    nonce = models.BinaryField()
    kek_version = models.CharField(max_length=16)
    #: The start of the secret's digest: tells two keys apart in the audit.
    fingerprint = models.CharField(max_length=16)
    state = models.CharField(max_length=10, choices=KeyState, default=KeyState.ACTIVE)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=EMAIL_LENGTH, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    addresses = ArrayField(
        models.CharField(max_length=49),
        default=list,
        blank=True,
        db_default=[],
        help_text="Addresses and networks that calls with it may come from, with commas between; empty: any.",
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        """Ids that Etna's scheme can carry."""

        verbose_name = "key"
        constraints = (
            CheckConstraint(
                condition=Q(id__regex=r"^[a-z][a-z0-9_]{0,39}$"), name="key_ids_fit_both_schemes"
            ),
            CheckConstraint(condition=Q(state__in=KeyState.values), name="key_state_is_known"),
        )
        indexes = (Index(fields=["analyst"], name="keys_of_an_analyst"),)

    def __str__(self) -> str:
        """Id and owner."""
        return f"{self.id} ({self.analyst})"


class KeyScope(models.Model):
    """One line of what a key may do; a key without lines may do nothing."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="scopes")
    project = models.CharField(max_length=100, default="*")
    analysis = models.CharField(max_length=100, default="*")
    verb = models.CharField(max_length=10, choices=Verb, default=Verb.ANY)

    class Meta:
        """Each line once."""

        verbose_name = "scope"
        constraints = (
            UniqueConstraint(fields=["key", "project", "analysis", "verb"], name="a_key_has_a_scope_once"),
        )

    def __str__(self) -> str:
        """Verb, project, analysis."""
        return f"{self.verb}: {self.project}/{self.analysis}"


class KeyEvent(models.Model):
    """A line of a key's history: made, rotated, revoked, scopes changed. Only added to, like a request's."""

    key = models.ForeignKey(ApiKey, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events")
    kind = models.CharField(max_length=20)
    actor = models.CharField(max_length=EMAIL_LENGTH)
    at = models.DateTimeField()
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        """In the order things happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        """What, by whom."""
        return f"{self.kind}: {self.actor}"
