"""A service's login at Janus: tokens fetched with our own key, and renewed before they expire.

Janus gives a nonce; the account's RSA key signs it with the account's address; for that Janus gives a token.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Lock

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from magma.errors import JanusAway, JanusRefused, MagmaError, MagmaNotConfigured
from magma.tokens import Token, read_token
from magma.wire import allow_only, base_address
from polyphemus_site.sentences import say as _

log = logging.getLogger(__name__)

NONCE = ("GET", "/api/tokens/nonce")
GENERATE = ("POST", "/api/tokens/generate")
LONGEST_MARGIN = timedelta(minutes=5)
PAUSE_AFTER_FAILURE = timedelta(seconds=30)
#: A younger token that is refused will not be bettered by another one.
BRAND_NEW = timedelta(seconds=1)
TIMEOUT_SECONDS = 30.0
LONGEST_TOKEN = 64 * 1024


def utc_now() -> datetime:
    """This host's clock: a token's end is compared with it, and a wrong clock costs one refused call."""
    return datetime.now(UTC)


class JanusLogin:
    """A token source that logs in by itself. Safe to share between threads: one logs in, the others wait."""

    def __init__(
        self, *, url: str, email: str, private_key: str, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._base = base_address(url, "POLYPHEMUS_JANUS_URL")
        self._email = email
        self._key = _private_key(private_key)
        self._clock = clock
        self._lock = Lock()
        self._token: Token | None = None
        self._renew_at: datetime | None = None
        self._fetched_at: datetime | None = None
        self._client = httpx.Client(
            timeout=TIMEOUT_SECONDS,
            event_hooks={"request": [allow_only(self._base, frozenset({NONCE, GENERATE}))]},
            headers={"User-Agent": "Polyphemus"},
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def current(self) -> Token:
        """The token in hand, or a new one when that one is about to expire."""
        with self._lock:
            if self._token is None or self._token.has_expired(now=self._clock()):
                return self._fetch()
            if self._renew_at is not None and self._clock() >= self._renew_at:
                return self._renew_early(self._token)
            return self._token

    def renewed(self, refused: Token) -> Token | None:
        """Another token after a refusal; None when that one was brand-new, since one more would not help."""
        with self._lock:
            if self._token is not None and self._token.text != refused.text:
                return self._token
            if self._is_brand_new(refused):
                return None
            return self._fetch()

    def _is_brand_new(self, token: Token) -> bool:
        now = self._clock()
        is_recent = self._fetched_at is not None and now - self._fetched_at < BRAND_NEW
        return is_recent and not token.has_expired(now=now)

    def _renew_early(self, token: Token) -> Token:
        """Janus may be away for a while without harm, as long as the token in hand is good."""
        try:
            return self._fetch()
        except MagmaError as error:
            log.warning("The Janus token could not be renewed ahead of its end: %s", error)
            self._renew_at = self._clock() + PAUSE_AFTER_FAILURE
            return token

    def _fetch(self) -> Token:
        nonce = self._call(*NONCE)
        token = read_token(self._call(*GENERATE, authorization=f"Signed-Nonce {self._signed(nonce)}"))
        self._token, self._fetched_at = token, self._clock()
        self._renew_at = _renewal(token, now=self._fetched_at)
        return token

    def _signed(self, nonce: str) -> str:
        text = f"{nonce}.{base64.b64encode(self._email.encode()).decode()}"
        signature = self._key.sign(text.encode(), PKCS1v15(), SHA256())
        return f"{text}.{base64.b64encode(signature).decode()}"

    def _call(self, method: str, path: str, *, authorization: str | None = None) -> str:
        headers = {} if authorization is None else {"Authorization": authorization}
        body = None if authorization is None else {"token_type": "login"}
        try:
            response = self._client.request(method, f"{self._base}{path}", headers=headers, json=body)
        except httpx.TransportError as error:
            raise JanusAway(
                _("Janus can't be reached at %(path)s: %(error)s.") % {"path": path, "error": error}
            ) from error
        return _text(response, path)


def _text(response: httpx.Response, path: str) -> str:
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise JanusAway(
            _("Janus answered %(status)s to %(path)s.") % {"status": response.status_code, "path": path},
            http_status=response.status_code,
        )
    text = response.text.strip()
    if response.status_code != HTTPStatus.OK or not text or len(text) > LONGEST_TOKEN or "\n" in text:
        raise JanusRefused(
            _("Janus answered %(status)s to %(path)s, without what was asked for.")
            % {"status": response.status_code, "path": path},
            http_status=response.status_code,
        )
    return text


def _renewal(token: Token, *, now: datetime) -> datetime | None:
    """Five minutes ahead of the end, less for short lives."""
    if token.expires_at is None:
        return None
    return token.expires_at - min(LONGEST_MARGIN, (token.expires_at - now) / 10)


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MagmaNotConfigured(
            _("POLYPHEMUS_JANUS_PRIVATE_KEY is no PEM key without a password.")
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise MagmaNotConfigured(_("POLYPHEMUS_JANUS_PRIVATE_KEY must be an RSA key: Janus knows no other."))
    return key
