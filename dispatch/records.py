"""Completion records: who did what, when, and whether it was seen; signed, and verifiable without us."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatch import documents
from dispatch.fields import compact
from dispatch.models import AnalysisRequest
from polyphemus_site.errors import UnavailableError

VERSION = 1
SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """The key of this installation's records."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """The 32 bytes of the public half, in base64."""
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def sign(self, record: dict[str, Any]) -> str:
        """The signature over the record's canonical bytes, in base64."""
        return base64.b64encode(self.key.sign(canonical(record))).decode()


def signer_from(kek: bytes) -> Signer:
    """The signer whose key is drawn from the key-encrypting key: one secret to keep, the same every time.

    UnavailableError: there is no such key.
    """
    if not kek:
        raise UnavailableError("Records can't be signed: POLYPHEMUS_KEK is not set.", code="no_record_key")
    seed = HKDF(SHA256(), SEED_BYTES, salt=None, info=b"polyphemus completion records").derive(kek)
    return Signer(Ed25519PrivateKey.from_private_bytes(seed))


def canonical(record: dict[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted keys and no blanks, in UTF-8."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


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
