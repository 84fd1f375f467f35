"""Servers named by DATABASE_URL and REDIS_URL: tried once, so that the command does not fail in riddles."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
import redis
from psycopg.conninfo import make_conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry

from polyphemus_site.embedded.errors import EmbeddedError

TIMEOUT_S = 5
#: Django's own words in an address; the database's library does not know them.
DJANGO_WORDS = frozenset(
    {
        "conn_max_age",
        "conn_health_checks",
        "atomic_requests",
        "autocommit",
        "disable_server_side_cursors",
        "engine",
    }
)


def try_database(url: str) -> None:
    """Refuse with one sentence when the database does not open."""
    try:
        psycopg.connect(make_conninfo("", **_connection(url))).close()
    except (psycopg.Error, ValueError) as error:
        raise EmbeddedError(
            f"DATABASE_URL names a database that can't be reached: {_first_line(error)}"
        ) from None


def try_redis(url: str) -> None:
    """Refuse with one sentence when the broker does not answer."""
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        client.ping()
        client.close()
    except (redis.RedisError, ValueError) as error:
        raise EmbeddedError(f"REDIS_URL names a server that can't be reached: {_first_line(error)}") from None


def _connection(url: str) -> dict[str, str | int]:
    """The address in the words of PostgreSQL's library."""
    parts = urlsplit(url)
    words: dict[str, str | int | None] = {
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": unquote(parts.path.lstrip("/")),
    }
    options = {word: value for word, value in parse_qsl(parts.query) if word.lower() not in DJANGO_WORDS}
    return {"connect_timeout": TIMEOUT_S} | {word: value for word, value in words.items() if value} | options


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
