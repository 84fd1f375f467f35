"""The demo's own databases, made anew beside the one `DATABASE_URL` names, which is never touched."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

SUFFIX = "_demo"
#: The demo warehouse's, laid out as Magma lays out its own.
MAGMA_SUFFIX = "_demo_magma"


class DemoDatabaseError(RuntimeError):
    """The demo can't have its database; the message says what is missing."""


def own_places(url: str, folder: Path) -> dict[str, str]:
    """Variables that say where the demo keeps things: empty databases beside `url`, copies in `folder`."""
    return {
        "DATABASE_URL": make_anew(url),
        "POLYPHEMUS_MAGMA_DATABASE_URL": make_anew(url, MAGMA_SUFFIX),
        "POLYPHEMUS_BUNDLE_DIR": str(folder / "bundles"),
    }


def make_anew(url: str, suffix: str = SUFFIX) -> str:
    """Drop what an earlier demo left, create an empty database, return its URL."""
    parts = urlsplit(url)
    name = parts.path.lstrip("/") + suffix
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        reason = str(error).strip()
        raise DemoDatabaseError(
            f"The demo needs to create the database {name!r} and can't: {reason}"
        ) from error
    return urlunsplit(parts._replace(path=f"/{name}"))
