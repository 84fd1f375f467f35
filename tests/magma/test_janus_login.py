from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from magma.client import Magma
from magma.demo.tokens import make_keys
from magma.errors import JanusAway, JanusRefused, MagmaNotConfigured, MagmaUnauthorized, WriteRefused
from magma.janus_login import JanusLogin
from magma.tokens import Token
from tests.magma.demo_fixture import RunningWarehouse
from tests.magma.janus import EMAIL, SmallJanus
from tests.magma.stand_in import StandIn, answer

MakeLogin = Callable[..., JanusLogin]
SECONDS = 20


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


def wait_until_expired(token: Token) -> None:
    deadline = time.monotonic() + SECONDS
    while not token.has_expired(now=datetime.now(UTC)):  # the end of a token is an instant, not an event
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestCurrent:
    def test_is_fetched_with_our_signature(self, make_login: MakeLogin, janus: SmallJanus) -> None:
        token = make_login().current()

        assert token.email == EMAIL
        assert token.sees_restricted("labors")
        assert janus.bodies == [{"token_type": "login"}]

    def test_is_kept(self, make_login: MakeLogin, janus: SmallJanus) -> None:
        login = make_login()

        tokens = {login.current() for _ in range(3)}

        assert len(tokens) == 1
        assert len(janus.bodies) == 1

    def test_is_renewed_ahead_of_its_end(self, make_login: MakeLogin) -> None:
        clock = Clock()
        login = make_login(clock=clock)
        first = login.current()
        clock.time += timedelta(hours=23, minutes=56)

        second = login.current()

        assert second != first

    def test_outlives_a_janus_that_is_away_for_a_while(
        self, make_login: MakeLogin, janus: SmallJanus, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock = Clock()
        login = make_login(clock=clock)
        first = login.current()
        janus.is_away = True
        clock.time += timedelta(hours=23, minutes=56)

        during = [login.current() for _ in range(3)]
        janus.is_away = False
        clock.time += timedelta(seconds=31)
        after = login.current()

        assert during == [first, first, first]
        assert after != first
        assert caplog.text.count("could not be renewed") == 1

    def test_fails_when_it_has_ended_and_janus_is_away(
        self, make_login: MakeLogin, janus: SmallJanus
    ) -> None:
        clock = Clock()
        login = make_login(clock=clock)
        login.current()
        janus.is_away = True
        clock.time += timedelta(hours=25)

        with pytest.raises(JanusAway):
            login.current()

    def test_is_fetched_once_for_many_threads(self, make_login: MakeLogin, janus: SmallJanus) -> None:
        login = make_login()

        with ThreadPoolExecutor(16) as threads:
            tokens = set(threads.map(lambda _: login.current(), range(64)))

        assert len(tokens) == 1
        assert len(janus.bodies) == 1

    def test_is_refused_to_a_strangers_key(self, make_login: MakeLogin) -> None:
        with pytest.raises(JanusRefused, match="401"):
            make_login(private_key=make_keys().private).current()

    def test_is_not_taken_from_a_page(self, make_login: MakeLogin, stand_in: StandIn) -> None:
        stand_in.will(answer(200, "<html>\n<body>Log in here</body></html>", "text/html"))

        with pytest.raises(JanusRefused):
            make_login(url=stand_in.url).current()

    def test_says_that_nobody_listens(self, make_login: MakeLogin, stand_in: StandIn) -> None:
        with pytest.raises(JanusAway, match="can't be reached"):
            make_login(url="http://127.0.0.1:1").current()

    def test_never_shows_in_a_log(self, make_login: MakeLogin, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)

        token = make_login().current()

        assert token.text not in caplog.text
        assert token.text not in repr(token)


class TestRenewed:
    def test_is_another_after_a_refusal(self, make_login: MakeLogin) -> None:
        clock = Clock()
        login = make_login(clock=clock)
        first = login.current()
        clock.time += timedelta(hours=1)

        second = login.renewed(first)

        assert second != first
        assert login.current() == second

    def test_is_what_another_thread_has_fetched_already(
        self, make_login: MakeLogin, janus: SmallJanus
    ) -> None:
        clock = Clock()
        login = make_login(clock=clock)
        first = login.current()
        clock.time += timedelta(hours=1)

        with ThreadPoolExecutor(8) as threads:
            renewed = set(threads.map(lambda _: login.renewed(first), range(32)))

        assert len(renewed) == 1
        assert len(janus.bodies) == 2

    def test_is_none_when_even_a_new_one_is_refused(self, make_login: MakeLogin) -> None:
        login = make_login()

        assert login.renewed(login.current()) is None


def test_the_address_must_be_one(make_login: MakeLogin) -> None:
    with pytest.raises(MagmaNotConfigured, match="POLYPHEMUS_JANUS_URL"):
        make_login(url="")


class TestTheKey:
    @pytest.mark.parametrize(
        "text", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
    )
    def test_must_be_one(self, make_login: MakeLogin, text: str) -> None:
        with pytest.raises(MagmaNotConfigured, match="POLYPHEMUS_JANUS_PRIVATE_KEY"):
            make_login(private_key=text)

    def test_must_be_rsa(self, make_login: MakeLogin) -> None:
        other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

        with pytest.raises(MagmaNotConfigured, match="RSA"):
            make_login(private_key=other.decode())


def test_no_call_but_the_two_of_a_login_leaves(make_login: MakeLogin, janus: SmallJanus) -> None:
    login = make_login()

    with pytest.raises(WriteRefused):
        login._client.request("POST", f"{janus.url}/api/tokens/build", json={})
    with pytest.raises(WriteRefused):
        login._client.request("GET", "http://127.0.0.1:1/api/tokens/nonce")


class TestAWalk:
    def test_outlives_its_tokens(
        self, make_login: MakeLogin, janus: SmallJanus, warehouse: RunningWarehouse
    ) -> None:
        janus.life = timedelta(seconds=2.5)
        login = make_login(clock=lambda: datetime.now(UTC) - timedelta(hours=1))  # sees no end coming
        names: list[str] = []

        with closing(Magma(url=warehouse.url, token=login)) as magma:
            for page in magma.walk("labors", "victim", ["name"], page_size=100):
                names += page.documents
                wait_until_expired(magma.token())

        assert len(names) == len(set(names)) > 160
        assert len(janus.bodies) == 3

    def test_says_that_a_token_nobody_can_renew_has_ended(self, warehouse: RunningWarehouse) -> None:
        text = warehouse.mint("VIEWER", life=timedelta(seconds=2.5))
        with closing(Magma(url=warehouse.url, token=text)) as magma:
            pages = iter(magma.walk("labors", "victim", ["name"], page_size=100))
            next(pages)
            wait_until_expired(magma.token())

            with pytest.raises(MagmaUnauthorized) as raised:
                next(pages)

        assert "POLYPHEMUS_MAGMA_TOKEN" in raised.value.advice
