"""Signs of life, for operators and their machines."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polyphemus_site import clock, health, metrics


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """This process is alive; nothing else is looked at."""
    del request
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether the service can do its work, and what is in its way."""
    del request
    findings = health.examine(now=_now_or_host_time())
    level = health.worst(findings)
    body = {"status": level, "findings": [finding.as_json() for finding in findings]}
    unready = level is health.Level.FAIL
    return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE if unready else HTTPStatus.OK)


@require_safe
@never_cache
def metrics_text(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus."""
    del request
    return HttpResponse(metrics.render(now=clock.now()), content_type=metrics.CONTENT_TYPE)


def _now_or_host_time() -> datetime:
    """Without the database there is no database clock, and yet the answer must name what is down."""
    try:
        return clock.now()
    except Error:
        return datetime.now(UTC)
