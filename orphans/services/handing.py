"""What the administrator of Magma's database gets: the copies, the script, and a signature over all of it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

from magma.trees import canonical
from orphans.models import Review
from orphans.services import bundles, exports
from polyphemus_site.vouching import Signer

FORMAT = "polyphemus-handoff/1"
README = Path(__file__).parent / "handoff_readme.txt"
SUMS, SIGNATURE, KEY = "SHA256SUMS", "SHA256SUMS.sig", "polyphemus.pem"
#: A zip made twice of the same review is the same file.
EPOCH = (1980, 1, 1, 0, 0, 0)

Files = Mapping[str, bytes]


def package(review: Review, *, signer: Signer, issuer: str) -> Files:
    """Every file by name, the sums and their signature last. BlockedError: nothing is left to hand over."""
    script = exports.removal_script(review).encode()
    copies = {
        f"bundle-{bundle.number}.json": bundles.content(bundle)
        for bundle in review.bundles.exclude(name="").order_by("number")
    }
    files = {
        "README.txt": _readme(review, issuer).encode(),
        "removal.sql": script,
        **copies,
        "manifest.json": canonical(_manifest(review, issuer, {"removal.sql": script, **copies})),
    }
    sums = "".join(f"{_sha256(content)}  {name}\n" for name, content in files.items()).encode()
    signed = {SUMS: sums, SIGNATURE: signer.sign_bytes(sums), KEY: signer.public_pem.encode()}
    return files | signed


def zipped(files: Files, folder: str) -> bytes:
    """The files in one folder, as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _manifest(review: Review, issuer: str, files: Files) -> dict[str, Any]:
    """Who decided what, and what each file is."""
    return {
        "format": FORMAT,
        "issuer": issuer,
        "project": review.project,
        "review": review.pk,
        "reason": review.reason,
        "decided_by": review.decided_by,
        "decided_at": _moment(review.decided_at),
        "approved_by": review.approved_by,
        "approved_at": _moment(review.approved_at),
        "orphans": review.items.pending().count(),
        "records": sum(review.items.pending().values_list("records", flat=True)),
        "sha256": {name: _sha256(content) for name, content in files.items()},
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _readme(review: Review, issuer: str) -> str:
    words = Template(README.read_text(encoding="utf-8"))
    return words.substitute(review=review.pk, project=review.project, issuer=issuer)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
