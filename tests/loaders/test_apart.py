"""A lab's own code explains itself in a process of its own: the web worker goes on whatever it does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from loaders import registry
from loaders.checks import Custom, Present
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.services import apart
from magma.client import Magma
from tests.loaders.installed import install
from tests.magma.demo_fixture import RunningWarehouse
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lab")]

LAB = """
    import ctypes
    import os
    from loaders.checks import Custom, Present
    from loaders.loader import Loader


    class Asking(Loader):
        model, analysis, outputs = "patient", "x", Present("physician")

    class Loops(Asking):
        name = "loops"
        needs = Custom("lab_of_ours:loop", ("physician",))

    class Hangs(Asking):
        name = "hangs"
        needs = Custom("lab_of_ours:hang", ("physician",))

    class Breaks(Asking):
        name = "breaks"
        needs = Custom("lab_of_ours:break_off", ("physician",))

    class Chatters(Asking):
        name = "chatters"
        needs = Custom("lab_of_ours:chatter", ("physician",))

    class Speaks(Asking):
        name = "speaks"
        needs = Custom("lab_of_ours:speak", ("physician",))

    def loop(page):
        while True:
            pass

    def hang(page):
        ctypes.PyDLL(None).sleep(600)  # holds the interpreter, deaf to every signal handler

    def break_off(page):
        raise ZeroDivisionError("a lab's own mistake")

    def chatter(page):
        print("looking at", page.names)
        os.write(1, b"a library of C says hello\\n")
        return speak(page)

    print("lab of ours, version 1")

    def speak(page):
        return ["no consent yet" for _ in page.names]
"""


@pytest.fixture
def lab(
    magma: Magma,
    warehouse: RunningWarehouse,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """The package installed for this process and for those it starts, which read the same database."""
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY, settings.POLYPHEMUS_JANUS_URL = public_key(), ""
    install(
        tmp_path,
        "lab_of_ours",
        LAB,
        loops="Loops",
        hangs="Hangs",
        breaks="Breaks",
        speaks="Speaks",
        chatters="Chatters",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("POLYPHEMUS_MAGMA_URL", settings.POLYPHEMUS_MAGMA_URL)
    monkeypatch.setenv("POLYPHEMUS_MAGMA_TOKEN", settings.POLYPHEMUS_MAGMA_TOKEN)
    at = connection.get_connection_params()
    address = f"{at['host']}:{at['port']}/{at['dbname']}"
    monkeypatch.setenv("DATABASE_URL", f"postgres://{at['user']}:{at.get('password', '')}@{address}")
    registry.current.cache_clear()
    yield
    registry.current.cache_clear()


def ask(loader: str, record: str = "DTL001") -> Any:
    client = Client(headers={"Authorization": f"Etna {token(perm='V:dt_lung')}"})
    return client.get("/api/v1/explanations", {"project": "dt_lung", "loader": loader, "record": record})


def test_the_answer_is_the_same_as_in_this_process() -> None:
    answer = ask("speaks")

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["verdict"] == "waiting"
    assert answer.json()["reason"] == "Waiting for no consent yet."
    assert answer.json()["checks"]["needs"]["says"] == "no consent yet"


def test_what_a_labs_code_prints_is_no_part_of_the_answer() -> None:
    answer = ask("chatters")

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["reason"] == "Waiting for no consent yet."


def test_what_a_labs_code_prints_does_not_spoil_a_commands_document(
    capfd: pytest.CaptureFixture[str],
) -> None:
    call_command(
        "explain", "chatters", "DTL001", "--project", "dt_lung", "--json", stdout=(out := StringIO())
    )
    call_command("scan", "dt_lung", "--full", "--json", stdout=(scanned := StringIO()))
    printed = capfd.readouterr()

    assert json.loads(out.getvalue())["verdict"] == "waiting"
    assert json.loads(scanned.getvalue())["verdicts"]["chatters"] == {"waiting": 30}
    assert "looking at" in printed.err
    assert "looking at" not in printed.out
    assert "lab of ours" not in printed.out


def test_one_that_loops_is_ended_by_itself_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYPHEMUS_EXPLAIN_SECONDS", "1")

    answer = ask("loops").json()

    assert (answer["verdict"], "TooSlowError" in answer["reason"]) == ("error", True)


def test_one_that_hears_nothing_is_killed_while_others_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apart, "GRACE", -14)
    answers: list[Any] = []

    def ask_and_leave() -> None:
        answers.append(ask("hangs"))
        connection.close()

    asking = threading.Thread(target=ask_and_leave)
    started = time.monotonic()

    asking.start()
    meanwhile = ask("exome_pipe")
    waited = time.monotonic() - started
    asking.join(timeout=60)

    assert (meanwhile.status_code, waited < 6) == (HTTPStatus.OK, True)
    assert answers[0].json()["code"] == "loader_too_slow"


def test_one_that_raises_is_explained_by_what_it_raised() -> None:
    answer = ask("breaks")

    assert answer.json()["verdict"] == "error"
    assert answer.json()["reason"] == "The loader failed: ZeroDivisionError: a lab's own mistake"


@pytest.mark.parametrize("record", ["NOBODY", "--version", "a b\n'\"; --", "Ré/ü"])
def test_a_record_nobody_has_is_not_found_whatever_its_name(record: str) -> None:
    answer = ask("speaks", record)

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.NOT_FOUND, "not_found")


@pytest.mark.parametrize(
    ("loader", "foreign"),
    [
        (ExomePipe(), False),
        (type("A", (ExomePipe,), {"needs": Custom("a:b", ())})(), True),
        (type("B", (ExomePipe,), {"needs": ~Custom("a:b", ()) & Present("physician")})(), True),
        (type("C", (ExomePipe,), {"needs": type("Own", (Present,), {})("physician")})(), True),
        (type("D", (ExomePipe,), {"explain": lambda *_: {}})(), True),
    ],
)
def test_what_is_not_all_ours_is_judged_apart(loader: Any, foreign: bool) -> None:
    assert loader.is_foreign is foreign
