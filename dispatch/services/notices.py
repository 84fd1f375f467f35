"""What people are told by mail about a request: written with the change it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatch.models import AnalysisRequest
from dispatch.states import EventKind, Outcome, Verification
from polyphemus_site.mail import outbox
from polyphemus_site.mail.models import Notice

#: Which mails a change owes, and to whom: the column of the request that names them.
OWED: dict[EventKind, tuple[tuple[str, str], ...]] = {
    EventKind.DEFERRED: (("request_deferred", "requester"),),
    EventKind.ARCHIVED: (("request_archived", "requester"),),
    EventKind.CANCELLED: (("request_archived", "requester"), ("request_cancelled", "analyst")),
    EventKind.ASKED: (("extension_asked", "requester"),),
    EventKind.LAPSED: (("request_lapsed", "requester"),),
    EventKind.HELP: (("help_asked", "analyst"),),
    EventKind.VERIFIED: (("request_unverified", "requester"),),
    EventKind.FLAGGED: (("request_flagged", "requester"),),
    EventKind.MESSAGE: (("request_message", "requester"), ("request_message", "analyst")),
}
#: A talkative program must not use up what a recipient gets on a day: the rest is read on the page.
MOST_MESSAGES_A_DAY = 10


def owe(
    request: AnalysisRequest,
    kind: EventKind,
    *,
    event_id: int,
    actor: str = "",
    note: str = "",
    facts: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Write the notices of this change, in the caller's transaction; the same event again writes none.

    Nobody is told what they have just said themselves.
    """
    if kind == EventKind.VERIFIED and request.verification != Verification.UNVERIFIED:
        return
    for mail, role in OWED.get(kind, ()):
        recipient = getattr(request, role)
        if recipient and not (
            kind == EventKind.MESSAGE and _hears_enough(request, recipient, actor, now=now)
        ):
            context = {**_context(request), **(facts or {}), "actor": actor, "note": note}
            key = f"request-event-{event_id}-{mail}-{role}"
            outbox.owe(kind=mail, recipient=recipient, context=context, key=key, now=now)


def _hears_enough(request: AnalysisRequest, recipient: str, actor: str, *, now: datetime) -> bool:
    """Whether they said it themselves, or had so many mails of messages today that others would be late."""
    mails = Notice.objects.filter(kind="request_message", recipient=recipient.lower())
    lately = mails.filter(created_at__gt=now - timedelta(days=1), context__name=request.name)
    return recipient == actor or lately.count() >= MOST_MESSAGES_A_DAY


def owe_to_admins(
    request: AnalysisRequest, *, event_id: int, note: str, admins: Iterable[str], now: datetime
) -> None:
    """Tell the installation's admins that nobody does this, as the requester is told."""
    context = {**_context(request), "note": note}
    for admin in set(admins) - {request.requester}:
        key = f"request-event-{event_id}-request_flagged-{admin}"
        outbox.write(kind="request_flagged", recipient=admin, context=context, key=key, now=now)


def context_of_ticket(*, name: str, analysis: str, analyst: str) -> str:
    """What the mail about an archived request is made from, in JSON.

    The statement that archives it reads project and requester, and puts them in, and the path.
    """
    told = _told(name=name, analysis=analysis, analyst=analyst, outcome=Outcome.TICKET)
    return json.dumps({**told, "actor": "", "note": ""})


def _context(request: AnalysisRequest) -> dict[str, str]:
    told = _told(
        name=request.name, analysis=request.analysis, analyst=request.analyst, outcome=request.outcome
    )
    return {
        **told,
        "project": request.project,
        "requester": request.requester,
        "path": f"/{request.project}/requests/{request.name}",
    }


def _told(*, name: str, analysis: str, analyst: str, outcome: str) -> dict[str, str]:
    """What every mail about a request says, whichever statement makes it."""
    return {
        "name": name,
        "analysis": analysis,
        "analyst": analyst,
        "outcome": str(outcome),
        "outcome_label": str(Outcome(outcome).label) if outcome else "",
    }
