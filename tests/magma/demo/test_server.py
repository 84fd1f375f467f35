from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.magma.demo_fixture import PATIENCE, RunningWarehouse

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(warehouse: RunningWarehouse) -> Ask:
    def post(path: str, token: str | None = None, **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Etna {token or warehouse.mint()}"}
        return httpx.post(f"{warehouse.url}{path}", json={"project_name": "labors"} | body, headers=headers)

    return post


def test_the_seed_holds_as_many_visible_victims_as_the_real_one(ask: Ask) -> None:
    answer = ask("/query", query=["victim", "::count"])

    assert answer.json() == {"answer": 161, "type": "Numeric", "format": "Numeric"}


def test_many_clients_at_once_lose_no_update(warehouse: RunningWarehouse, ask: Ask) -> None:
    names = [f"V-{number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: warehouse.load({"victim": {name: {}}}, project="labors"), names))

    orphans = ask("/query", query=["victim", "::all", "::identifier"], show_disconnected=True).json()[
        "answer"
    ]
    assert {name for name, _ in orphans} >= set(names)


def test_a_form_in_parts_is_refused_in_words_that_end_it(warehouse: RunningWarehouse) -> None:
    headers = {"Authorization": f"Etna {warehouse.mint()}"}
    parts = {"project_name": (None, "labors"), "revisions[victim][V-1][country]": (None, "Nemea")}

    answer = httpx.post(f"{warehouse.url}/update", files=parts, headers=headers)

    assert (answer.status_code, answer.text) == (
        415,
        "The demo warehouse takes no forms in parts: send JSON.",
    )


def test_a_connection_is_kept_for_the_next_call(warehouse: RunningWarehouse) -> None:
    headers = {"Authorization": f"Etna {warehouse.mint()}"}
    with httpx.Client(base_url=warehouse.url, headers=headers) as client:
        streams = [client.get("/").extensions["network_stream"] for _ in range(2)]

    assert streams[0] is streams[1]


def test_the_cookie_wins_over_the_header(start_warehouse: Callable[..., RunningWarehouse]) -> None:
    warehouse = start_warehouse("--cookie", "JANUS_DEV_TOKEN")
    headers = {"Cookie": "JANUS_DEV_TOKEN=nonsense", "Authorization": f"Etna {warehouse.mint()}"}

    answer = httpx.get(warehouse.url, headers=headers)

    assert (answer.status_code, answer.text) == (401, "You are unauthorized")


def test_its_clock_starts_where_it_is_told(start_warehouse: Callable[..., RunningWarehouse]) -> None:
    warehouse = start_warehouse("--clock", "2031-01-01T12:00:00+00:00")

    answer = warehouse.load({"monster": {"Lernean Hydra Monster": {"victim": ["V-1"]}}}, project="labors")

    assert answer["victim"]["V-1"]["updated_at"].startswith("2031-01-01T12:0")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(warehouse: RunningWarehouse, stop: signal.Signals) -> None:
    warehouse.process.send_signal(stop)

    assert warehouse.process.wait(PATIENCE) == 0
