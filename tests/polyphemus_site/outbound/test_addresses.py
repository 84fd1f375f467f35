"""Where a call may go, whatever the address looks like, and whatever a name leads to meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from polyphemus_site.outbound import posting
from polyphemus_site.outbound.addresses import may_be_called
from polyphemus_site.outbound.posting import Post
from tests.dispatch.webhooks.receiver import Receiver, receiving

INSIDE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",  # noqa: S104 — called, not bound
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::7f00:1",
    "fec0::1",
    "3fff::1",
    "5f00::1",
    "192.0.0.8",
    "192.88.99.1",
    "168.63.129.16",
]


class TestMayBeCalled:
    @pytest.mark.parametrize("address", INSIDE)
    def test_nothing_inside(self, address: str) -> None:
        assert not may_be_called(ip_address(address), allowed=())

    @pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
    def test_the_public_internet_encrypted(self, address: str) -> None:
        assert may_be_called(ip_address(address), allowed=())
        assert not may_be_called(ip_address(address), allowed=(), encrypted=False)

    def test_what_was_allowed_by_name_in_whatever_form(self) -> None:
        allowed = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))

        assert may_be_called(ip_address("10.1.2.3"), allowed=allowed, encrypted=False)
        assert may_be_called(ip_address("::ffff:10.1.2.3"), allowed=allowed)
        assert may_be_called(ip_address("fd00::1"), allowed=allowed)
        assert not may_be_called(ip_address("10.2.0.1"), allowed=allowed)


def outcome(url: str, *networks: str) -> posting.Outcome:
    allowed = tuple(ip_network(network) for network in networks)
    [found] = posting.post_all([Post(url, b"{}", {})], allowed=allowed, seconds=5)
    return found


@pytest.fixture
def inside() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class TestPostAll:
    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]"],
    )
    def test_no_spelling_leads_inside(self, inside: Receiver, host: str) -> None:
        found = outcome(f"https://{host}:{inside.port}/hook")

        assert found.status is None
        assert inside.heard == []

    def test_another_allowed_network_does_not_open_this_one(self, inside: Receiver) -> None:
        found = outcome(inside.url, "10.0.0.0/8")

        assert "leads to 127.0.0.1, where no call may go" in found.error
        assert inside.heard == []

    def test_a_name_that_changes_between_looks_is_called_where_it_was_judged(
        self, inside: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = rebind(monkeypatch, "127.0.0.2", "127.0.0.1", port=inside.port)
        with receiving("127.0.0.2", inside.port) as judged:
            found = outcome(f"http://rebinding.example.org:{inside.port}/hook", "127.0.0.2/32")

            assert found.is_taken
            assert len(judged.heard) == len(asked) == 1
            assert judged.heard[0].headers["Host"] == f"rebinding.example.org:{inside.port}"
        assert inside.heard == []

    def test_a_name_with_one_address_out_of_bounds_is_not_called_at_all(
        self, inside: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = [socket_address("127.0.0.2", inside.port), socket_address("127.0.0.1", inside.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)

        found = outcome(f"http://two.example.org:{inside.port}/hook", "127.0.0.2/32")

        assert "leads to 127.0.0.1" in found.error

    def test_a_name_that_is_none_is_a_fault_in_words(self) -> None:
        assert outcome("https://nowhere.invalid/hook").error == "nowhere.invalid can't be resolved."

    def test_no_proxy_of_the_environment_comes_between(
        self, inside: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with receiving() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("ALL_PROXY", proxy.url)
            outcome(inside.url, "127.0.0.0/8")

            assert proxy.heard == []
        assert len(inside.heard) == 1


def socket_address(address: str, port: int) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


def rebind(monkeypatch: pytest.MonkeyPatch, *answers: str, port: int) -> list[str]:
    """A name server that answers otherwise each time, as an attacker's does; what it was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinding.example.org":
            return real(host, *rest, **more)
        asked.append(host)
        return [socket_address(answers[min(len(asked), len(answers)) - 1], port)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked
