"""Lists of requests: which were asked for, their revision, and their pages."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dispatch import bulk
from dispatch.authentication import REVISION, Analyst
from dispatch.callers import Caller, horizon, scopes_horizon, visible_to
from dispatch.models import AnalysisRequest
from dispatch.querysets import AnalysisRequestQuerySet
from dispatch.scopes import Scopes
from dispatch.services import configs, naming
from dispatch.states import RequestStatus
from polyphemus_site.api import etags, pages
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.postgresql.prepared import Statement

PARAMETERS = ("analysis", "project", "status", "after", "limit")
PAGE = 1000
LARGEST_PAGE = 10_000
DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
LISTING = "requests"
CHANGES = Statement("revision", REVISION)
#: Says that nothing is left out by status.
ANY_STATUS = "any"
#: Says that what is over is left out.
STANDING = "standing"
STATUSES = [(ANY_STATUS, _("All")), (STANDING, _("Not over yet")), *RequestStatus.choices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caller asks of the list; by default, what is open for bids."""

    analysis: str = ""
    project: str = ""
    status: str = RequestStatus.NEW
    after: int = 0
    limit: int = PAGE

    def address_after(self, last: int) -> str:
        """Where the list goes on, after the request with this id."""
        asked = {"analysis": self.analysis, "project": self.project}
        query = {name: value for name, value in asked.items() if value}
        query["after"] = pages.encode(LISTING, last)
        if self.status != RequestStatus.NEW:
            query["status"] = self.status
        if self.limit != PAGE:
            query["limit"] = str(self.limit)
        return f"{settings.POLYPHEMUS_URL}/api/v1/requests?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests, and where the list goes on."""

    requests: list[AnalysisRequest]
    next: str | None


@lru_cache(maxsize=1024)
def question(raw_query: str) -> Question:
    """The question in an address; InvalidInputError for what makes no sense."""
    query = QueryDict(raw_query)
    for name, values in query.lists():
        if name not in PARAMETERS:
            raise InvalidInputError(gettext("That is no parameter of this list."), code="unknown_parameter")
        if len(values) > 1:
            raise InvalidInputError(
                gettext("%(name)s is there twice.") % {"name": name}, code="duplicate_parameter"
            )
    return Question(
        analysis=naming.slug(query["analysis"], field="analysis") if "analysis" in query else "",
        project=configs.project_name(query["project"]) if "project" in query else "",
        status=status_of(query.get("status", RequestStatus.NEW)),
        after=_after(query.get("after", "")),
        limit=_limit(query.get("limit", str(PAGE))),
    )


def page(caller: Caller, asked: Question) -> Page:
    """The requests that answer the question and the caller may see, oldest first."""
    found = list(_matching(caller, asked).filter(pk__gt=asked.after).order_by("pk")[: asked.limit + 1])
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return Page(shown, asked.address_after(shown[-1].pk) if more else None)


def page_bytes(caller: Caller, asked: Question) -> bytes:
    """The same as the first version's body, written by the database."""
    found = _matching(caller, asked).filter(pk__gt=asked.after)
    documents, last = bulk.documents_of(found, limit=asked.limit)
    following = asked.address_after(last) if last is not None else None
    return b'{"requests":' + documents + b',"next":' + json.dumps(following).encode() + b"}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Some requests as a page shows them, and the cursor of the older ones."""

    rows: list[AnalysisRequest]
    next: str


def newest(caller: Caller, *, project: str, status: str, before: str, rows: int) -> Rows:
    """A project's requests, newest first; `before` is the cursor an earlier page gave."""
    requests = _of_status(visible_to(caller).in_projects([project]), status)
    if before:
        requests = requests.filter(pk__lt=_after(before))
    found = list(requests.order_by("-pk")[: rows + 1])
    more = len(found) > rows
    return Rows(found[:rows], pages.encode(LISTING, found[rows - 1].pk) if more else "")


def tag(caller: Caller, asked: Question, *, representation: str) -> str:
    """An ETag that changes whenever the list may have; made without the list, from one small read."""
    if isinstance(caller, Analyst):
        return _analysts_tag(caller.revision or _revision(), caller.scopes, asked, representation)
    return etags.etag_of(_revision(), horizon(caller), asked, representation)


@lru_cache(maxsize=1024)
def _analysts_tag(revision: str, scopes: Scopes, asked: Question, representation: str) -> str:
    """The tag of a moment: one analyst after another asks for it."""
    return etags.etag_of(revision, scopes_horizon(scopes), asked, representation)


def _revision() -> str:
    """How often requests have changed; each change that is committed makes the sum greater."""
    (revision,) = CHANGES.row() or (None,)
    return revision or ""


def polling_advice() -> timedelta:
    """How long to wait before asking again: spread out, so that pollers don't march in step."""
    base: float = settings.POLYPHEMUS_POLL_SECONDS
    return timedelta(seconds=max(1, round(base * random.uniform(0.5, 1.5))))  # noqa: S311 — spreads load, guards nothing


def _matching(caller: Caller, asked: Question) -> AnalysisRequestQuerySet:
    requests = _of_status(visible_to(caller), asked.status)
    if asked.analysis:
        requests = requests.filter(analysis=asked.analysis)
    return requests.in_projects([asked.project]) if asked.project else requests


def _of_status(requests: AnalysisRequestQuerySet, status: str) -> AnalysisRequestQuerySet:
    if status == ANY_STATUS:
        return requests
    if status == STANDING:
        return requests.exclude(status=RequestStatus.ARCHIVED)
    return requests.filter(status=status)


def status_of(value: str) -> str:
    """The value, if it is a status or stands for several of them."""
    known = [*RequestStatus.values, STANDING, ANY_STATUS]
    if value in known:
        return value
    raise InvalidInputError(
        gettext("status must be one of %(known)s.") % {"known": ", ".join(known)}, code="invalid_status"
    )


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    (last,) = pages.decode(LISTING, cursor, int)
    return int(last)


def _limit(value: str) -> int:
    if DIGITS.fullmatch(value) and 1 <= int(value) <= LARGEST_PAGE:
        return int(value)
    raise InvalidInputError(
        gettext("limit must be 1 to %(most)s.") % {"most": LARGEST_PAGE}, code="invalid_limit"
    )
