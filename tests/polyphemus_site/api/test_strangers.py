"""Whether an id exists can't be learnt: neither from an answer's bytes nor from what is done for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext

from polyphemus_site.api import redis_door
from polyphemus_site.api.signing import etna, rfc9421
from polyphemus_site.api.signing.keys import ED25519, KeyRing
from tests.polyphemus_site.api.conftest import Sent
from tests.polyphemus_site.api.test_authentication import refused
from tests.polyphemus_site.api.test_rfc9421 import PAIR

Signed = Callable[..., Sent]
Rings = dict[str, KeyRing]


@dataclass
class Work:
    """What was done for a call."""

    statements: list[str] = field(default_factory=list)
    redis: list[Any] = field(default_factory=list)
    digests: int = 0
    verified: int = 0
    answer: bytes = b""


@contextmanager
def counting(work: Work) -> Iterator[None]:
    """Count the statements, the visits to Redis, and the signatures that are computed."""
    send_command: Any = redis.Redis.execute_command
    compare, matching = etna._digest, rfc9421._fault

    def visited(server: Any, *args: Any, **kwargs: Any) -> Any:
        work.redis.append(args[0])
        return send_command(server, *args, **kwargs)

    def digested(*args: Any) -> bytes:
        work.digests += 1
        return compare(*args)

    def verified(*args: Any) -> str:
        work.verified += 1
        return matching(*args)

    with (
        CaptureQueriesContext(connection) as asked,
        mock.patch.object(redis.Redis, "execute_command", visited),
        mock.patch.object(etna, "_digest", digested),
        mock.patch.object(rfc9421, "_fault", verified),
    ):
        yield
    work.statements = [query["sql"].partition("VALUES")[0] for query in asked]


class TestStrangers:
    def work_for(self, sent: Sent) -> Work:
        redis_door.client().delete(*redis_door.client().keys("limit:*") or ["none"])
        work = Work()
        with counting(work):
            response = sent.changed()
        work.answer = refused(response)
        return work

    @pytest.mark.parametrize(
        "how",
        [
            {"key": b"another" * 5},
            {"key": PAIR, "alg": "ed25519"},
            {"key": b"another" * 5, "alg": "none"},
            {"key": b"another" * 5, "life": 301},
            {"key": b"another" * 5, "tag": "another"},
        ],
    )
    @pytest.mark.parametrize("known", ["pk_abc", "pk_public", "pk_gone", "athena"])
    def test_by_rfc9421_as_much_is_done_for_an_unknown_id_as_for_a_wrong_signature(
        self, rfc_call: Signed, rings: Rings, how: dict[str, Any], known: str
    ) -> None:
        public = PAIR.public_key().public_bytes_raw()[::-1]
        rings["pk_public"] = replace(
            rings["pk_abc"], key_id="pk_public", secrets=(public,), algorithm=ED25519
        )
        rings["pk_gone"] = replace(rings["pk_abc"], key_id="pk_gone", revoked=True)

        wrong, unknown = (self.work_for(rfc_call(key_id=key_id, **how)) for key_id in (known, "pk_nobody"))

        assert wrong == unknown
        assert unknown.verified == (0 if {"life", "tag"} & how.keys() or how.get("alg") == "none" else 1)

    @pytest.mark.parametrize(
        "how",
        [{"key": b"another"}, {"key": b"another", "expired": True}, {"key": b"another", "nonce": "short"}],
    )
    @pytest.mark.parametrize("known", ["athena", "hera", "pk_abc"])
    def test_by_etna_as_much_is_done_for_an_unknown_id_as_for_a_wrong_signature(
        self,
        etna_call: Signed,
        rings: Rings,
        instant: datetime,
        how: dict[str, Any],
        known: str,
    ) -> None:
        rings["hera"] = replace(rings["athena"], key_id="hera", not_after=instant - timedelta(days=1))
        signing = {name: value for name, value in how.items() if name != "expired"}
        signing |= {"expires": instant - timedelta(days=1)} if "expired" in how else {}

        wrong, unknown = (self.work_for(etna_call(key_id=key_id, **signing)) for key_id in (known, "nobody"))

        assert wrong == unknown
        assert unknown.digests == (0 if "nonce" in how else 1)
