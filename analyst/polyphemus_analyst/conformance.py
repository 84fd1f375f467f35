"""Whether a server keeps the contract that analysts rely on: each rule is a sentence that may be broken.

Nothing is changed on the server: lists are read, and what is bid for does not exist. `trial` goes further.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from polyphemus_analyst import backoff
from polyphemus_analyst.addresses import server_at
from polyphemus_analyst.calls import Call, compact_json
from polyphemus_analyst.clock import Clock
from polyphemus_analyst.errors import UnreachableError
from polyphemus_analyst.rules import expect
from polyphemus_analyst.signing import LIFETIME, Key, sign

PROBLEM = "application/problem+json"
V2 = "application/vnd.polyphemus.v2+json"
FOUNDING = ["analysis", "requester", "name", "request-date", "status", "config"]
AWARDED = ["analyst", "start-date", "due-date"]
ARCHIVED = ["end-date", "outcome"]
MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}@[0-9]{2}:[0-9]{2}", re.ASCII)
NOBODYS = "conformance-no-such-request"


class Server:
    """A server under trial: sends calls as they should be, or with one thing wrong."""

    def __init__(self, url: str, key: Key, analyst: str, http: httpx.Client) -> None:
        """The clock is the server's, so that only what a rule is about can be wrong."""
        self.url = server_at(url)
        self.key = key
        self.analyst = analyst
        self.http = http
        self.clock = Clock()
        try:
            self.clock.learn(http.get(self.address("requests")).headers)
        except httpx.HTTPError as error:
            raise UnreachableError(f"{self.url} does not answer: {str(error).rstrip('.')}.") from error

    def address(self, route: str) -> str:
        """Where a route is."""
        return f"{self.url}/api/v1/{route}"

    def call(self, method: str, route: str, values: dict[str, Any] | None = None) -> httpx.Request:
        """An unsigned call."""
        sent: dict[str, Any] = {"params": values} if method == "GET" else {}
        if method == "POST":
            sent = {"content": compact_json(values or {}).encode()}
            sent["headers"] = {"Content-Type": "application/json"}
        return self.http.build_request(method, self.address(route), **sent)

    def signed(
        self,
        request: httpx.Request,
        values: dict[str, Any],
        *,
        key: Key | None = None,
        later: timedelta = timedelta(),
    ) -> httpx.Request:
        """The call with a signature, made as if at another time."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        authority = self.url.netloc.decode("ascii").lower()
        repeat = request.headers.get("Idempotency-Key", "")
        call = Call(request.method, authority, path, query, request.content, values, repeat)
        request.headers.update(sign(call, key or self.key, now=self.clock.now() + later))
        return request

    def get(self, route: str, accept: str = "", **values: str) -> httpx.Response:
        """A signed GET."""
        request = self.signed(self.call("GET", route, values), values)
        if accept:
            request.headers["Accept"] = accept
        return self.http.send(request)

    def post(self, route: str, repeat: str = "", **values: Any) -> httpx.Response:
        """A signed POST; `repeat` is its Idempotency-Key."""
        request = self.call("POST", route, values)
        if repeat:
            request.headers["Idempotency-Key"] = repeat
        return self.http.send(self.signed(request, values))

    def documents(self) -> list[dict[str, Any]]:
        """Every request the key may see on the first page, whatever its status."""
        seen = [self.get("requests", status=status) for status in ("new", "running", "deferred", "archived")]
        return [document for answer in seen for document in answer.json()["requests"]]


def with_signature_of(signed: httpx.Request, other: httpx.Request) -> httpx.Request:
    """A call under the signature of another."""
    fields = {name: value for name, value in signed.headers.items() if name not in other.headers}
    other.headers.update(fields)
    return other


def expect_refused(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    expect(answer.status_code in statuses, f"HTTP {answer.status_code}")
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    expect(kind == PROBLEM, f"its type is {kind!r}")
    document = answer.json()
    expect(isinstance(document, dict) and document.get("code"), "it has no code")
    return dict(document)


def unsigned_calls_are_refused(server: Server) -> None:
    """A call without a signature gets a 401."""
    expect_refused(server.http.send(server.call("GET", "requests")), 401)


def signed_calls_are_believed(server: Server) -> None:
    """A signed call is answered."""
    answer = server.get("requests")
    expect(answer.status_code == httpx.codes.OK, f"HTTP {answer.status_code}")


def replays_are_refused(server: Server) -> None:
    """The same signed call is believed once."""
    request = server.signed(server.call("GET", "requests", {}), {})
    first, second = server.http.send(request), server.http.send(request)
    expect(first.is_success, f"HTTP {first.status_code} for the first")
    expect_refused(second, 401)


def changed_bodies_are_refused(server: Server) -> None:
    """A body other than the signed one gets a 401."""
    said = {"analysis": "a", "analyst": server.analyst, "name": NOBODYS, "time": "60"}
    request = server.signed(server.call("POST", "bids", said), said)
    changed = server.call("POST", "bids", said | {"time": "61"})
    expect_refused(server.http.send(with_signature_of(request, changed)), 401)


def added_parameters_are_refused(server: Server) -> None:
    """A parameter that was not signed gets a 401."""
    request = server.signed(server.call("GET", "requests", {}), {})
    changed = server.call("GET", "requests", {"status": "archived"})
    expect_refused(server.http.send(with_signature_of(request, changed)), 401)


def expired_calls_are_refused(server: Server) -> None:
    """A signature past its end gets a 401."""
    late = server.signed(server.call("GET", "requests", {}), {}, later=-LIFETIME - timedelta(minutes=10))
    expect_refused(server.http.send(late), 401)


def long_lives_are_refused(server: Server) -> None:
    """A signature that would live for an hour gets a 401."""
    early = server.signed(server.call("GET", "requests", {}), {}, later=timedelta(hours=1))
    expect_refused(server.http.send(early), 401)


def failures_look_the_same(server: Server) -> None:
    """A wrong secret and an unknown key get the same 401, but for the call's own id."""
    keys = (replace(server.key, secret=b"wrong"), replace(server.key, id="pk_" + "a" * 16))
    tried = [server.http.send(server.signed(server.call("GET", "requests", {}), {}, key=key)) for key in keys]
    shown = [expect_refused(answer, 401) | {"instance": ""} for answer in tried]
    expect(shown[0] == shown[1], "the two can be told apart")


def lists_have_their_shape(server: Server) -> None:
    """A list is an object with requests and next."""
    document = server.get("requests").json()
    expect(list(document) == ["requests", "next"], f"its members are {list(document)}")


def unchanged_lists_are_not_sent_again(server: Server) -> None:
    """A list with the ETag one has gets a 304 without a body."""
    tag = server.get("requests").headers.get("ETag", "")
    expect(tag, "there is no ETag")
    request = server.signed(server.call("GET", "requests", {}), {})
    request.headers["If-None-Match"] = tag
    answer = server.http.send(request)
    expect(
        answer.status_code == httpx.codes.NOT_MODIFIED and not answer.content, f"HTTP {answer.status_code}"
    )


def lists_advise_when_to_ask_again(server: Server) -> None:
    """A list says in Retry-After when to ask again."""
    advice = backoff.asked_for(server.get("requests").headers, now=server.clock.now())
    expect(advice is not None, "there is no Retry-After")


def versions_are_told_apart(server: Server) -> None:
    """Both versions of a list have ETags of their own and say that they vary by Accept."""
    answers = server.get("requests"), server.get("requests", accept=V2)
    tags = {answer.headers.get("ETag") for answer in answers}
    expect(len(tags) == len(answers) and None not in tags, f"the ETags are {tags}")
    varying = [answer.headers.get("Vary", "") for answer in answers]
    expect(all("accept" in value.lower() for value in varying), f"Vary is {varying}")


def documents_are_the_founding_ones(server: Server) -> None:
    """Documents have the founding members in their order, and more only once awarded and ended."""
    for document in server.documents():
        wanted = FOUNDING + [name for name in AWARDED + ARCHIVED if name in document]
        expect(list(document) == wanted, f"{document.get('name')} has {list(document)}")


def dates_are_minutes(server: Server) -> None:
    """Dates are written YYYY-MM-DD@HH:MM."""
    for document in server.documents():
        dates = {name: value for name, value in document.items() if name.endswith("-date")}
        expect(all(MINUTE.fullmatch(str(date)) for date in dates.values()), f"{document['name']}: {dates}")


def bids_for_nothing_are_told_no(server: Server) -> None:
    """A bid for a request that is not there gets 409, the message no, and a code."""
    answer = server.post("bids", analysis="a", analyst=server.analyst, name=NOBODYS, time="60")
    expect(expect_refused(answer, 409).get("message") == "no", "its message is not no")


def strange_times_are_refused(server: Server) -> None:
    """A bid whose time is no positive number of seconds gets a 400."""
    for time in ("0", "-1", "1e9", "", "٣٦٠٠"):
        answer = server.post("bids", analysis="a", analyst=server.analyst, name=NOBODYS, time=time)
        expect_refused(answer, 400)


def tickets_for_nothing_are_refused(server: Server) -> None:
    """A ticket for a request that is not there is refused with a code."""
    expect_refused(server.post("tickets", analysis="a", name=NOBODYS), 403, 404, 409)


RULES: tuple[Callable[[Server], None], ...] = (
    unsigned_calls_are_refused,
    signed_calls_are_believed,
    replays_are_refused,
    changed_bodies_are_refused,
    added_parameters_are_refused,
    expired_calls_are_refused,
    long_lives_are_refused,
    failures_look_the_same,
    lists_have_their_shape,
    unchanged_lists_are_not_sent_again,
    lists_advise_when_to_ask_again,
    versions_are_told_apart,
    documents_are_the_founding_ones,
    dates_are_minutes,
    bids_for_nothing_are_told_no,
    strange_times_are_refused,
    tickets_for_nothing_are_refused,
)
