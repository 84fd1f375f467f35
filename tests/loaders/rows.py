"""Suggestions for tests of what people do with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loaders.drafts import Proposal
from loaders.models import Suggestion
from loaders.services.rows import Desk


def propose(anchor: str, **changes: Any) -> Proposal:
    values: dict[str, Any] = {
        "loader_version": "1",
        "analysis": "exome_pipe",
        "anchor": anchor,
        "members": {anchor: "print"},
        "output_key": "vcf",
        "due": "missing",
        "reason": "Tumor and normal fastqs are there; no vcf yet.",
        "restricted": False,
        "fingerprint": "print",
        "touch": "",
        "output": "",
        "config": {"inputs": [f"{anchor}.exome"], "params": {}},
        "receipt": {"anchors": {}},
        "records": [f"exome/{anchor}.exome", f"patient/{anchor}"],
    }
    return Proposal(**values | changes)


def desk(now: datetime, loader: str = "exome_pipe") -> Desk:
    return Desk("dt_lung", loader, "patient", now)


def suggested(anchor: str, now: datetime, *, loader: str = "exome_pipe", **changes: Any) -> Suggestion:
    """One open suggestion, written as judging writes it."""
    desk(now, loader).open([propose(anchor, **changes)])
    return Suggestion.objects.filter(anchor=anchor, loader=loader).latest("pk")
