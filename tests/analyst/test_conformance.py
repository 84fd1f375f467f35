from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dispatch.models import AnalysisRequest
from dispatch.services.keys import NewKey
from polyphemus_analyst import conformance, rules
from polyphemus_analyst.conformance import Server
from polyphemus_analyst.signing import Key
from tests.analyst.standin import Script

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.mark.parametrize("scheme", ["etna-v1", "rfc9421-v1"])
def test_our_own_server_keeps_every_rule(
    address: str,
    published: AnalysisRequest,
    server_key: NewKey,
    scheme: str,
    analyst: str,
    http: httpx.Client,
) -> None:
    key = Key(server_key.key.pk, server_key.secret.encode(), scheme)

    found = list(rules.findings(conformance.RULES, Server(address, key, analyst, http)))

    assert len(found) == len(conformance.RULES)
    assert [finding for finding in found if finding.fault] == []


def test_a_server_that_keeps_little_is_told_what_it_breaks(
    server: Script, key: Key, analyst: str, http: httpx.Client
) -> None:
    server.on("GET requests", 200, {"next": None, "requests": [{"name": "x", "request-date": "yesterday"}]})
    server.on("POST bids", 500)

    found = list(rules.findings(conformance.RULES, Server(server.url, key, analyst, http)))

    broken = {finding.rule for finding in found if finding.fault}
    assert len(found) == len(conformance.RULES)
    assert {
        "The same signed call is believed once.",
        "A list is an object with requests and next.",
        "Dates are written YYYY-MM-DD@HH:MM.",
        "A list with the ETag one has gets a 304 without a body.",
        "A bid for a request that is not there gets 409, the message no, and a code.",
    } <= broken
