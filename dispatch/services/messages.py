"""The thread between a request's people and its analyst: lines of its history, so nothing said is unsaid."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.services import moves
from dispatch.services.moves import Step
from dispatch.states import EventKind
from polyphemus_site.errors import MoveRefusedError

#: A program that writes without end must not fill the page, nor a mailbox.
MOST = 500
ANALYST, PEOPLE = "analyst", "people"


def say(request: AnalysisRequest, text: str, *, actor: str, side: str, now: datetime) -> RequestEvent:
    """Add a message to the thread and owe it to the others by mail; its line of history.

    `side` is ANALYST or PEOPLE. MoveRefusedError: nobody holds the request (`nobody_to_tell`), or so much was
    said already (`thread_is_full`).
    """
    with transaction.atomic():
        standing = AnalysisRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        if not standing.analyst:
            raise MoveRefusedError(
                _("Nobody holds %(request)s: there is no analyst to tell.") % {"request": request},
                code="nobody_to_tell",
            )
        if side == ANALYST and standing.analyst != actor:
            raise MoveRefusedError(
                _("Request %(request)s was not awarded to you.") % {"request": request}, code="not_awarded"
            )
        if thread(standing).count() >= MOST:
            raise MoveRefusedError(
                _("%(request)s has %(most)s messages; speak to each other.")
                % {"request": request, "most": MOST},
                code="thread_is_full",
            )
        facts = {"side": side, "award": standing.award}
        step = Step(kind=EventKind.MESSAGE, actor=actor, note=text, facts=facts)
        return moves.record(standing, step, source=standing.status, now=now)


def thread(request: AnalysisRequest) -> QuerySet[RequestEvent]:
    """The messages, in the order they were written."""
    return RequestEvent.objects.filter(request=request, kind=EventKind.MESSAGE)
