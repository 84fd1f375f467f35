"""The one way out to Magma: bytes of a read there, bytes of an answer back.

Only a `ReadPath` can be sent, and a hook on every request refuses what is not a read, whoever sent it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from magma.errors import (
    MagmaBrokenOff,
    MagmaError,
    MagmaGarbled,
    MagmaNotConfigured,
    MagmaTimeout,
    MagmaTooLarge,
    MagmaUnreachable,
    WriteRefused,
)
from magma.questions import ReadPath
from magma.tokens import Token, TokenSource
from polyphemus_site.sentences import say as _

LONGEST_NUMBER = 10
AWAY = frozenset({429, 502, 503, 504})
READS = frozenset(
    {
        ("POST", ReadPath.RETRIEVE.value),
        ("POST", ReadPath.QUERY.value),
        ("GET", ReadPath.ALIVE.value),
        ("GET", ReadPath.FLAGS.value),
        ("GET", ReadPath.GRAMMAR.value),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, how much to take, how often to ask again.

    Reading is generous, since Magma asks Janus before it answers and computes unpaged answers for long. A
    read that ran into its timeout is not repeated: it would only run into it again.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 180.0
    whole_answer_seconds: float = 900.0
    attempts: int = 4
    pause_seconds: float = 0.7
    longest_pause: float = 10.0
    largest_answer: int = 512 * 1024 * 1024
    connections: int = 16

    def pause(self, attempt: int, *, at_least: float = 0.0) -> float:
        """A wait before asking again, never the same, so that many workers do not come back as one.

        Together they outlast a Magma that restarts itself, for two seconds after each change of a model.
        `at_least` is what a proxy asks for; one that asks for too much is asked once more all the same.
        """
        spread = random.uniform(0.5, 1.5)  # noqa: S311 — spreads load, guards nothing
        return spread * self.pause_seconds * float(2**attempt) + min(at_least, self.longest_pause)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, not yet understood."""

    status: int
    content_type: str
    body: bytes
    #: For so many seconds we are asked to stay away.
    retry_after: float = 0.0

    @property
    def is_for_strangers(self) -> bool:
        """A 401, or the way to a login page where Magma's `auth_redirect` is set."""
        return self.status == HTTPStatus.UNAUTHORIZED or 300 <= self.status < 400  # noqa: PLR2004 — redirects


def base_address(url: str, variable: str = "POLYPHEMUS_MAGMA_URL") -> str:
    """The address without its last slash; MagmaNotConfigured when it is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise MagmaNotConfigured(
            _("%(variable)s must be an address like https://magma.lab.org, not %(url)r.")
            % {"variable": variable, "url": url}
        )
    return url.rstrip("/")


def allow_only(base: str, calls: frozenset[tuple[str, str]]) -> Callable[[httpx.Request], None]:
    """A hook that lets nothing leave but these calls to this address; "/a/" stands for whatever is in it."""
    home = httpx.URL(base)
    prefix = home.raw_path.decode().rstrip("/")

    def look(request: httpx.Request) -> None:
        url = request.url
        path = url.raw_path.decode().removeprefix(prefix) or "/"
        folder = f"{path.rpartition('/')[0]}/"
        is_known = (request.method, path) in calls or (folder != "/" and (request.method, folder) in calls)
        if not is_known or (url.scheme, url.host, url.port) != (home.scheme, home.host, home.port):
            raise WriteRefused(f"{request.method} {path} is not a call that Polyphemus makes.")

    return look


class Wire:
    """A pool of connections to one Magma, safe to share between threads."""

    def __init__(self, url: str, token: TokenSource, patience: Patience) -> None:
        self.base = base_address(url)
        self.token = token
        self.patience = patience
        self._client = httpx.Client(
            timeout=httpx.Timeout(patience.read_seconds, connect=patience.connect_seconds),
            limits=httpx.Limits(
                max_connections=patience.connections, max_keepalive_connections=patience.connections
            ),
            event_hooks={"request": [allow_only(self.base, READS)]},
            headers={"User-Agent": "Polyphemus", "Accept": "application/json, text/tsv, */*;q=0.1"},
            follow_redirects=False,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def send(self, path: ReadPath, body: Any = None, *, below: str = "") -> Reply:
        """Ask, again where that may help; after a 401 once more with another token, if there is one."""
        token = self.token.current()
        reply = self._send_patiently(path, body, below, token)
        if reply.is_for_strangers and (another := self.token.renewed(token)) is not None:
            return self._send_patiently(path, body, below, another)
        return reply

    def _send_patiently(self, path: ReadPath, body: Any, below: str, token: Token) -> Reply:
        for attempt in range(self.patience.attempts - 1):
            at_least = 0.0
            try:
                reply = self._send_once(path, body, below, token)
            except (MagmaUnreachable, MagmaBrokenOff):
                pass
            else:
                if reply.status not in AWAY:
                    return reply
                at_least = reply.retry_after
            time.sleep(self.patience.pause(attempt, at_least=at_least))
        return self._send_once(path, body, below, token)

    def _send_once(self, path: ReadPath, body: Any, below: str, token: Token) -> Reply:
        asked = f"{path.value}{below}"
        try:
            return self._exchange(path, body, below, token)
        except httpx.TimeoutException as error:
            raise _too_late(asked, error) from error
        except httpx.DecodingError as error:
            raise MagmaGarbled(
                _("Magma's answer to %(asked)s can't be unpacked: %(error)s.")
                % {"asked": asked, "error": error}
            ) from error
        except httpx.TransportError as error:
            raise MagmaUnreachable(
                _("Magma can't be reached for %(asked)s: %(error)s.") % {"asked": asked, "error": error}
            ) from error

    def _exchange(self, path: ReadPath, body: Any, below: str, token: Token) -> Reply:
        with self._client.stream(
            "POST" if path in {ReadPath.RETRIEVE, ReadPath.QUERY} else "GET",
            f"{self.base}{path.value}{quote(below, safe='')}",
            content=None if body is None else msgspec.json.encode(body),
            headers=_headers(token, has_body=body is not None),
        ) as response:
            kind, later = (response.headers.get(name, "") for name in ("Content-Type", "Retry-After"))
            return Reply(response.status_code, kind, self._take(response), _seconds(later))

    def _take(self, response: httpx.Response) -> bytes:
        """The whole body, within the bounds of time and memory; a loss on the way is told from a refusal."""
        deadline = time.monotonic() + self.patience.whole_answer_seconds
        chunks: list[bytes] = []
        taken = 0
        try:
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                taken += len(chunk)
                if taken > self.patience.largest_answer:
                    raise MagmaTooLarge(
                        _("Magma's answer exceeds %(most)s bytes.")
                        % {"most": f"{self.patience.largest_answer:,}"}
                    )
                if time.monotonic() > deadline:
                    raise MagmaTimeout(_("Magma's answer took too long to arrive in whole."))
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            raise MagmaBrokenOff(
                _("Magma's answer broke off after %(taken)s bytes: %(error)s.")
                % {"taken": f"{taken:,}", "error": error}
            ) from error
        return b"".join(chunks)


def _seconds(said: str) -> float:
    """What Retry-After asks for; a date, which no Magma's proxy sends, counts as nothing."""
    return float(said) if said.isascii() and said.isdigit() and len(said) < LONGEST_NUMBER else 0.0


def _headers(token: Token, *, has_body: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} if has_body else {}
    return headers | ({"Authorization": f"Etna {token.text}"} if token.text else {})


def _too_late(asked: str, error: httpx.TimeoutException) -> MagmaError:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return MagmaUnreachable(_("Magma took no connection for %(asked)s in time.") % {"asked": asked})
    return MagmaTimeout(_("Magma did not answer %(asked)s in time.") % {"asked": asked})
