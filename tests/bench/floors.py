"""What any reader of the large warehouse must do at least: the floors that others are measured against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import count

import httpx
import msgspec

from tests.bench.large_records import PROJECT

PAGE_SIZE = 1000


def bare_pages(
    url: str, model: str, attributes: Sequence[str], *, page_size: int = PAGE_SIZE
) -> Iterator[bytes]:
    """The bytes of every page, one after another over one connection."""
    question = {
        "project_name": PROJECT,
        "model_name": model,
        "record_names": "all",
        "attribute_names": list(attributes),
        "page_size": page_size,
        "hide_templates": True,
    }
    with httpx.Client(timeout=600) as client:
        for page in count(1):
            reply = client.post(f"{url}/retrieve", json=question | {"page": page})
            if reply.status_code != HTTPStatus.OK:
                return
            yield reply.content


def fetch_and_decode(url: str, model: str, attributes: Sequence[str], *, page_size: int = PAGE_SIZE) -> int:
    """Fetch and decode the whole model; how many records there were."""
    decode = msgspec.json.Decoder().decode
    pages = bare_pages(url, model, attributes, page_size=page_size)
    return sum(len(decode(page)["models"][model]["documents"]) for page in pages)
