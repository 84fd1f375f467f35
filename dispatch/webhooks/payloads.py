"""What an endpoint is told: which request, and what happened; everything else is asked for over the API."""

from __future__ import annotations

import json
from typing import Any

from dispatch import documents
from dispatch.models import RequestEvent
from dispatch.webhooks.states import TYPES


def body_of(event: RequestEvent, *, site_url: str) -> str:
    """The text of an event. It names the request and holds nothing of what the work is about."""
    request = event.request
    told = {
        "type": TYPES[event.kind],
        "timestamp": documents.exact(event.at),
        "data": {
            "name": request.name,
            "project": request.project,
            "analysis": request.analysis,
            "status": event.target,
            "award": event.facts.get("award"),
            "url": f"{site_url}/api/v1/requests/{request.name}",
        },
    }
    return _text(told)


def test_body(*, type: str, at: str | None, endpoint: str) -> str:
    """The text of a test, asked for by an admin."""
    return _text({"type": type, "timestamp": at, "data": {"endpoint": endpoint}})


def _text(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
