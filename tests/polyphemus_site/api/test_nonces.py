"""Nonces under rivalry: of many at once, over several processes, one wins."""

from __future__ import annotations

import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from polyphemus_site.api import nonces, redis_door
from polyphemus_site.api.models import UsedNonce
from polyphemus_site.api.signing.keys import Verified

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
#: Twenty threads of another process, all after one nonce; prints how many won.
RIVALS = """
import sys
from concurrent.futures import ThreadPoolExecutor
import redis
client = redis.Redis.from_url(sys.argv[1])
sys.stdin.readline()
with ThreadPoolExecutor(20) as pool:
    print(sum(map(bool, pool.map(lambda _: client.set(sys.argv[2], "1", nx=True, ex=60), range(20)))))
"""


@pytest.mark.django_db
class TestRedisNonces:
    def test_of_fifty_threads_one_wins(self) -> None:
        store = nonces.RedisNonces(redis_door.client(), prefix=f"n-{uuid.uuid4()}")
        store.client.set(f"{store.prefix}:since", 0)

        with ThreadPoolExecutor(50) as pool:
            claims = list(pool.map(lambda _: store.claim(VERIFIED, now=NOW), range(50)))

        assert claims.count(True) == 1

    def test_of_rivals_in_three_processes_one_wins(self) -> None:
        name = f"n-{uuid.uuid4()}"
        rivals = [
            subprocess.Popen(  # noqa: S603 — our own script
                [sys.executable, "-c", RIVALS, settings.REDIS_URL, name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]

        winners = [int(rival.communicate("go\n", timeout=30)[0]) for rival in rivals]

        assert sum(winners) == 1

    def test_each_key_has_nonces_of_its_own(self) -> None:
        store = nonces.RedisNonces(redis_door.client(), prefix=f"n-{uuid.uuid4()}")

        claims = [store.claim(replace(VERIFIED, key_id=key), now=NOW) for key in ("athena", "hera", "athena")]

        assert claims == [True, True, False]


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
