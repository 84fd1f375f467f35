"""Where things stand in dispatch, and the only ways they may change: the whole machine on one screen."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_noop as _

#: Who acts where no person does.
POLYPHEMUS = "polyphemus"


class RequestStatus(TextChoices):
    """Where an analysis request stands."""

    NEW = "new", _("Open for bids")
    RUNNING = "running", _("Awarded to an analyst")
    DEFERRED = "deferred", _("Handed back to the requester")
    ARCHIVED = "archived", _("Ended")

    @property
    def tone(self) -> str:
        """The colour of this status, the same in lists, pages, mail and widgets."""
        return TONES[self]


TONES = {
    RequestStatus.NEW: "calm",
    RequestStatus.RUNNING: "busy",
    RequestStatus.DEFERRED: "late",
    RequestStatus.ARCHIVED: "done",
}

#: docs/explanations/dispatch.md draws this table; a test compares the two.
MOVES: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.NEW: frozenset({RequestStatus.RUNNING, RequestStatus.ARCHIVED}),
    RequestStatus.RUNNING: frozenset({RequestStatus.NEW, RequestStatus.DEFERRED, RequestStatus.ARCHIVED}),
    RequestStatus.DEFERRED: frozenset({RequestStatus.NEW, RequestStatus.RUNNING, RequestStatus.ARCHIVED}),
    RequestStatus.ARCHIVED: frozenset(),
}


class Outcome(TextChoices):
    """How a request ended."""

    PASSED = "passed", _("The loader's check saw the output")
    TICKET = "ticket", _("The analyst sent a completion ticket")
    CANCELLED = "cancelled", _("A person cancelled it")


class DueStage(TextChoices):
    """Which wait a running request is in."""

    ESTIMATE = "estimate", _("Until the due date of the award")
    EXTENSION = "extension", _("A tenth longer")
    GRACE = "grace", _("The longer wait before it is deferred")


#: After an unseen output: the wait that follows; after grace the request is deferred.
NEXT_STAGE: dict[str, DueStage] = {
    DueStage.ESTIMATE: DueStage.EXTENSION,
    DueStage.EXTENSION: DueStage.GRACE,
}


class Verification(TextChoices):
    """Whether the output of an archived request was seen; empty while not known, or when nothing can look."""

    UNKNOWN = "", _("Not known")
    VERIFIED = "verified", _("Output seen")
    UNVERIFIED = "unverified", _("Output not seen")


class Flag(TextChoices):
    """Why an open request waits for people rather than for an analyst."""

    NONE = "", "None"
    NO_KEY = "no_key", "No analyst's key covers it"
    NOT_POLLED = "not_polled", "No analyst who may do it asks for work"


class BidState(TextChoices):
    """What became of a bid."""

    ACCEPTED = "accepted", "Holds the award"
    REFUSED = "refused", "Lost, or came when it could not be taken"
    RELEASED = "released", "The analyst gave the work back"
    LAPSED = "lapsed", "The work was offered to other analysts"
    ENDED = "ended", "The request was archived"


class EventKind(TextChoices):
    """What happened to a request: one word for each kind of row in its history."""

    SUBMITTED = "submitted", _("Submitted")
    AWARDED = "awarded", _("Awarded")
    EXTENDED = "extended", _("Due date moved")
    ASKED = "asked", _("More time asked for")
    GRACE = "grace", _("Longer wait")
    DEFERRED = "deferred", _("Deferred")
    HELP = "help", _("Help asked for")
    RESUMED = "resumed", _("Taken up again")
    RELEASED = "released", _("Given back")
    LAPSED = "lapsed", _("Offered to other analysts")
    ARCHIVED = "archived", _("Archived")
    CANCELLED = "cancelled", _("Cancelled")
    VERIFIED = "verified", _("Output looked for")
    CLAIMED = "claimed", _("Late ticket from a former holder")
    MESSAGE = "message", _("Message")
    FLAGGED = "flagged", _("Nobody does this")
    CLEARED = "cleared", _("Somebody can do this again")


class Verb(TextChoices):
    """What a key may do within a scope."""

    ANY = "*", "Everything"
    READ = "read", "See requests"
    BID = "bid", "Bid for work, extend and release it"
    TICKET = "ticket", "Send completion tickets"


class KeyState(TextChoices):
    """Where a key stands."""

    PENDING = "pending", "Made, and not let in yet"
    ACTIVE = "active", "In use"
    RETIRING = "retiring", "Being replaced"
    REVOKED = "revoked", "Refused"


#: Keys that are believed, until their end if they have one.
LIVE = frozenset({KeyState.ACTIVE, KeyState.RETIRING})
#: Keys that are believed or only wait to be.
HELD = LIVE | {KeyState.PENDING}


class Scheme(TextChoices):
    """How calls made with a key are signed: fixed for each key, never chosen by the caller."""

    ETNA = "etna-v1", "Etna's HMAC, hardened"
    RFC9421 = "rfc9421-v1", "HTTP Message Signatures (RFC 9421)"


class Algorithm(TextChoices):
    """What a key computes; with Ed25519 only the public half is here."""

    HMAC_SHA256 = "hmac-sha256", "HMAC with SHA-256"
    ED25519 = "ed25519", "Ed25519"
