"""Posting to many places at once: each has so many seconds for everything, and none waits for another."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from polyphemus_site.outbound import addresses
from polyphemus_site.outbound.addresses import AddressRefusedError, Network

#: For the name, the connection, the handshake, the body and the head of the answer together.
SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Post:
    """What to send where."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: a status, or why there is none. The body of an answer is never read."""

    status: int | None = None
    error: str = ""
    milliseconds: int = 0
    #: `Retry-After` in seconds, where it is a number.
    retry_after: int | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver said yes."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def post_all(posts: Sequence[Post], *, allowed: Sequence[Network], seconds: float = SECONDS) -> list[Outcome]:
    """Post them all at once; an outcome for each, in their order, after `seconds` at the latest."""
    return asyncio.run(_post_all(posts, allowed, seconds))


async def _post_all(posts: Sequence[Post], allowed: Sequence[Network], seconds: float) -> list[Outcome]:
    trust = ssl.create_default_context()
    return list(await asyncio.gather(*(_timed(post, allowed, seconds, trust) for post in posts)))


async def _timed(post: Post, allowed: Sequence[Network], seconds: float, trust: ssl.SSLContext) -> Outcome:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            response = await _post(post, allowed, trust)
        found = Outcome(status=response.status_code, error=_fault(response), retry_after=_patience(response))
    except TimeoutError:
        found = Outcome(error=f"No answer within {seconds:g} s.")
    except AddressRefusedError as error:
        found = Outcome(error=str(error))
    except (httpx.HTTPError, ssl.SSLError, OSError, ValueError) as error:
        found = Outcome(error=f"{type(error).__name__}: {error}"[:300])
    took = round((time.perf_counter() - started) * 1000)
    return Outcome(status=found.status, error=found.error, milliseconds=took, retry_after=found.retry_after)


async def _post(post: Post, allowed: Sequence[Network], trust: ssl.SSLContext) -> httpx.Response:
    """Post to the address that was judged, under the name it was judged for; the head of the answer."""
    place = addresses.place_of(post.url, allowed=allowed)
    address = await addresses.pinned(place, allowed=allowed)
    headers = {**post.headers, "Host": place.url.netloc.decode("ascii")}
    # No proxy of the environment comes between, else the address would be the proxy's to choose.
    async with (
        httpx.AsyncClient(verify=trust, trust_env=False, timeout=None, follow_redirects=False) as client,  # noqa: S113 — the whole call has its deadline above
        client.stream(
            "POST",
            place.url.copy_with(host=str(address)),
            content=post.body,
            headers=headers,
            extensions={"sni_hostname": place.host},
        ) as response,
    ):
        return response


def _fault(response: httpx.Response) -> str:
    if response.is_redirect:
        return f"It answers {response.status_code}; redirects are not followed."
    return "" if response.is_success else f"It answers {response.status_code}."


def _patience(response: httpx.Response) -> int | None:
    value = response.headers.get("Retry-After", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None  # noqa: PLR2004 — three years
