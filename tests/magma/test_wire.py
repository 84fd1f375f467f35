from __future__ import annotations

import gzip
import logging
import socket
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any

import httpx
import pytest

from magma.client import Magma
from magma.errors import (
    MagmaBrokenOff,
    MagmaError,
    MagmaFailed,
    MagmaGarbled,
    MagmaNotConfigured,
    MagmaTimeout,
    MagmaTooLarge,
    MagmaUnavailable,
    MagmaUnreachable,
    WriteRefused,
)
from magma.questions import ReadPath
from magma.tokens import Token
from magma.wire import READS, allow_only
from tests.magma.stand_in import StandIn, answer, answer_and_close, break_off, hang_up, stay_silent

MakeMagma = Callable[..., Magma]
FIVE = answer(200, {"answer": 5, "type": "Numeric", "format": "Numeric"})


def counted(magma: Magma) -> int:
    return magma.count("labors", "victim")


class TestASend:
    def test_says_that_nobody_listens(self, make_magma: MakeMagma) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        magma = make_magma(url=f"http://127.0.0.1:{port}")

        with pytest.raises(MagmaUnreachable, match="can't be reached for /query"):
            counted(magma)

    def test_does_not_wait_for_ever_and_does_not_repeat_a_slow_question(
        self, magma: Magma, stand_in: StandIn
    ) -> None:
        done = Event()
        stand_in.will(stay_silent(done))

        with pytest.raises(MagmaTimeout):
            counted(magma)

        done.set()
        assert len(stand_in.calls) == 1

    def test_does_not_wait_for_an_answer_that_trickles(
        self, make_magma: MakeMagma, stand_in: StandIn
    ) -> None:
        ended = Event()

        def trickle(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not ended.wait(0.01):
                connection.sendall(b" ")

        stand_in.will(trickle)
        magma = make_magma(read_seconds=2, whole_answer_seconds=0.2)

        with pytest.raises(MagmaTimeout, match="in whole"):
            counted(magma)

        ended.set()

    @pytest.mark.parametrize("status", [502, 503, 504, 429])
    def test_asks_again_while_magma_is_away(self, magma: Magma, stand_in: StandIn, status: int) -> None:
        away = answer(status, "<html>Bad gateway</html>", "text/html")
        stand_in.will(away, away, FIVE)

        number = counted(magma)

        assert number == 5
        assert len(stand_in.calls) == 3

    @pytest.mark.parametrize(
        ("asked_for", "waits"), [("3600", True), ("Thu, 26 Nov 2026 15:00:00 GMT", False), ("²", False)]
    )
    def test_stays_away_for_as_long_as_it_is_asked_to_within_reason(
        self, make_magma: MakeMagma, stand_in: StandIn, asked_for: str, waits: bool
    ) -> None:
        busy = answer(429, "Slow down", "text/plain", **{"Retry-After": asked_for})
        stand_in.will(busy, FIVE)
        magma = make_magma(longest_pause=1.0)
        began = monotonic()

        number = counted(magma)

        assert number == 5
        assert (monotonic() - began >= 1.0) is waits

    @pytest.mark.parametrize("status", [502, 503, 504, 429])
    def test_gives_up_after_three_times(self, magma: Magma, stand_in: StandIn, status: int) -> None:
        stand_in.will(answer(status, "<html>\n<h1>Bad gateway</h1></html>", "text/html"))

        with pytest.raises(MagmaUnavailable) as raised:
            counted(magma)

        assert len(stand_in.calls) == 3
        assert raised.value.passing

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500, 501])
    def test_asks_once_when_magma_has_refused(self, magma: Magma, stand_in: StandIn, status: int) -> None:
        stand_in.will(answer(status, {"error": "No."}))

        with pytest.raises(MagmaError, match="No"):
            counted(magma)

        assert len(stand_in.calls) == 1

    def test_asks_again_when_the_connection_was_dropped(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(hang_up, hang_up, FIVE)

        number = counted(magma)

        assert number == 5

    def test_keeps_its_connection(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(FIVE)

        numbers = [counted(magma) for _ in range(3)]

        assert numbers == [5, 5, 5]
        assert stand_in.connections == 1

    def test_survives_a_server_that_closes_what_it_promised_to_keep(
        self, magma: Magma, stand_in: StandIn
    ) -> None:
        body = {"answer": 5, "type": "Numeric", "format": "Numeric"}
        stand_in.will(answer_and_close(200, body))

        numbers = [counted(magma) for _ in range(4)]

        assert numbers == [5, 5, 5, 5]

    def test_asks_again_when_an_answer_broke_off(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(break_off(200, b'{"answer":', promised=100), FIVE)

        number = counted(magma)

        assert number == 5

    def test_says_that_every_answer_broke_off(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(break_off(200, b'{"answer":', promised=100))

        with pytest.raises(MagmaBrokenOff, match="after 10 bytes"):
            counted(magma)

    def test_refuses_to_hold_more_than_it_may(self, make_magma: MakeMagma, stand_in: StandIn) -> None:
        stand_in.will(answer(200, {"answer": "x" * 10_000}))
        magma = make_magma(largest_answer=5_000)

        with pytest.raises(MagmaTooLarge):
            counted(magma)

    def test_refuses_to_unpack_more_than_it_may(self, make_magma: MakeMagma, stand_in: StandIn) -> None:
        packed = gzip.compress(b" " * 50_000_000)
        stand_in.will(answer(200, packed, **{"Content-Encoding": "gzip"}))
        magma = make_magma(largest_answer=5_000_000)

        with pytest.raises(MagmaTooLarge):
            counted(magma)

    def test_tells_an_answer_that_can_not_be_unpacked(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(answer(200, b"not packed", **{"Content-Encoding": "gzip"}))

        with pytest.raises(MagmaGarbled, match="unpacked"):
            counted(magma)

    def test_reads_a_page_of_ten_megabytes(self, make_magma: MakeMagma, stand_in: StandIn) -> None:
        documents = {f"R{number}": {"name": f"R{number}", "notes": "x" * 10_000} for number in range(1000)}
        stand_in.will(answer(200, {"models": {"labor": {"documents": documents, "count": 1000}}}))
        magma = make_magma(read_seconds=10)

        page = magma.page("labors", "labor", ["name", "notes"], page=1)

        assert page.documents == documents

    def test_takes_up_a_walk_where_it_was_when_magma_restarts(self, magma: Magma, stand_in: StandIn) -> None:
        def page(*names: str, **more: Any) -> dict[str, Any]:
            return {"models": {"m": {"documents": {name: {"name": name} for name in names}} | more}}

        first = {"models": {"m": {"documents": {"a": {}, "b": {}, "c": {}, "d": {}}, "count": 6}}}
        stand_in.will(answer(200, first), hang_up, answer(502, ""), answer(200, page("d", "e", "f")))

        names = [name for one in magma.walk("labors", "m", ["name"], page_size=4) for name in one.documents]

        assert names[:6] == ["a", "b", "c", "d", "e", "f"]

    def test_never_shows_its_token(
        self, make_magma: MakeMagma, stand_in: StandIn, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        stand_in.will(answer(401, "You are unauthorized", "text/html"))
        magma = make_magma(token="aaa.secret.bbb")

        with pytest.raises(MagmaError) as raised:
            counted(magma)

        shown = f"{caplog.text} {raised.value!r} {raised.value} {magma.token()!r} {vars(magma)!r}"
        assert stand_in.calls[0].headers["authorization"] == "Etna aaa.secret.bbb"
        assert "secret" not in shown


class TestTheWayOut:
    @pytest.mark.parametrize(
        ("method", "url"),
        [
            ("POST", "http://magma.lab/update"),
            ("POST", "http://magma.lab/update_model"),
            ("POST", "http://magma.lab/retrieve/../update"),
            ("POST", "http://magma.lab/"),
            ("POST", "http://magma.lab/flags/labors"),
            ("POST", "http://magma.lab/gnomon/labors"),
            ("POST", "http://magma.lab/gnomon/labors/delete"),
            ("GET", "http://magma.lab/gnomon/labors/rules"),
            ("DELETE", "http://magma.lab/query"),
            ("PUT", "http://magma.lab/retrieve"),
            ("GET", "http://magma.lab/flags/../update"),
            ("POST", "http://other.lab/query"),
            ("POST", "https://magma.lab/query"),
            ("POST", "http://magma.lab:8080/query"),
        ],
    )
    def test_is_closed_to_whatever_is_not_a_read(self, method: str, url: str) -> None:
        look = allow_only("http://magma.lab", READS)

        with pytest.raises(WriteRefused):
            look(httpx.Request(method, url))

    @pytest.mark.parametrize(
        ("method", "url"),
        [
            ("POST", "http://lab/magma/query"),
            ("POST", "http://lab/magma/retrieve"),
            ("GET", "http://lab/magma/"),
            ("GET", "http://lab/magma/flags/labors"),
            ("GET", "http://lab/magma/gnomon/labors"),
        ],
    )
    def test_is_open_to_reads_below_a_prefix(self, method: str, url: str) -> None:
        look = allow_only("http://lab/magma", READS)

        look(httpx.Request(method, url))

        assert method in {"GET", "POST"}

    def test_is_guarded_on_the_very_client_that_sends(self, magma: Magma, stand_in: StandIn) -> None:
        stand_in.will(FIVE)

        with pytest.raises(WriteRefused):
            magma.wire._client.post(f"{stand_in.url}/update", json={"revisions": {}})

        assert stand_in.calls == []

    def test_has_no_address_to_write_to(self) -> None:
        addresses = {path.value for path in ReadPath}

        assert addresses == {"/retrieve", "/query", "/", "/flags/", "/gnomon/"}

    def test_takes_no_address_of_the_callers_own(self, magma: Magma) -> None:
        with pytest.raises(AttributeError):
            magma.wire.send("/update", {})  # type: ignore[arg-type]  # the very mistake

    @pytest.mark.parametrize("url", ["", "magma.lab", "ftp://magma.lab", "http://", "http://magma.lab/?a=1"])
    def test_wants_an_address(self, url: str) -> None:
        with pytest.raises(MagmaNotConfigured, match="POLYPHEMUS_MAGMA_URL"):
            Magma(url=url, token="")


def test_a_token_that_can_not_be_renewed_is_asked_with_once(magma: Magma, stand_in: StandIn) -> None:
    stand_in.will(answer(401, "You are unauthorized", "text/html"))

    with pytest.raises(MagmaError):
        counted(magma)

    assert len(stand_in.calls) == 1
    assert magma.wire.token.renewed(Token("a.b.c")) is None


def test_a_500_is_not_passing(magma: Magma, stand_in: StandIn) -> None:
    stand_in.will(answer(500, "Puma caught this error: boom", ""))

    with pytest.raises(MagmaFailed, match="Puma caught this error: boom") as raised:
        counted(magma)

    assert not raised.value.passing
