"""The server's routes for analysts: every call signed anew, retried with patience, its errors typed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from polyphemus_analyst import backoff, documents
from polyphemus_analyst.addresses import server_at
from polyphemus_analyst.calls import Call, compact_json
from polyphemus_analyst.clock import Clock
from polyphemus_analyst.documents import Message, Request
from polyphemus_analyst.errors import RefusedError, UnauthorizedError, UnreachableError
from polyphemus_analyst.signing import Key, sign

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
TRIES = 6
#: Documents remembered at most: a program that runs for months meets many requests.
MOST_KNOWN = 100
PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True)
class Answer:
    """A good answer: its document, and what its headers tell of award, due date and polling (seconds)."""

    document: dict[str, Any]
    due: datetime | None = None
    advice: float | None = None
    award: int = 0
    #: Whether an earlier bid of ours has made the award; not one under the same key.
    repeated: bool = False

    @property
    def message(self) -> str:
        """The word it acknowledges with."""
        return str(self.document.get("message", ""))


@dataclass(frozen=True)
class Held:
    """Work that was awarded to us; `award` tells the server which award we mean, 0 that we don't know."""

    analysis: str
    name: str
    award: int = 0

    def named(self) -> dict[str, Any]:
        """The members that name it in a body."""
        number = {"award": self.award} if self.award else {}
        return {"analysis": self.analysis, "name": self.name} | number


class Dispatch:
    """A Polyphemus, as an analyst sees it.

    `sleep` and `tries` say how patient it is. The server's host is signed as it stands in the URL. `warn` is
    told what a person should know.
    """

    def __init__(
        self,
        url: str,
        key: Key,
        *,
        clock: Clock | None = None,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tries: int = TRIES,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing is asked yet."""
        address = server_at(url)
        self.authority = address.netloc.decode("ascii").lower()
        self.root = f"{address.scheme}://{self.authority}"
        self.api = address.path.rstrip("/") + "/api/v1"
        self.key = key
        self.clock = clock or Clock()
        self.http = http or httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self.sleep = sleep
        self.tries = tries
        self.warn = warn
        #: Until when the server said it believes our key, as it was last told on.
        self.key_ends: datetime | None = None
        #: Documents by address: their ETag, and what they held.
        self.known: dict[str, tuple[str, Answer]] = {}

    def open_requests(self, *, analysis: str, project: str = "") -> tuple[list[Request], float | None]:
        """The open requests, oldest first, and the seconds after which the server likes to be asked again."""
        wanted = {"analysis": analysis, "project": project, "status": "new"}
        pages = list(self._pages({name: value for name, value in wanted.items() if value}))
        read = [documents.read(entry) for page in pages for entry in page.document.get("requests", [])]
        return [one for one in read if one is not None and one.status == "new"], pages[0].advice

    def request(self, name: str) -> tuple[Request | None, datetime | None]:
        """One request and the instant it is due."""
        answer = self._send("GET", self._at(name), {})
        return documents.read(answer.document), answer.due

    def bid(self, *, analysis: str, name: str, seconds: int, analyst: str, key: str = "") -> Answer:
        """Offer to do it; an answer means "go", also when it was won by an earlier try."""
        body = {"analysis": analysis, "analyst": analyst, "name": name, "time": str(seconds)}
        answer = self._post("bids", body, key)
        if answer.message != "go":
            raise UnreachableError(f"{self.root} answered a bid with {answer.message!r}.")
        return answer

    def usual_seconds(self, *, analysis: str) -> int | None:
        """How long our own past says it takes, four times of five; None while the server knows too little."""
        try:
            told = self._send("GET", f"{self.api}/track-record", {"analysis": analysis}).document
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        seconds = told.get("usual_seconds")
        return seconds if isinstance(seconds, int) and seconds > 0 else None

    def ticket(self, held: Held, *, key: str = "") -> Answer:
        """Say that the work is complete."""
        return self._post("tickets", held.named(), key)

    def extend(self, held: Held, *, seconds: int, key: str = "") -> Answer:
        """Ask for more time; "extended" or, where a person decides, "asked"."""
        return self._post("extensions", held.named() | {"time": str(seconds)}, key)

    def release(self, held: Held, *, reason: str, key: str = "") -> Answer:
        """Give the work back."""
        return self._post("releases", held.named() | {"reason": reason}, key)

    def messages(self, name: str) -> list[Message]:
        """What was said about a request of ours."""
        return documents.messages(self._send("GET", f"{self._at(name)}/messages", {}).document)

    def say(self, name: str, text: str, *, key: str = "") -> list[Message]:
        """Tell the requester something; the thread as it then is."""
        return documents.messages(
            self._post(f"requests/{_step(name)}/messages", {"text": text}, key).document
        )

    def _at(self, name: str) -> str:
        return f"{self.api}/requests/{_step(name)}"

    def _pages(self, query: Mapping[str, str]) -> Iterator[Answer]:
        path = f"{self.api}/requests"
        seen: set[str] = set()
        while True:
            page = self._send("GET", path, query)
            yield page
            following = page.document.get("next")
            if not isinstance(following, str) or following in seen:
                return
            seen.add(following)
            # Only its path and query are followed: where the key is sent is ours to say.
            parts = urlsplit(following)
            path, query = parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))

    def _post(self, route: str, body: Mapping[str, Any], key: str) -> Answer:
        return self._send("POST", f"{self.api}/{route}", body, {"Idempotency-Key": key} if key else {})

    def _send(
        self, method: str, path: str, values: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send until there is an answer that stays; a corrected clock is worth one more try by itself."""
        corrected = False
        trouble = ""
        for attempt in range(self.tries):
            answered = self._try(method, path, values, dict(headers or {}))
            if isinstance(answered, str):
                trouble, waiting = answered, backoff.wait_for(attempt, {}, now=self.clock.now())
            else:
                skewed = self.clock.learn(answered.headers)
                self._heed(answered.headers)
                if answered.status_code == HTTPStatus.UNAUTHORIZED and skewed and not corrected:
                    corrected = True
                    continue
                if answered.status_code not in PASSING:
                    return self._understand(answered)
                trouble = f"HTTP {answered.status_code}"
                waiting = backoff.wait_for(attempt, answered.headers, now=self.clock.now())
            if attempt + 1 < self.tries:
                self.sleep(waiting)
        raise UnreachableError(f"{self.root} does not answer: {trouble.rstrip('.')}.")

    def _heed(self, headers: Mapping[str, str]) -> None:
        """Pass on, once, that our key has an end: whoever holds it must change it before."""
        end = _instant(headers.get("Polyphemus-Key-Ends", ""))
        if end is not None and end != self.key_ends:
            self.key_ends = end
            until = end.astimezone(UTC)
            self.warn(f"{self.root} believes the key {self.key.id} until {until:%Y-%m-%d %H:%M} UTC only.")

    def _try(
        self, method: str, path: str, values: Mapping[str, Any], headers: dict[str, str]
    ) -> httpx.Response | str:
        """One signed attempt; what went wrong in words when there was no answer."""
        kind = {"Content-Type": "application/json"} if method == "POST" else {}
        request = self.http.build_request(
            method, self.root + path, headers=headers | kind, **_carried(method, values)
        )
        request.headers.update(sign(self._call(request, values), self.key, now=self.clock.now()))
        if method == "GET" and str(request.url) in self.known:
            request.headers["If-None-Match"] = self.known[str(request.url)][0]
        try:
            return self.http.send(request)
        except httpx.HTTPError as error:
            return str(error) or type(error).__name__

    def _call(self, request: httpx.Request, values: Mapping[str, Any]) -> Call:
        """What is signed is what is sent."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        return Call(
            method=request.method,
            authority=self.authority,
            path=path,
            query=query,
            body=request.content,
            values=values,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )

    def _understand(self, response: httpx.Response) -> Answer:
        address = str(response.request.url)
        advice = backoff.asked_for(response.headers, now=self.clock.now())
        if response.status_code == HTTPStatus.NOT_MODIFIED and address in self.known:
            remembered = self.known[address][1]
            return replace(remembered, advice=advice)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise UnauthorizedError(f"{self.root} does not accept the key {self.key.id}.")
        document = _object(response)
        if not response.is_success:
            raise _refusal(response, document)
        answer = _answer(response, document, advice)
        if response.request.method == "GET" and (etag := response.headers.get("ETag")):
            self.known.pop(address, None)
            self.known[address] = (etag, answer)
            if len(self.known) > MOST_KNOWN:
                del self.known[next(iter(self.known))]
        return answer


def _step(name: str) -> str:
    """One step of a path, whatever a person typed."""
    return quote(name, safe="")


def _carried(method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values where they belong: the query of a GET, the body of a POST, in the bytes that were signed."""
    if method == "GET":
        return {"params": dict(values)}
    return {"content": compact_json(values).encode()}


def _answer(response: httpx.Response, document: dict[str, Any], advice: float | None) -> Answer:
    award = response.headers.get("Polyphemus-Award", "")
    return Answer(
        document,
        due=_instant(response.headers.get("Polyphemus-Due", "")),
        advice=advice,
        award=int(award) if award.isascii() and award.isdigit() else 0,
        repeated=response.headers.get("Polyphemus-Award-Repeated") == "true",
    )


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    if response.is_success:
        raise UnreachableError(f"{response.request.url.host} answered with something that is no document.")
    return {}


def _refusal(response: httpx.Response, document: Mapping[str, Any]) -> RefusedError:
    code = str(document.get("code") or response.status_code)
    detail = str(document.get("detail") or document.get("title") or response.reason_phrase)
    return RefusedError(f"{detail} ({code})", status=response.status_code, code=code)


def _instant(value: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else None
