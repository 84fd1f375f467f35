"""The log tells whose doing it was, and no secrets."""

from __future__ import annotations

import logging

import pytest

from polyphemus_site.api.request_ids import current_id
from polyphemus_site.log import LONGEST, Ids, Line
from tests.polyphemus_site.janus.tokens import token


def line(message: str) -> str:
    record = logging.LogRecord("polyphemus", logging.INFO, __file__, 1, message, None, None)
    Ids().filter(record)
    return Line("[{ids}] {message}", style="{").format(record)


@pytest.mark.parametrize(
    ("message", "logged"),
    [
        ("connected to redis://:hush@host:1/0", "[-] connected to redis://:***@host:1/0"),
        ("postgresql://me:p%40ss@db/x failed", "[-] postgresql://me:***@db/x failed"),
        ("see https://host:8000/path", "[-] see https://host:8000/path"),
    ],
)
def test_a_password_in_an_address_is_struck_out(message: str, logged: str) -> None:
    assert line(message) == logged


def test_a_token_is_struck_out() -> None:
    text = token()

    assert line(f"Authorization: Etna {text}!") == "[-] Authorization: Etna <token>!"


def test_a_huge_value_is_cut_and_holds_nobody_up() -> None:
    logged = line("x" * 10**6)

    assert len(logged) < LONGEST
    assert logged.endswith("… (1000004 characters)")


def test_a_secret_that_the_cut_goes_through_is_not_shown() -> None:
    logged = line("x " * (LONGEST // 2 - 20) + token() + " y" * 9000)

    assert "eyJ" not in logged


def test_a_line_names_the_request_it_is_about() -> None:
    kept = current_id.set("the-request")

    logged = line("hello")

    current_id.reset(kept)
    assert logged == "[the-request] hello"


def test_what_beat_orders_every_other_second_does_not_bury_the_rest() -> None:
    assert not logging.getLogger("celery.beat").isEnabledFor(logging.INFO)
    assert logging.getLogger("celery.beat").isEnabledFor(logging.WARNING)
