"""Sessions with Magma's own database: short, impatient, and always spelling values the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.utils.translation import gettext_noop
from psycopg import Connection, errors

from magma.removal.errors import (
    CountDiffersError,
    DatabaseDownError,
    LockedError,
    NoRightsError,
    RemovalError,
    SchemaUnclearError,
    TooSlowError,
)
from polyphemus_site.sentences import say as _

#: Rows are compared by the digest of their text, so nothing may change how a value is spelt.
#: A policy that would hide rows raises an error instead.
SPELLING = (
    "-c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=postgres -c extra_float_digits=1 "
    "-c bytea_output=hex -c row_security=off -c search_path=pg_catalog -c synchronous_commit=on "
    "-c application_name=polyphemus"
)
CONNECT_SECONDS = 5
#: No lock is held for longer than this, whatever happens on our side.
LOCK_SECONDS = 1.0


@contextmanager
def session(url: str) -> Iterator[Connection[Any]]:
    """A connection with no transaction begun; the database's refusals come out as ours."""
    with (
        _named_refusals(),
        psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS, options=SPELLING
        ) as connection,
    ):
        yield connection


@contextmanager
def _named_refusals() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise refusal(error) from error


#: What the database refuses, what that is to us, and what to do about it; the first that fits is said.
REFUSALS: tuple[tuple[tuple[type[psycopg.Error], ...], type[RemovalError], str], ...] = (
    (
        (errors.InsufficientPrivilege,),
        NoRightsError,
        gettext_noop(
            "The account of POLYPHEMUS_MAGMA_DATABASE_URL may not do this: %(said)s. Grant it SELECT, UPDATE "
            "and DELETE on the project's tables, and SELECT on every table that refers to them."
        ),
    ),
    (
        (errors.LockNotAvailable, errors.DeadlockDetected),
        LockedError,
        gettext_noop("Somebody else is working on these records; it will be tried again."),
    ),
    (
        (errors.QueryCanceled, errors.IdleInTransactionSessionTimeout, errors.TransactionTimeout),
        TooSlowError,
        gettext_noop("The batch took too long to lock; a smaller one will be tried."),
    ),
    (
        (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn),
        SchemaUnclearError,
        gettext_noop("Magma's tables changed after the copy was made: %(said)s. A new copy is needed."),
    ),
    (
        (errors.ForeignKeyViolation,),
        CountDiffersError,
        gettext_noop("Another record still refers to one of these: %(said)s."),
    ),
    (
        (psycopg.OperationalError,),
        DatabaseDownError,
        gettext_noop("Magma's database can't be reached: %(said)s. It will be tried again."),
    ),
)


def refusal(error: psycopg.Error) -> RemovalError:
    """The database's error as a sentence that says what to do; nothing was removed."""
    said = (error.diag.message_primary or str(error)).strip().rstrip(".")
    for kinds, ours, sentence in REFUSALS:
        if isinstance(error, kinds):
            return ours(_(sentence) % {"said": said})
    return RemovalError(_("Magma's database refused: %(said)s.") % {"said": said})
