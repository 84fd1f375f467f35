"""What must hold of every history, written down by hand and not taken from the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from dispatch.models import AnalysisRequest, Bid, RequestEvent
from dispatch.webhooks.models import Delivery
from polyphemus_site.mail.models import Notice

NEW, RUNNING, DEFERRED, ARCHIVED = "new", "running", "deferred", "archived"
ANYWHERE = {(status, status) for status in (NEW, RUNNING, DEFERRED, ARCHIVED)}
#: What each kind of line may do to a request.
LEGAL: dict[str, set[tuple[str, str]]] = {
    "submitted": {("", NEW)},
    "awarded": {(NEW, RUNNING)},
    "extended": {(RUNNING, RUNNING)},
    "asked": {(RUNNING, RUNNING), (DEFERRED, DEFERRED)},
    "grace": {(RUNNING, RUNNING)},
    "deferred": {(RUNNING, DEFERRED)},
    "help": {(DEFERRED, DEFERRED)},
    "resumed": {(DEFERRED, RUNNING)},
    "released": {(RUNNING, NEW), (DEFERRED, NEW)},
    "lapsed": {(DEFERRED, NEW)},
    "archived": {(NEW, ARCHIVED), (RUNNING, ARCHIVED), (DEFERRED, ARCHIVED)},
    "cancelled": {(NEW, ARCHIVED), (RUNNING, ARCHIVED), (DEFERRED, ARCHIVED)},
    "verified": {(ARCHIVED, ARCHIVED)},
    "claimed": ANYWHERE,
    "message": ANYWHERE - {(NEW, NEW)},
    "flagged": {(NEW, NEW)},
    "cleared": {(NEW, NEW)},
}
#: Lines that begin a wait anew, each with its own tenth and grace.
BEGINNINGS = {"awarded", "resumed"}
#: What Polyphemus does because an output was not seen.
UNSEEN = {"extended", "grace", "deferred", "verified"}
POLYPHEMUS = "polyphemus"


def keep(request: AnalysisRequest) -> None:
    """Fail where the history of a request, or what goes with it, breaks a law."""
    events = list(RequestEvent.objects.filter(request=request))
    _is_one_chain(request, events)
    _is_awarded_once_each_time(request, events)
    _waits_in_order(events)
    _has_a_next_step(request)
    _told_once(request, events)


def _is_one_chain(request: AnalysisRequest, events: Sequence[RequestEvent]) -> None:
    for event in events:
        assert (event.source, event.target) in LEGAL[event.kind], event
    for before, after in pairwise(events):
        assert before.target == after.source, (before, after)
    assert events[-1].target == request.status


def _is_awarded_once_each_time(request: AnalysisRequest, events: Sequence[RequestEvent]) -> None:
    awards = [event.facts["award"] for event in events if event.kind == "awarded"]
    assert awards == list(range(1, len(awards) + 1))
    assert request.award == len(awards)
    held = Bid.objects.filter(request=request, state="accepted")
    assert held.count() == (1 if request.status in {RUNNING, DEFERRED} else 0)
    assert Counter(
        Bid.objects.filter(request=request, award__isnull=False).values_list("award", flat=True)
    ) == (dict.fromkeys(awards, 1))


def _waits_in_order(events: Sequence[RequestEvent]) -> None:
    """In each wait: one tenth at most, then the longer wait, and no deferral before it."""
    tenth = grace = 0
    for event in events:
        mine = event.actor == POLYPHEMUS
        if event.kind in BEGINNINGS:
            tenth = grace = 0
        elif event.kind == "extended" and mine:
            tenth += 1
            assert (tenth, grace) == (1, 0), events
        elif event.kind == "extended":
            grace = 0  # agreed with a person: the longer wait comes after it, if at all
        elif event.kind == "grace":
            grace += 1
            assert (tenth, grace) == (1, 1), events
        elif event.kind == "deferred":
            assert (tenth, grace) == (1, 1), events


def _has_a_next_step(request: AnalysisRequest) -> None:
    """Somebody, or something, can always take it further."""
    if request.status == RUNNING:
        assert request.wake_at is not None
        assert request.due_at is not None
    if request.status == DEFERRED:
        assert (request.wake_at is None) == (request.help_asked_at is None)
    if request.status == NEW:
        assert (request.analyst, request.wake_at) == ("", None)
    if request.status == ARCHIVED and request.outcome != "ticket":
        assert request.wake_at is None


def _told_once(request: AnalysisRequest, events: Sequence[RequestEvent]) -> None:
    """Each deferral is one mail; no event is owed twice to one endpoint."""
    deferrals = sum(event.kind == "deferred" for event in events)
    mails = Notice.objects.filter(kind="request_deferred", context__name=request.name)
    assert mails.count() == deferrals
    owed = Counter(Delivery.objects.filter(event__request=request).values_list("endpoint", "event"))
    assert set(owed.values()) <= {1}
