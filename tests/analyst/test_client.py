from __future__ import annotations

import socket
from datetime import timedelta

import pytest

from polyphemus_analyst.client import Dispatch, Held
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import RefusedError, UnauthorizedError, UnreachableError
from polyphemus_analyst.signing import Key
from tests.analyst.standin import Script


def test_a_bid_is_the_founding_document(server: Script, dispatch: Dispatch) -> None:
    server.on("POST bids", 200, {"message": "go"})

    dispatch.bid(analysis="exome_pipe", name="pair", seconds=3600, analyst="saurabh.asthana@ucsf.edu")

    assert server.asked[0].body == {
        "analysis": "exome_pipe",
        "analyst": "saurabh.asthana@ucsf.edu",
        "name": "pair",
        "time": "3600",
    }
    assert list(server.asked[0].body) == ["analysis", "analyst", "name", "time"]


def test_every_page_is_read(server: Script, dispatch: Dispatch, tumor_pair: Request) -> None:
    second = dict(tumor_pair.document, name="another")
    following = f"{server.url}/api/v1/requests?analysis=exome_pipe&status=new&after=abc"
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": following})
    server.on("GET requests", 200, {"requests": [second], "next": None})

    found, _ = dispatch.open_requests(analysis="exome_pipe")

    assert [one.name for one in found] == ["dt_lung_tumor_pair", "another"]
    assert server.asked[1].query["after"] == "abc"


def test_the_key_never_follows_a_link_to_another_host(
    server: Script, dispatch: Dispatch, tumor_pair: Request
) -> None:
    elsewhere = "http://elsewhere.example.org/api/v1/requests?after=abc"
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": elsewhere})
    server.on("GET requests", 200, {"requests": [], "next": None})

    dispatch.open_requests(analysis="exome_pipe")

    assert len(server.calls("GET requests")) == 2


def test_a_key_that_ends_is_told_of_once(server: Script, dispatch: Dispatch, key: Key) -> None:
    told: list[str] = []
    dispatch.warn = told.append
    server.on(
        "GET requests", 200, {"requests": [], "next": None}, Polyphemus_Key_Ends="2026-12-03T12:00:00.000Z"
    )

    dispatch.open_requests(analysis="exome_pipe")
    dispatch.open_requests(analysis="exome_pipe")

    assert told == [f"{server.url} believes the key {key.id} until 2026-12-03 12:00 UTC only."]


def test_of_many_documents_the_latest_are_remembered(
    server: Script, dispatch: Dispatch, tumor_pair: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polyphemus_analyst.client.MOST_KNOWN", 2)
    for name in ("first", "second", "third"):
        server.on(f"GET requests/{name}", 200, dict(tumor_pair.document, name=name), ETag=f'"{name}"')
        dispatch.request(name)

    assert [address.rpartition("/")[2] for address in dispatch.known] == ["second", "third"]


def test_an_unchanged_list_is_remembered(server: Script, dispatch: Dispatch, tumor_pair: Request) -> None:
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None}, ETag='"1"')
    server.on("GET requests", 304, b"", Retry_After="7", Content_Length="0")
    dispatch.open_requests(analysis="exome_pipe")

    found, advice = dispatch.open_requests(analysis="exome_pipe")

    assert server.asked[1].headers["if-none-match"] == '"1"'
    assert [one.name for one in found] == ["dt_lung_tumor_pair"]
    assert advice == 7


def test_a_document_that_makes_no_sense_does_not_hide_the_others(
    server: Script, dispatch: Dispatch, tumor_pair: Request
) -> None:
    strange = ["text", {"name": "x"}, dict(tumor_pair.document, config=None)]
    server.on("GET requests", 200, {"requests": [*strange, tumor_pair.document], "next": None})

    found, _ = dispatch.open_requests(analysis="exome_pipe")

    assert [one.name for one in found] == ["dt_lung_tumor_pair"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again_after_the_time_asked_for(
    server: Script, dispatch: Dispatch, waited: list[float], status: int
) -> None:
    server.on("POST tickets", status, {}, Retry_After="3")
    server.on("POST tickets", 200, {"message": "archived"})

    dispatch.ticket(Held("exome_pipe", "pair"), key="again")

    assert len(waited) == 1
    assert waited[0] >= 3
    assert {one.headers["idempotency-key"] for one in server.asked} == {"again"}
    assert len({one.headers["x-etna-nonce"] for one in server.asked}) == 2


def test_a_refusal_is_not_tried_again_and_carries_its_code(server: Script, dispatch: Dispatch) -> None:
    server.on("POST bids", 409, {"message": "no", "code": "already_awarded", "detail": "Somebody was first."})

    with pytest.raises(RefusedError) as refusal:
        dispatch.bid(analysis="exome_pipe", name="pair", seconds=60, analyst="a@ucsf.edu")

    assert refusal.value.code == "already_awarded"
    assert len(server.asked) == 1


def test_a_clock_that_is_wrong_is_corrected_by_the_servers(server: Script, dispatch: Dispatch) -> None:
    server.offset = timedelta(minutes=20)
    server.on("POST tickets", 200, {"message": "archived"})

    dispatch.ticket(Held("exome_pipe", "pair"))

    assert server.disbelieved == ["expired"]
    assert len(server.asked) == 1


def test_a_wrong_key_is_told_once(server: Script) -> None:
    wrong = Dispatch(server.url, Key("pk_analyst", b"wrong"))

    with pytest.raises(UnauthorizedError):
        wrong.ticket(Held("exome_pipe", "pair"))

    assert len(server.disbelieved) == 1
    wrong.http.close()


def test_a_server_that_is_away_is_given_up_on_after_some_tries(key: Key, waited: list[float]) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        away = Dispatch(f"http://127.0.0.1:{unheard.getsockname()[1]}", key, sleep=waited.append, tries=4)

        with pytest.raises(UnreachableError):
            away.ticket(Held("exome_pipe", "pair"))

    assert len(waited) == 3
    away.http.close()


def test_an_answer_that_is_no_document_is_no_go(server: Script, dispatch: Dispatch) -> None:
    server.on("POST bids", 200, b"<html>sign in</html>")

    with pytest.raises(UnreachableError):
        dispatch.bid(analysis="exome_pipe", name="pair", seconds=60, analyst="a@ucsf.edu")


def test_the_exact_due_date_comes_from_the_header(server: Script, dispatch: Dispatch) -> None:
    server.on("POST bids", 200, {"message": "go"}, Polyphemus_Due="2026-11-23T13:00:07.5Z")

    answer = dispatch.bid(analysis="exome_pipe", name="pair", seconds=60, analyst="a@ucsf.edu")

    assert answer.due is not None
    assert answer.due.isoformat() == "2026-11-23T13:00:07.500000+00:00"
