"""A server to practise with: offers work, answers as a real one may, and tells what a client does wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from polyphemus_analyst import rules
from polyphemus_analyst.errors import AnalystError
from polyphemus_analyst.rules import Finding, expect
from polyphemus_analyst.signing import Key
from polyphemus_analyst.verifying import FaultyCallError, Heard, verify

#: What is offered: one that the client wins at its second try, and one that somebody else has won.
WORK, LOST = "practice_work", "practice_lost"
#: What the first bid is told to wait, in seconds.
PATIENCE_S = 2
Answer = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Practice:
    """What was heard and what stands; `over` is set when the work was reported or given back."""

    key: Key
    analysis: str
    analyst: str
    heard: list[tuple[Heard, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    status: str = "new"
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, call: Heard) -> Answer:
        """Judge the signature, then do as the address says."""
        route = f"{call.method} {call.path.partition('/api/v1/')[2]}"
        try:
            self.nonces.append(verify(call, self.key))
        except FaultyCallError as fault:
            self.faults.append(f"{route}: {fault}")
            return _problem(401, "unauthorized")
        self.heard.append((call, route))
        if route.startswith("GET requests"):
            return self._shown(route.removeprefix("GET requests").strip("/"))
        return self._done(route, call.values)

    def _done(self, route: str, body: dict[str, Any]) -> Answer:
        match route:
            case "POST bids":
                return self._bid(body)
            case "POST tickets":
                return self._ended(body, "archived", "archived")
            case "POST releases":
                return self._ended(body, "released", "new")
            case "POST extensions":
                return 202, {"message": "asked"}, {}
        return _problem(404, "not_found")

    def calls(self, route: str, name: str = "") -> list[Heard]:
        """The believed calls of a route, about a request."""
        return [
            call for call, where in self.heard if where == route and name in ("", call.values.get("name"))
        ]

    def _shown(self, name: str) -> Answer:
        documents = {one: self._document(one) for one in (LOST, WORK)}
        if name:
            return (200, documents[name], {}) if name in documents else _problem(404, "not_found")
        new = [document for document in documents.values() if document["status"] == "new"]
        return 200, {"requests": new, "next": None}, {"Retry-After": "1"}

    def _document(self, name: str) -> dict[str, Any]:
        document = {
            "analysis": self.analysis,
            "requester": "practice@example.org",
            "name": name,
            "request-date": "2026-05-04@12:22",
            "status": self.status if name == WORK else "new",
            "config": {"project": "practice", "inputs": []},
        }
        return document | ({"analyst": self.analyst} if document["status"] != "new" else {})

    def _bid(self, body: dict[str, Any]) -> Answer:
        if body.get("name") != WORK or self.status == "archived":
            return _problem(409, "already_awarded", message="no")
        if len(self.calls("POST bids", WORK)) == 1:
            return _problem(503, "unavailable", **{"Retry-After": str(PATIENCE_S)})
        self.status = "running"
        due = datetime.now(UTC) + timedelta(hours=1)
        return 200, {"message": "go"}, {"Polyphemus-Award": "1", "Polyphemus-Due": due.isoformat()}

    def _ended(self, body: dict[str, Any], word: str, status: str) -> Answer:
        if body.get("name") != WORK or self.status != "running":
            return _problem(409, "not_yours")
        self.status = status
        self.over.set()
        return 200, {"message": word}, {}


def _problem(status: int, code: str, message: str = "", **headers: str) -> Answer:
    said = {"message": message} if message else {}
    document = {"type": "about:blank", "title": code, "status": status, "code": code, **said}
    return status, document, {"Content-Type": "application/problem+json", **headers}


class Handler(BaseHTTPRequestHandler):
    """Hands one call over; `practice` is set by `listening`."""

    protocol_version = "HTTP/1.1"
    practice: ClassVar[Practice]
    lock: ClassVar[threading.Lock]

    def do_GET(self) -> None:
        """Read."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Write."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *args: Any) -> None:
        """What matters is told at the end."""

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 — the library's signature
        """The time here."""
        return format_datetime(datetime.now(UTC).replace(microsecond=0), usegmt=True)

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Heard(
            self.command, self.path, headers, body, headers.get("host", "").lower(), datetime.now(UTC)
        )
        with self.lock:
            status, document, more = self.practice.answer(call)
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(content))} | more
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def listening(practice: Practice, host: str, port: int) -> ThreadingHTTPServer:
    """A server for it; port 0 takes a free one."""
    kind = type("Practising", (Handler,), {"practice": practice, "lock": threading.Lock()})
    try:
        return ThreadingHTTPServer((host, port), kind)
    except OSError as error:
        raise AnalystError(f"Nothing can listen on {host}:{port}: {error.strerror}.") from error


def rehearse(practice: Practice, server: ThreadingHTTPServer, *, seconds: float) -> list[Finding]:
    """Serve until the work was reported or given back, or the time is over; what was kept and broken."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        practice.over.wait(seconds)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return list(rules.findings(RULES, practice))


def every_call_is_believed(practice: Practice) -> None:
    """Every call carries a signature that a server believes."""
    expect(practice.heard or practice.faults, "no call came")
    expect(not practice.faults, "; ".join(practice.faults[:3]))


def every_call_is_signed_anew(practice: Practice) -> None:
    """No nonce is used twice."""
    expect(len(set(practice.nonces)) == len(practice.nonces), "one was")


def work_is_looked_for(practice: Practice) -> None:
    """Open work is asked for before anything is bid for."""
    first = practice.heard[0][1] if practice.heard else "nothing"
    expect(first.startswith("GET requests"), f"the first call was {first}")


def bids_are_the_founding_ones(practice: Practice) -> None:
    """A bid names analysis, analyst, request and time, and nothing else; the time is digits."""
    bids = practice.calls("POST bids")
    expect(bids, "there was no bid")
    for bid in bids:
        values = bid.values
        expect(set(values) == {"analysis", "analyst", "name", "time"}, f"it has {sorted(values)}")
        expect(str(values["time"]).isascii() and str(values["time"]).isdigit(), f"time is {values['time']!r}")
        expect(values["analysis"] == practice.analysis, f"its analysis is {values['analysis']!r}")


def patience_is_kept(practice: Practice) -> None:
    """What is answered 503 is tried again, and no sooner than Retry-After asks."""
    tries = practice.calls("POST bids", WORK)
    expect(len(tries) > 1, "it was not tried again")
    waited = (tries[1].at - tries[0].at).total_seconds()
    expect(waited >= PATIENCE_S, f"it was tried again after {waited:.1f} s")


def what_is_lost_is_left(practice: Practice) -> None:
    """What another analyst won is neither reported nor given back."""
    said = [call for route in ("POST tickets", "POST releases") for call in practice.calls(route, LOST)]
    expect(not said, "it was")


def what_is_won_is_reported(practice: Practice) -> None:
    """What was won ends in a ticket, or is given back with a reason."""
    given_back = practice.calls("POST releases", WORK)
    expect(practice.calls("POST tickets", WORK) or given_back, "neither came")
    expect(all(call.values.get("reason") for call in given_back), "no reason was given")


RULES: tuple[Callable[[Practice], None], ...] = (
    every_call_is_believed,
    every_call_is_signed_anew,
    work_is_looked_for,
    bids_are_the_founding_ones,
    patience_is_kept,
    what_is_lost_is_left,
    what_is_won_is_reported,
)
