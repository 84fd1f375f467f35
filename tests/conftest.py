"""The cast of people and the fixtures every package's tests share."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

#: How long an example takes is the machine's business: a busy one is no fault of what is tried.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

pytest_plugins = ["tests.magma.demo_fixture", "tests.described_answers", "tests.marked"]

#: An instant for tests that need one; nothing about it is special but its seconds.
NOON = datetime(2026, 5, 4, 12, 22, 7, tzinfo=UTC)
#: Tables that nobody empties, and the triggers that see to it.
KEPT = {
    "orphans_auditentry": "orphans_is_not_emptied",
    "orphans_bundle": "orphans_is_not_emptied",
    "dispatch_requestevent": "history_is_not_emptied",
    "dispatch_keyevent": "history_is_not_emptied",
    "dispatch_bid": "history_is_not_emptied",
    "configuring_configurationversion": "history_is_not_emptied",
    "configuring_schemaedition": "history_is_not_emptied",
    "configuring_configuredrequest": "history_is_not_emptied",
    "api_signedcall": "history_is_not_emptied",
}


def pytest_sessionstart() -> None:
    """Real servers or none: without them every test would fail in its own words."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        raise pytest.UsageError(
            'DATABASE_URL and REDIS_URL are not set: run the tests by `make test ARGS="..."`.'
        )
    hear_signals()


def hear_signals() -> None:
    """A shell's background job, or nohup, starts deaf to these, and so would every process under test."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests with processes of their own empty every table behind them; elsewhere what is kept refuses."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table, trigger in KEPT.items():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture(autouse=True)
def english() -> None:
    """A page somebody was shown in their language leaves its thread speaking it."""
    translation.activate(configured.LANGUAGE_CODE)


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def requester() -> str:
    return "dr.who@ucsf.edu"


@pytest.fixture
def analyst() -> str:
    return "saurabh.asthana@ucsf.edu"


@pytest.fixture
def rival() -> str:
    return "rival@ucsf.edu"


@pytest.fixture
def outsider() -> str:
    return "outsider@elsewhere.org"


@pytest.fixture
def curator() -> str:
    return "curator@ucsf.edu"
