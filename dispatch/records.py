"""Completion records: who did what, when, and whether it was seen; signed, and verifiable without us."""

from __future__ import annotations

import hashlib
from typing import Any

from dispatch import documents
from dispatch.models import AnalysisRequest
from polyphemus_site.postgresql.fields import compact
from polyphemus_site.vouching import Signer

VERSION = 1


def record_of(request: AnalysisRequest, *, issuer: str) -> dict[str, Any]:
    """What is vouched for."""
    subjects = request.subjects.order_by("model", "record")
    return {
        "version": VERSION,
        "issuer": issuer,
        "name": request.name,
        "project": request.project,
        "analysis": request.analysis,
        "requester": request.requester,
        "analyst": request.analyst or None,
        "award": request.award or None,
        "requested_at": documents.exact(request.requested_at),
        "started_at": documents.exact(request.started_at),
        "due_at": documents.exact(request.due_at),
        "ended_at": documents.exact(request.ended_at),
        "outcome": request.outcome,
        "verification": request.verification or None,
        "loader": request.loader or None,
        "loader_version": request.loader_version or None,
        "config_sha256": hashlib.sha256(compact(request.config).encode()).hexdigest(),
        "subjects": [
            {"model": one.model, "record": one.record, "fingerprint": one.fingerprint} for one in subjects
        ],
    }


def signed(request: AnalysisRequest, *, issuer: str, signer: Signer) -> dict[str, Any]:
    """The record with its signature and the key it verifies with."""
    record = record_of(request, issuer=issuer)
    return {
        "record": record,
        "algorithm": "ed25519",
        "signature": signer.sign(record),
        "public_key": signer.public_key,
    }
