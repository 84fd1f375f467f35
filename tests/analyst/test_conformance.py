from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING
from dispatch.services import keys
from dispatch.services.keys import NewKey
from polyphemus_analyst import conformance, rules, trial
from polyphemus_analyst.conformance import Server
from polyphemus_analyst.signing import Key
from polyphemus_analyst.trial import Trial
from tests.analyst.conftest import KEK
from tests.analyst.standin import Script
from tests.dispatch.calls import server_time

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


class TestTrial:
    """A request that was set aside is played to its end by two analysts."""

    @pytest.fixture
    def rivals(self, address: str, rival: str, scheme: str) -> Key:
        made = keys.create(
            analyst=rival, scheme=scheme, scopes=EVERYTHING, kek=KEK, actor="t", now=server_time()
        )
        return Key(made.key.pk, made.secret.encode(), scheme)

    @pytest.fixture
    def played(
        self,
        address: str,
        published: AnalysisRequest,
        server_key: NewKey,
        rivals: Key,
        analyst: str,
        rival: str,
        scheme: str,
    ) -> Callable[[httpx.Client], dict[str, str]]:
        """Both suites at the real server, as this client shows it; what is broken, and what was seen."""
        ours = Key(server_key.key.pk, server_key.secret.encode(), scheme)

        def play(http: httpx.Client) -> dict[str, str]:
            one, two = Server(address, ours, analyst, http), Server(address, rivals, rival, http)
            found = [
                *rules.findings(conformance.RULES, one),
                *rules.findings(trial.RULES, Trial(published.name, one, two)),
            ]
            return {finding.rule: finding.fault for finding in found if finding.fault}

        return play

    @pytest.mark.parametrize("scheme", ["etna-v1", "rfc9421-v1"])
    def test_our_own_server_keeps_every_rule(
        self, played: Callable[[httpx.Client], dict[str, str]], http: httpx.Client, published: AnalysisRequest
    ) -> None:
        assert played(http) == {}
        published.refresh_from_db()
        assert (published.status, published.outcome, published.award) == ("archived", "ticket", 2)

    def test_a_server_that_breaks_one_thing_is_told_so(
        self, played: Callable[[httpx.Client], dict[str, str]], fault: Fault
    ) -> None:
        with httpx.Client(transport=Bent(fault), timeout=30) as bent:
            broken = played(bent)

        assert any(fault.rule in rule for rule in broken), broken

    def test_by_command(
        self,
        address: str,
        published: AnalysisRequest,
        server_key: NewKey,
        rivals: Key,
        analyst: str,
        rival: str,
        tmp_path: Path,
    ) -> None:
        for name, secret in (("ours", server_key.secret), ("rivals", rivals.secret.decode())):
            (tmp_path / name).touch(mode=0o600)
            (tmp_path / name).write_text(secret)
        who = ["--key-id", server_key.key.pk, "--secret-file", str(tmp_path / "ours"), "--analyst", analyst]
        other = ["--rival-key-id", rivals.id, "--rival-secret-file", str(tmp_path / "rivals")]

        done = run(
            "conformance", address, *who, "--request", published.name, *other, "--rival-analyst", rival
        )
        alone = run("conformance", address, *who, "--request", published.name)

        kept = [line for line in done.stdout.splitlines() if line.startswith("kept")]
        assert (done.returncode, len(kept)) == (0, len(conformance.RULES) + len(trial.RULES))
        assert (alone.returncode, "needs a rival" in alone.stderr) == (2, True)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """The program, as a person would call it."""
    return subprocess.run(  # noqa: S603 — the program itself
        [sys.executable, "-m", "polyphemus_analyst", *words], capture_output=True, text=True, check=False
    )


@dataclass(frozen=True)
class Fault:
    """A way to break a server: the answers of a route with this status become something else."""

    route: str
    status: int
    bend: Callable[[httpx.Response], httpx.Response]
    #: Words of the rule that must be found broken.
    rule: str


class Bent(httpx.BaseTransport):
    """The real server, but for one fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.real = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.real.handle_request(request)
        answer.read()
        asked = f"{request.method} {request.url.path.partition('/api/v1/')[2]}"
        if re.fullmatch(self.fault.route, asked) and answer.status_code == self.fault.status:
            return self.fault.bend(answer)
        return answer

    def close(self) -> None:
        self.real.close()


def answered(status: int, body: Any = None) -> Callable[[httpx.Response], httpx.Response]:
    return lambda answer: httpx.Response(
        status, json=answer.json() if body is None else body, headers={"Polyphemus-Award": "1"}
    )


def without(name: str) -> Callable[[httpx.Response], httpx.Response]:
    def bend(answer: httpx.Response) -> httpx.Response:
        answer.headers.pop(name, None)
        return answer

    return bend


def changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[httpx.Response], httpx.Response]:
    def bend(answer: httpx.Response) -> httpx.Response:
        document = answer.json()
        change(document)
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, content=json.dumps(document).encode(), headers=headers)

    return bend


GO, ONE = {"message": "go"}, r"GET requests/\w+"
FAULTS = {
    "a second go": Fault("POST bids", 409, answered(200, GO), "Of two bids at once"),
    "a bid that crashes": Fault("POST bids", 409, answered(500), "Of two bids at once"),
    "a plain no": Fault("POST bids", 409, answered(404), "Of two bids at once"),
    "a no without its word": Fault("POST bids", 409, changed(lambda one: one.pop("message")), "gets 409"),
    "a go without its award": Fault("POST bids", 200, without("Polyphemus-Award"), "Of two bids at once"),
    "a go without its end": Fault("POST bids", 200, without("Polyphemus-Due"), "Of two bids at once"),
    "somebody else's ticket taken": Fault(
        "POST tickets", 409, answered(200, {"message": "archived"}), "former holder"
    ),
    "a ticket that crashes": Fault("POST tickets", 200, answered(500), "The holder's ticket"),
    "another word for a ticket": Fault(
        "POST tickets", 200, answered(200, {"message": "ok"}), "holder's ticket"
    ),
    "a release that crashes": Fault("POST releases", 200, answered(500), "gives back is new"),
    "more time that is none": Fault(
        "POST extensions", 200, answered(200, {"message": "extended"}), "asks for more time"
    ),
    "a list without its tag": Fault("GET requests", 200, without("ETag"), "with the ETag one has"),
    "a list without advice": Fault("GET requests", 200, without("Retry-After"), "Retry-After"),
    "a list that does not vary": Fault("GET requests", 200, without("Vary"), "vary by Accept"),
    "no 304": Fault("GET requests", 304, answered(200, {}), "with the ETag one has"),
    "a replay believed": Fault("GET requests", 401, answered(200, {}), "believed once"),
    "a refusal that is no problem": Fault(
        "POST tickets", 404, without("Content-Type"), "not there is refused"
    ),
    "a refusal without its code": Fault(
        "POST tickets", 404, changed(lambda one: one.pop("code")), "not there is refused"
    ),
    "a member too many": Fault(ONE, 200, changed(lambda one: one.update(id=1)), "under its address"),
    "a due date too late": Fault(
        ONE, 200, changed(lambda one: one.update({"due-date": "2999-01-01@00:00"})), "no later than"
    ),
    "an outcome of its own": Fault(
        ONE, 200, changed(lambda one: one.update(outcome="done")), "ticket archives"
    ),
    "a record of somebody else's": Fault(
        r"GET requests/\w+/record",
        200,
        changed(lambda one: one["record"].update(analyst="x")),
        "record names",
    ),
}


@pytest.fixture(params=list(FAULTS.values()), ids=list(FAULTS))
def fault(request: pytest.FixtureRequest) -> Fault:
    """Each way to break a server, in turn."""
    found: Fault = request.param
    return found
