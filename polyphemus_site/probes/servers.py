"""PostgreSQL, Redis and the signs of life of beat and workers."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import Error, connection

from polyphemus_site import heartbeats
from polyphemus_site.health import Finding

REDIS_SECONDS = 2.0


def address(url: str) -> str:
    """Host, port and path of a URL: what may be shown, without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or 'default port'}{parts.path}"


def reason(error: Exception) -> str:
    """PostgreSQL's own words where it spoke, else the kind of error; neither holds a password."""
    _, spoke, words = str(error).partition("FATAL:")
    return " ".join(words.split()) if spoke else type(error).__name__


def database(now: datetime) -> Finding:
    """Whether PostgreSQL answers."""
    del now
    where = address(settings.DATABASE_URL)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        return Finding.fail(
            "database",
            f"PostgreSQL at {where} doesn't answer ({reason(error)}).",
            "Start it, or correct DATABASE_URL.",
        )
    return Finding.ok("database", f"PostgreSQL at {where} answers.")


def broker(now: datetime) -> Finding:
    """Whether Redis answers."""
    del now
    where = address(settings.REDIS_URL)
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return Finding.fail(
            "broker",
            f"Redis at {where} doesn't answer ({type(error).__name__}).",
            "Start it, or correct REDIS_URL.",
        )
    return Finding.ok("broker", f"Redis at {where} answers.")


def beat(now: datetime) -> Finding:
    """Whether an order of beat was carried out lately."""
    age = heartbeats.age(now=now)
    if age is None:
        return Finding.fail(
            "beat", "No order of beat was ever carried out.", "Start `celery beat` and a `celery worker`."
        )
    if age > heartbeats.LATE_AFTER:
        return Finding.fail(
            "beat",
            f"The last order of beat was carried out {int(age.total_seconds())} s ago.",
            "See whether `celery beat` and a `celery worker` run, and what they log.",
        )
    return Finding.ok("beat", f"An order of beat was carried out {max(0, int(age.total_seconds()))} s ago.")
