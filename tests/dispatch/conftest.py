"""What tests of dispatch share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from dispatch.models import AnalysisRequest
from dispatch.services import requests

Submit = Callable[..., AnalysisRequest]


@pytest.fixture
def submit(db: None, requester: str, now: datetime) -> Submit:
    """Publish a request like the founding text's, with anything in it changed."""

    def publish(**changes: Any) -> AnalysisRequest:
        document: dict[str, Any] = {
            "analysis": "exome_pipe",
            "project": "dt_lung",
            "inputs": ["blood_normal.exome", "tumor.exome"],
            "requester": requester,
            "now": now,
        }
        return requests.submit(**(document | changes))

    return publish
