"""The one place where loaders meet dispatch: a suggestion becomes a request, a request asks for its output.

Only this module imports dispatch.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from dispatch import documents, policies
from dispatch.models import AnalysisRequest, Subject
from dispatch.services import requests
from dispatch.services.configs import contract_of
from dispatch.states import Outcome, RequestStatus
from dispatch.witness import Sight
from loaders import evidence, fingerprints, registry
from loaders.evidence import Wanted
from loaders.judging import Past
from loaders.models import Suggestion
from loaders.services import rights
from loaders.services.copying import array
from magma.client import connect

logger = logging.getLogger(__name__)

#: The ends that count as a completed request.
COMPLETED = (Outcome.PASSED, Outcome.TICKET)


def submit_request(
    suggestion: Suggestion,
    *,
    requester: str,
    name: str | None,
    inputs: Sequence[Any],
    params: Mapping[str, object] | None,
    now: datetime,
) -> str:
    """Publish the request an accepted suggestion becomes; its name. Runs in the caller's transaction."""
    parts = [
        suggestion.project,
        suggestion.loader,
        suggestion.model,
        suggestion.anchor,
        suggestion.fingerprint,
    ]
    subjects = [(suggestion.model, anchor, mark) for anchor, mark in sorted(suggestion.members.items())]
    request = requests.submit(
        analysis=suggestion.analysis,
        project=suggestion.project,
        inputs=inputs,
        params=dict(params) if params else None,
        requester=requester,
        name=name,
        subjects=subjects,
        loader=suggestion.loader,
        loader_version=suggestion.loader_version,
        about=fingerprints.digest(parts),
        now=now,
    )
    return request.name


def inputs_offered(suggestion: Suggestion) -> list[Any]:
    """What a request of it starts from: rows where the analysis takes a sheet and the loader fills one."""
    config = suggestion.config
    rows = config.get("rows")
    return list(rows if rows and contract_of(suggestion.analysis).input_schema else config.get("inputs", []))


def submit_task(
    *,
    analysis: str,
    project: str,
    inputs: Sequence[str],
    params: Mapping[str, object],
    requester: str,
    about: str,
    now: datetime,
) -> str:
    """Publish a request that no loader stands behind; its name. One for the same work is open at a time."""
    request = requests.submit(
        analysis=analysis,
        project=project,
        inputs=inputs,
        params=dict(params),
        requester=requester,
        about=about,
        now=now,
    )
    return request.name


def was_completed_last(project: str, analysis: str, about: str) -> bool:
    """Whether the last such task that was completed in a project was this very work."""
    done = AnalysisRequest.objects.filter(
        project=project, analysis=analysis, loader="", outcome__in=COMPLETED
    ).order_by("-ended_at", "-pk")
    return done.exclude(about="").values_list("about", flat=True).first() == about


def published(name: str) -> dict[str, Any]:
    """The request's document, as analysts read it."""
    return documents.v1(AnalysisRequest.objects.get(name=name))


#: The records stand in a subquery, so that PostgreSQL doesn't weigh each of a thousand names as it plans.
PASTS = """
SELECT r.loader, s.record, s.fingerprint, r.status, r.outcome
FROM dispatch_subject AS s JOIN dispatch_analysisrequest AS r ON r.id = s.request_id
WHERE s.model = %s AND s.record = ANY((SELECT %s::text[])::text[]) AND r.project = %s AND r.loader = ANY(%s)
ORDER BY r.ended_at, s.id
"""


def pasts(project: str, model: str, anchors: Sequence[str], loaders: Sequence[str]) -> dict[str, Past]:
    """Loader -> what requests say about these anchors: those in progress, the last completed fingerprints."""
    busy: dict[str, set[str]] = defaultdict(set)
    done: dict[str, dict[str, str]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(PASTS, [model, array(anchors), project, list(loaders)])
        for loader, record, mark, status, outcome in cursor.fetchall():
            if status != RequestStatus.ARCHIVED:
                busy[loader].add(record)
            elif outcome in COMPLETED:
                done[loader][record] = mark
    return {loader: Past(frozenset(busy[loader]), done[loader]) for loader in {*busy, *done}}


LATELY = """
SELECT s.record, bool_or(r.status <> 'archived'), max(r.ended_at)
FROM dispatch_subject AS s JOIN dispatch_analysisrequest AS r ON r.id = s.request_id
WHERE s.model = %(model)s AND r.project = %(project)s AND r.loader <> ''
AND (r.status <> 'archived' OR r.ended_at >= %(since)s)
"""
AMONG = " AND s.record = ANY(%(among)s)"


def lately_requested(
    project: str, model: str, *, since: datetime, among: Sequence[str] | None = None
) -> dict[str, datetime | None]:
    """Anchors of requests open or ended since an instant: when the last ended, None while one is open."""
    statement = LATELY + (AMONG if among is not None else "") + " GROUP BY s.record"
    values: dict[str, Any] = {"project": project, "model": model, "since": since, "among": list(among or ())}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {record: None if is_open else ended_at for record, is_open, ended_at in cursor.fetchall()}


def in_progress(project: str, loader: str, model: str, anchors: Collection[str]) -> list[AnalysisRequest]:
    """The open requests of a loader about any of these anchors."""
    subjects = Subject.objects.filter(model=model, record__in=list(anchors)).values("request")
    found = AnalysisRequest.objects.not_archived().filter(project=project, loader=loader, pk__in=subjects)
    return list(found)


def note_output_seen(requests_seen: Iterable[int], *, now: datetime) -> None:
    """Tell dispatch that the output of these requests is there."""
    requests.note_output_seen(requests_seen, now, patience=policies.waits().ticket_patience)


def wanted(request: AnalysisRequest) -> Wanted:
    """What there must be to see of a request: its anchors, and the output it started from."""
    subjects = list(request.subjects.values_list("model", "record"))
    suggestion = Suggestion.objects.filter(request_name=request.name).only("due", "output").first()
    return Wanted(
        model=subjects[0][0] if subjects else "",
        anchors=tuple(record for _, record in subjects),
        changed_from=suggestion.output if suggestion and suggestion.output else "",
    )


def see_outputs(open_requests: Sequence[AnalysisRequest]) -> Mapping[int, Sight]:
    """The witness: judge each request's anchors against Magma as it is now."""
    sights = {request.pk: Sight.NO_CHECK for request in open_requests}
    by_loader: dict[tuple[str, str], dict[int, Wanted]] = defaultdict(dict)
    for request in open_requests:
        if request.loader in registry.current().loaders and (sought := wanted(request)).anchors:
            by_loader[request.project, request.loader][request.pk] = sought
    for (project, loader), sought_by_id in by_loader.items():
        sights |= _sights(project, loader, sought_by_id)
    return sights


def _sights(project: str, loader: str, sought: Mapping[int, Wanted]) -> dict[int, Sight]:
    try:
        seen = evidence.look(connect(), project, registry.current().get(loader), sought)
        rights.ensure_kept(connect(), project)  # afterwards: a token may lose rights while it looks
    except Exception:  # Magma's trouble, or a lab's own code: never counted against the analyst
        logger.exception("The output of %s in %s could not be looked for.", loader, project)
        return dict.fromkeys(sought, Sight.UNKNOWN)
    return {pk: Sight.SEEN if there else Sight.NOT_SEEN for pk, there in seen.items()}


def seen(sights: Mapping[int, Sight]) -> list[int]:
    """Of the requests looked at, those whose output is there."""
    return [pk for pk, sight in sights.items() if sight is Sight.SEEN]
