"""The way to Redis: one pool a process, short waits, and a door that shuts when nobody answers."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

logger = logging.getLogger(__name__)

#: A call waits no longer than this for Redis.
TIMEOUT_S = 1.0
#: After a failure, what can do without Redis does so for this long, lest every call wait in vain.
SHUT_S = 5.0


@cache
def client() -> redis.Redis:
    """The connection pool to `REDIS_URL`."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 1),  # once, for a connection that died in the pool
    )


def named(name: str) -> str:
    """A key of ours, beside those of other installations that share the server."""
    return f"{settings.POLYPHEMUS_REDIS_PREFIX}{name}"


class Door:
    """For counters and notes that are welcome but not needed: `ask` answers `None` when Redis is away."""

    def __init__(self, connect: Callable[[], redis.Redis] = client) -> None:
        """Start open."""
        self.connect = connect
        self.shut_until = 0.0

    def ask(self, question: Callable[[redis.Redis], Any]) -> Any | None:
        """What Redis answers, or `None` without having waited for long."""
        if time.monotonic() < self.shut_until:
            return None
        try:
            return question(self.connect())
        except redis.RedisError as error:
            self.shut_until = time.monotonic() + SHUT_S
            logger.warning("Redis does not answer, doing without for %s s: %s", SHUT_S, error)
            return None


class Script:
    """A script in Redis, over a connection that each thread keeps: what every signed call asks, at one go.

    The client's own way would lend a connection from its pool and look for its settings at each call, which
    costs more than the question.
    """

    def __init__(self, text: str, connect: Callable[[], redis.Redis] = client) -> None:
        """Keep the text; `connect` is asked for a pool when a thread first runs it."""
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()  # Redis names them so
        self.connect = connect
        self.kept = threading.local()

    def __call__(self, names: list[str], *values: str | bytes | float) -> Any:
        """What the script answers; `redis.RedisError` when nobody does."""
        given = (len(names), *names, *values)
        try:
            return self._run("EVALSHA", self.digest, *given)
        except NoScriptError:
            return self._run("EVAL", self.text, *given)
        except redis.TimeoutError:
            raise
        except redis.ConnectionError:  # it died in our hands since the last call; a second failure is told
            return self._run("EVAL", self.text, *given)

    def _run(self, *command: Any) -> Any:
        line = self._line()
        line.send_packed_command(line.pack_command(*command), check_health=False)
        return line.read_response()

    def _line(self) -> Any:
        """This thread's connection; a process forked from ours makes its own."""
        if getattr(self.kept, "owner", None) != os.getpid():
            pool = self.connect().connection_pool
            self.kept.line = pool.connection_class(**pool.connection_kwargs)
            self.kept.owner = os.getpid()
        return self.kept.line
