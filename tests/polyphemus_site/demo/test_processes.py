"""Two demos at once keep to themselves."""

from __future__ import annotations

import socket
from pathlib import Path

from polyphemus_site.demo.processes import Stage, free_port


def test_a_port_that_is_kept_is_given_to_nobody_else(tmp_path: Path) -> None:
    with Stage(tmp_path, {}) as one, Stage(tmp_path, {}) as another:
        port = one.keep_port(free_port())

        assert another.keep_port(port) != port
        assert free_port(port) != port


def test_its_own_server_can_listen_there_as_granian_does(tmp_path: Path) -> None:
    with Stage(tmp_path, {}) as stage, socket.socket() as server, socket.socket() as visitor:
        address = ("127.0.0.1", stage.keep_port(free_port()))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(address)
        server.listen()

        visitor.connect(address)

        with server.accept()[0] as guest:
            assert guest.getpeername() == visitor.getsockname()


def test_a_port_is_let_go_with_its_demo(tmp_path: Path) -> None:
    with Stage(tmp_path, {}) as stage:
        port = stage.keep_port(free_port())

    assert free_port(port) == port
