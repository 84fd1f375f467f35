"""The demo's own signer against signatures of the real Etna."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from magma.demo.signing import Signer

VECTORS = Path(__file__).resolve().parents[2] / "polyphemus_site" / "api" / "etna_vectors.json"


def accepted() -> list[Any]:
    """Requests that both the real Etna and we accept; no push holds a float, so neither do these."""
    vectors = json.loads(VECTORS.read_text())["vectors"]
    kept = [
        one for one in vectors if one["valid"] and one["strict_policy"] == "ACCEPT" and not has_float(one)
    ]
    return [pytest.param(one, id=one["name"]) for one in kept]


def has_float(vector: dict[str, Any]) -> bool:
    return any(isinstance(value, float) for value in vector["headers_signed"].values())


@pytest.mark.parametrize("vector", accepted())
def test_a_signature_is_the_real_ones(vector: dict[str, Any]) -> None:
    signature = Signer(vector["id"], vector["key"]).signature(
        method=vector["method"],
        url=f"https://{vector['host']}:8443{vector['path']}",
        nonce=vector["nonce"],
        expiration=vector["expiration"],
        values=vector["headers_signed"],
    )

    assert signature == vector["signature"]
