"""What tests of the signed addresses share: a small site, keys, and clients of both schemes."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoDbBlocker

from dispatch.scopes import ANY, Scope
from dispatch.services import keys
from dispatch.states import Scheme
from polyphemus_site import clock
from polyphemus_site.api import redis_door
from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.gates import RedisGate
from polyphemus_site.api.models import SignedCall
from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.keys import RFC9421_V1, KeyRing
from tests.polyphemus_site.api import rfc9421_profile, signed_site
from tests.polyphemus_site.api.wire import KEK, KEY
from tests.web import Web, free_port, serving

HOST = "polyphemus.example.org"
ETNA_KEY = b"an etna key"
RFC_KEY = b"k" * 32
LIFE = timedelta(minutes=5)
BODY = {"analysis": "exome_pipe", "name": "dt_lung_tumor_pair", "time": "3600"}

_numbers = itertools.count(1)


def fresh_nonce() -> str:
    return f"nonce-{next(_numbers):026d}"


@pytest.fixture
def instant(db: None) -> datetime:
    """The time the server judges by."""
    return clock.now()  # noqa: TID251 — the server reads this clock


@pytest.fixture
def rings(settings: LazySettings, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, KeyRing]]:
    """The small site with a key of each scheme, no memory of other tests' failures, and no audit yet."""
    settings.ROOT_URLCONF = "tests.polyphemus_site.api.signed_site"
    settings.POLYPHEMUS_URL = f"https://{HOST}"
    settings.ALLOWED_HOSTS = [HOST]
    server = redis_door.client()
    server.delete("audit:notes", *server.keys("limit:*"))
    monkeypatch.setattr(SignedAuthentication, "gate", RedisGate())
    signed_site.RINGS.update(
        athena=KeyRing(
            key_id="athena", secrets=(ETNA_KEY,), max_life=LIFE, principal=signed_site.Caller("athena")
        ),
        pk_abc=KeyRing(
            key_id="pk_abc",
            secrets=(RFC_KEY,),
            max_life=LIFE,
            principal=signed_site.Caller("ann"),
            scheme=RFC9421_V1,
        ),
    )
    yield signed_site.RINGS
    signed_site.RINGS.clear()


Send = Callable[..., Any]
Headers = dict[str, str]
RAW = json.dumps(BODY).encode()
THINGS = "/api/v1/things"


@pytest.fixture
def send(rings: dict[str, KeyRing]) -> Send:
    """Send any call: `headers` by their wire names, the path as it is."""
    client = Client(raise_request_exception=False)

    def call(
        method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None, **meta: str
    ) -> Any:
        names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
        content_type = names.pop("HTTP_CONTENT_TYPE", "application/json")
        sent = {"HTTP_HOST": HOST} | names | meta
        return client.generic(method, target, body, content_type=content_type, **sent)  # type: ignore[arg-type]  # the stubs know no META keywords here

    return call


@pytest.fixture
def by_etna(send: Send, instant: datetime) -> Send:
    """Send a call signed by etna-v1: fields in headers, values in the JSON body."""

    def call(
        method: str = "POST",
        path: str = "/api/v1/things",
        document: dict[str, Any] | None = None,
        *,
        change: Callable[[dict[str, str]], dict[str, str]] = dict,
        body: bytes | None = None,
        to: str | None = None,
        **signing: Any,
    ) -> Any:
        given = (BODY if method == "POST" else {}) if document is None else document
        how: dict[str, Any] = {
            "key_id": "athena",
            "key": ETNA_KEY,
            "nonce": fresh_nonce(),
            "expires": instant + LIFE,
        }
        fields = etna.sign(method=method, host=HOST, path=path, signed=given, **(how | signing))
        raw = (json.dumps(given).encode() if given else b"") if body is None else body
        return send(method, to or path, raw, change(fields))

    return call


@pytest.fixture
def by_rfc9421(send: Send, instant: datetime) -> Send:
    """Send a call signed by rfc9421-v1."""

    def call(
        method: str = "POST",
        target: str = "/api/v1/things",
        *,
        change: Callable[[dict[str, str]], dict[str, str]] = dict,
        body: bytes | None = None,
        sends: bytes | None = None,
        to: str | None = None,
        **signing: Any,
    ) -> Any:
        raw = (json.dumps(BODY).encode() if method == "POST" else b"") if body is None else body
        how: dict[str, Any] = {
            "key": RFC_KEY,
            "authority": HOST,
            "nonce": fresh_nonce(),
            "created": int(instant.timestamp()),
        }
        made = rfc9421_profile.Signing(method=method, target=target, body=raw, **(how | signing))
        return send(method, to or target, raw if sends is None else sends, change(made.headers()))

    return call


@pytest.fixture
def last_reason(db: None) -> Callable[[], str]:
    """Why the last refused call was refused, as the audit has it."""

    def reason() -> str:
        return SignedCall.objects.latest("id").reason

    return reason


@dataclass
class Sent:
    """A call as its owner signed it; `changed` is what the stranger makes of it."""

    send: Send
    method: str = "POST"
    target: str = THINGS
    body: bytes = RAW
    headers: Headers = field(default_factory=dict)
    meta: Headers = field(default_factory=dict)

    def changed(self, **changes: Any) -> Any:
        """The answer to it."""
        headers = {
            name: value for name, value in (self.headers | changes.pop("headers", {})).items() if value
        }
        other = replace(self, headers=headers, **changes)
        return other.send(other.method, other.target, other.body, other.headers, **other.meta)


@pytest.fixture
def etna_call(send: Send, instant: datetime) -> Callable[..., Sent]:
    """Signed by etna-v1; a query's values are signed too."""

    def signed(method: str = "POST", target: str = THINGS, values: Any = BODY, **how: Any) -> Sent:
        given = values if method == "POST" else how.pop("query", {})
        usual: dict[str, Any] = {
            "key_id": "athena",
            "key": ETNA_KEY,
            "nonce": fresh_nonce(),
            "expires": instant + LIFE,
        }
        path = target.partition("?")[0]
        fields = etna.sign(method=method, host=HOST, path=path, signed=given, **(usual | how))
        return Sent(send, method, target, json.dumps(given).encode() if method == "POST" else b"", fields)

    return signed


@pytest.fixture
def rfc_call(send: Send, instant: datetime) -> Callable[..., Sent]:
    """Signed by rfc9421-v1."""

    def signed(method: str = "POST", target: str = THINGS, **how: Any) -> Sent:
        usual: dict[str, Any] = {
            "key": RFC_KEY,
            "authority": HOST,
            "nonce": fresh_nonce(),
            "created": int(instant.timestamp()),
        }
        body = RAW if method == "POST" else b""
        made = rfc9421_profile.Signing(method=method, target=target, body=body, **(usual | how))
        return Sent(send, method, target, body, made.headers())

    return signed


@pytest.fixture(scope="module")
def public_port() -> int:
    """The port calls are signed for: granian's own, which nginx's callers never see."""
    return free_port()


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory,
    public_port: int,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Web]:
    variables: dict[str, Any] = {
        "POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": KEY.decode()}),
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
    }
    with (
        django_db_blocker.unblock(),
        serving(tmp_path_factory.mktemp("web"), port=public_port, workers=2, **variables) as web,
    ):
        yield web


@pytest.fixture
def api_key() -> keys.NewKey:
    """An analyst's key that may do anything."""
    return keys.create(
        analyst="saurabh.asthana@ucsf.edu",
        scheme=Scheme.RFC9421,
        scopes=[Scope(ANY, ANY, ANY)],
        kek=KEK,
        actor="tests",
        now=datetime.now(UTC),
    )
