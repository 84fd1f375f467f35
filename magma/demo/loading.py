"""Loads data into the warehouse as a person would: by hand, with a token of their own.

Only the demo and the tests use this. Polyphemus itself never writes to Magma.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

#: Model, record, attribute, value.
Revisions = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Loader:
    """A person at a project of a warehouse."""

    url: str
    token: str
    project: str

    def load(self, revisions: Revisions, *, dry_run: bool = False) -> dict[str, Any]:
        """Revise records; returns them as the warehouse understood them, by model."""
        body: dict[str, Any] = {"project_name": self.project, "revisions": revisions}
        headers = {"Authorization": f"Etna {self.token}"}
        answer = httpx.post(
            f"{self.url}/update", json=body | {"dry_run": dry_run}, headers=headers, timeout=30
        )
        answer.raise_for_status()
        return {model: one["documents"] for model, one in answer.json()["models"].items()}


def file(path: str) -> dict[str, str]:
    """A file that already lies in Metis, as a revision names it: `file("dt_lung/sequence/a.fastq.gz")`."""
    return {"path": f"metis://{path}", "original_filename": path.rpartition("/")[2]}
