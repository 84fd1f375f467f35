"""A signed call counts once, is written down, and not too often, with real Redis and PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import LazySettings
from django.db import DatabaseError, transaction

from polyphemus_site.api import audit, gates, nonces, probes, redis_door
from polyphemus_site.api.limits import Limits
from polyphemus_site.api.models import NonceMemory, SignedCall
from polyphemus_site.api.redis_door import Script
from polyphemus_site.api.signing.keys import RFC9421_V1, KeyRing, fingerprint_of
from polyphemus_site.health import Level
from tests.polyphemus_site.api import signed_site
from tests.polyphemus_site.api.conftest import BODY, ETNA_KEY, RFC_KEY

Send = Callable[..., Any]
Reason = Callable[[], str]
Rings = dict[str, KeyRing]


def problem_of(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def vars_of(row: SignedCall) -> dict[str, Any]:
    return {name: getattr(row, name) for name in audit._FIELDS}


class TestReplay:
    def test_the_same_bytes_are_believed_once(self, by_etna: Send, last_reason: Reason) -> None:
        first = by_etna(nonce="n" * 16)

        again = by_etna(nonce="n" * 16)

        assert (first.status_code, again.status_code, last_reason()) == (201, 401, "replay")

    def test_the_nonce_with_another_body_is_refused_too(self, by_etna: Send, last_reason: Reason) -> None:
        by_etna(nonce="m" * 16)

        again = by_etna(nonce="m" * 16, document={"analysis": "another"})

        assert (again.status_code, last_reason()) == (401, "replay")

    def test_the_same_nonce_of_another_key_is_its_own(self, by_etna: Send, rings: Rings) -> None:
        rings["hera"] = replace(rings["athena"], key_id="hera")
        by_etna(nonce="o" * 16)

        assert by_etna(nonce="o" * 16, key_id="hera").status_code == 201

    def test_a_refused_call_claims_no_nonce(self, by_etna: Send) -> None:
        by_etna(nonce="p" * 16, key=b"another")

        assert by_etna(nonce="p" * 16).status_code == 201

    def test_the_nonce_is_kept_until_the_call_has_expired(self, by_etna: Send) -> None:
        nonce = "q" * 16
        by_etna(nonce=nonce)

        left = redis_door.client().ttl(f"n:etna-v1:athena:{nonces.digest_of(nonce)}")

        assert 350 <= left <= 361

    def test_without_redis_no_call_is_believed(
        self, by_etna: Send, last_reason: Reason, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.1)
        nowhere = gates.RedisGate(Script(gates.ADMIT, connect=lambda: gone))
        monkeypatch.setattr(signed_site.TableAuthentication, "gate", nowhere)

        response = by_etna()

        assert problem_of(response) == (503, "nonces_unavailable")
        assert response["Retry-After"] == "5"
        assert last_reason() == "nonces_unavailable"

    def test_after_redis_lost_its_memory_older_calls_are_not_believed(
        self,
        by_rfc9421: Send,
        instant: datetime,
        last_reason: Reason,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        gate = gates.RedisGate(prefix=f"n-{instant.timestamp()}")
        monkeypatch.setattr(signed_site.TableAuthentication, "gate", gate)
        first = by_rfc9421(nonce="r" * 22)
        server = redis_door.client()
        server.delete(*server.keys(f"{gate.prefix}:*"))

        again = by_rfc9421(nonce="r" * 22)

        assert first.status_code == 201
        assert problem_of(again) == (503, "nonces_unavailable")
        assert NonceMemory.objects.filter(prefix=gate.prefix).exists()
        assert [line.levelname for line in caplog.records if "missing from the audit" in line.message] == [
            "ERROR"
        ]


class TestAudit:
    def test_a_believed_call_is_written_by_the_next_drain(self, by_etna: Send) -> None:
        response = by_etna()
        audit.drain()

        row = SignedCall.objects.get(request_id=response["X-Request-Id"])
        assert (row.accepted, row.reason, row.key_id, row.scheme) == (True, "", "athena", "etna-v1")
        assert (row.method, row.path, row.address) == ("POST", "/api/v1/things", "127.0.0.1")
        assert row.body_digest == hashlib.sha256(json.dumps(BODY).encode()).hexdigest()
        assert row.fingerprint == fingerprint_of(ETNA_KEY)

    def test_draining_twice_writes_once(self, by_etna: Send) -> None:
        by_etna()

        assert (audit.drain(), audit.drain()) == (1, 0)
        assert SignedCall.objects.count() == 1

    def test_a_believed_call_that_needs_no_redis_is_written_at_once_without_it(
        self, by_etna: Send, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone() -> redis.Redis:
            raise redis.ConnectionError("gone")

        monkeypatch.setattr(audit, "_door", redis_door.Door(gone))
        gate = gates.SeparateGate(nonces.DatabaseNonces(), Limits())
        monkeypatch.setattr(signed_site.TableAuthentication, "gate", gate)

        response = by_etna()

        assert SignedCall.objects.get(request_id=response["X-Request-Id"]).accepted

    @pytest.mark.parametrize(
        "change", ["UPDATE api_signedcall SET reason = 'x'", "DELETE FROM api_signedcall"]
    )
    def test_nothing_in_it_can_be_rewritten(self, by_etna: Send, change: str) -> None:
        from django.db import connection  # noqa: PLC0415 — used here alone

        by_etna(key=b"another")

        with (
            pytest.raises(DatabaseError, match="only added to"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)

    def test_neither_secret_nor_signature_nor_nonce_is_ever_written(
        self, by_etna: Send, by_rfc9421: Send, caplog: pytest.LogCaptureFixture, rings: Rings
    ) -> None:
        caplog.set_level(logging.DEBUG)
        by_etna(nonce="an-etna-nonce-of-ours", key=b"another")
        by_rfc9421(nonce="a-nonce-of-ours-of-rfc9421")
        audit.drain()

        kept = " ".join(str(row) for row in SignedCall.objects.values()) + caplog.text + repr(rings)
        assert not [
            word
            for word in ("an-etna-nonce", "a-nonce-of", ETNA_KEY.decode(), RFC_KEY.decode())
            if word in kept
        ]

    def test_what_is_older_than_a_year_is_let_go(self, by_etna: Send, instant: datetime) -> None:
        by_etna(key=b"another")
        row = SignedCall.objects.get()
        SignedCall(**{**vars_of(row), "at": instant - timedelta(days=368), "request_id": uuid.uuid4()}).save()

        assert (audit.forget(now=instant), SignedCall.objects.count()) == (1, 1)

    def test_replays_are_shown_to_operators(self, by_etna: Send, instant: datetime) -> None:
        statuses = [by_etna(nonce="s" * 16).status_code for _ in range(4)]

        findings = probes.signed_calls(instant + timedelta(minutes=1))

        assert statuses == [201, 401, 401, 401]
        assert [finding.level for finding in findings] == [Level.WARN]
        assert "replay" in findings[0].found


class TestRedisMemory:
    def test_a_redis_that_may_evict_is_shown_to_operators(self, instant: datetime) -> None:
        server = redis_door.client()
        server.config_set("maxmemory-policy", "allkeys-lru")

        evicting = probes.redis_memory(instant)
        server.config_set("maxmemory-policy", "noeviction")

        assert evicting.level is Level.WARN
        assert probes.redis_memory(instant).level is Level.OK


class TestLimits:
    def test_an_address_that_fails_too_often_is_told_to_wait(
        self, by_etna: Send, settings: LazySettings
    ) -> None:
        settings.POLYPHEMUS_FAILURES_PER_MINUTE = 15
        failures = [by_etna(key=b"another").status_code for _ in range(3)]

        response = by_etna()

        assert failures == [401, 401, 401]
        assert problem_of(response) == (429, "throttled")
        assert 0 < int(response["Retry-After"]) <= 60

    def test_failing_with_the_id_of_a_victim_does_not_lock_the_victim_out(
        self, by_etna: Send, settings: LazySettings
    ) -> None:
        settings.POLYPHEMUS_FAILURES_PER_MINUTE = 10
        attacker = lambda headers: headers | {"X-Forwarded-For": "203.0.113.9"}  # noqa: E731 — one line, used twice
        attacks = [by_etna(key=b"another", change=attacker).status_code for _ in range(4)]

        response = by_etna()

        assert attacks[-1] == 429
        assert response.status_code == 201

    def test_a_key_has_its_share(self, by_etna: Send, settings: LazySettings) -> None:
        settings.POLYPHEMUS_CALLS_PER_MINUTE, settings.POLYPHEMUS_POST_WEIGHT = 2, 1

        statuses = [by_etna().status_code for _ in range(3)]

        assert statuses == [201, 201, 429]


class TestUnknownIds:
    def test_an_unknown_id_is_verified_like_a_known_one(
        self, by_etna: Send, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[int] = []

        def compare(one: bytes, two: bytes) -> bool:
            compared.append(len(one))
            return one == two

        monkeypatch.setattr("hmac.compare_digest", compare)

        by_etna(key_id="nobody")

        assert compared == [32]

    def test_an_unknown_scheme_of_key_is_verified_like_a_known_one(
        self, by_rfc9421: Send, last_reason: Reason
    ) -> None:
        response = by_rfc9421(key_id="pk_nobody", key=b"x" * 32)

        assert (response.status_code, last_reason()) == (401, "unknown id")
        assert SignedCall.objects.latest("id").scheme == RFC9421_V1
