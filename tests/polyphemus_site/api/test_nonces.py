"""Nonces under rivalry: of many at once, over several processes, one is let in."""

from __future__ import annotations

import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, cast

import pytest
import redis
from django.conf import settings
from django.db import connection

from polyphemus_site.api import nonces, redis_door
from polyphemus_site.api.audit import Attempt
from polyphemus_site.api.gates import RedisGate
from polyphemus_site.api.models import UsedNonce
from polyphemus_site.api.signing.keys import Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
VERIFIED = Verified(
    key_id="athena",
    scheme="etna-v1",
    nonce="n" * 16,
    fingerprint="",
    at=NOW,
    expires=NOW + timedelta(minutes=5),
    earliest=NOW,
)
#: Twenty threads of another process, all with one call; prints how many were let in.
RIVALS = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
os.environ["DJANGO_SETTINGS_MODULE"] = "polyphemus_site.settings"
os.environ["REDIS_URL"] = sys.argv[1]
import django
django.setup()
from tests.polyphemus_site.api.test_nonces import admitted
from polyphemus_site.api.gates import RedisGate
gate = RedisGate(prefix=sys.argv[2])
sys.stdin.readline()
with ThreadPoolExecutor(20) as pool:
    print(sum(pool.map(lambda _: admitted(gate), range(20))))
"""


def attempt(address: str = "127.0.0.1") -> Attempt:
    return Attempt(
        request_id=str(uuid.uuid4()),
        scheme="etna-v1",
        key_id="athena",
        address=address,
        method="GET",
        path="/api/v1/requests",
        body_digest="",
    )


def admitted(gate: RedisGate, verified: Verified = VERIFIED) -> bool:
    """Whether the gate lets the call in; it is refused as a replay, or this fails."""
    try:
        gate.admit(verified, attempt(), now=NOW)
    except SignatureRefusedError as refusal:
        if refusal.reason != "replay":
            raise
        return False
    return True


@pytest.fixture
def gate(db: None) -> RedisGate:
    """A gate with a memory of its own that has begun."""
    gate = RedisGate(prefix=f"n-{uuid.uuid4()}")
    redis_door.client().set(f"{gate.prefix}:since", 0)
    return gate


class TestRedisGate:
    def test_of_fifty_threads_one_is_let_in(self, gate: RedisGate) -> None:
        with ThreadPoolExecutor(50) as pool:
            claims = list(pool.map(lambda _: admitted(gate), range(50)))

        assert claims.count(True) == 1

    def test_of_rivals_in_three_processes_one_is_let_in(self, gate: RedisGate) -> None:
        rivals = [
            subprocess.Popen(  # noqa: S603 — our own script
                [sys.executable, "-c", RIVALS, settings.REDIS_URL, gate.prefix],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]

        winners = [int(rival.communicate("go\n", timeout=60)[0]) for rival in rivals]

        assert sum(winners) == 1

    def test_each_key_has_nonces_of_its_own(self, gate: RedisGate) -> None:
        claims = [admitted(gate, replace(VERIFIED, key_id=key)) for key in ("athena", "hera", "athena")]

        assert claims == [True, True, False]

    def test_a_call_that_is_let_in_is_noted_and_a_replay_is_not(self, gate: RedisGate) -> None:
        server = redis_door.client()
        server.delete("audit:notes")

        claims = [admitted(gate), admitted(gate)]

        assert (claims, server.llen("audit:notes")) == ([True, False], 1)

    def test_a_script_redis_has_forgotten_is_sent_again(self, gate: RedisGate) -> None:
        admitted(gate)
        redis_door.client().script_flush()

        assert admitted(gate, replace(VERIFIED, nonce="another-nonce-of-mine"))

    def test_a_connection_that_died_is_made_anew(self, gate: RedisGate) -> None:
        admitted(gate)
        redis_door.client().client_kill_filter(_type="normal", skipme=True)

        assert admitted(gate, replace(VERIFIED, nonce="another-nonce-of-mine"))


@pytest.mark.django_db
class TestDatabaseNonces:
    def test_a_nonce_is_claimed_once(self) -> None:
        store = nonces.DatabaseNonces()

        assert [store.claim(VERIFIED, now=NOW), store.claim(VERIFIED, now=NOW)] == [True, False]

    def test_expired_ones_are_forgotten_and_others_kept(self) -> None:
        store = nonces.DatabaseNonces()
        store.claim(VERIFIED, now=NOW)
        store.claim(replace(VERIFIED, nonce="later", expires=NOW + timedelta(days=10)), now=NOW)

        forgotten = store.forget(now=NOW + timedelta(minutes=7))

        assert (forgotten, UsedNonce.objects.count()) == (1, 1)


class Slow:
    """A Redis that is slow to keep what is set: another begins meanwhile, as far as it comes."""

    def __init__(self, other: Thread) -> None:
        self.other = other

    def set(self, *given: Any, **more: Any) -> Any:
        self.other.start()
        self.other.join(timeout=1)
        return redis_door.client().set(*given, **more)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_begin_a_memory_at_once_neither_takes_it_for_lost() -> None:
    prefix = f"begun-{uuid.uuid4()}"

    def begin_too() -> None:
        nonces.begin_memory(prefix, redis_door.client(), now=NOW)
        connection.close()

    other = Thread(target=begin_too)

    nonces.begin_memory(prefix, cast("redis.Redis", Slow(other)), now=NOW)
    other.join()

    assert redis_door.client().get(f"{prefix}:since") == b"0"
