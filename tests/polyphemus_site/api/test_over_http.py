"""Signed calls over real connections: to granian, and through a real nginx in front of it."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.models import ApiKey
from dispatch.services import keys
from magma.journal.models import JournalEntry
from polyphemus_site.api.models import SignedCall
from tests.polyphemus_site.api.wire import poll, post, pushed
from tests.system_packages import program
from tests.web import Answer, Web, free_port, running

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

GUIDE = Path(__file__).parents[3] / "docs" / "explanations" / "signing.md"


def nginx_config(folder: Path, port: int, upstream: str, api: str, guard: str) -> str:
    account = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
        {account} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
          access_log off; {temporary}
          server {{
            listen 127.0.0.1:{port}; client_max_body_size 32m;
            proxy_set_header Host $host;
            location / {{ proxy_pass {upstream}; }}
            location /api/ {{ {guard} proxy_pass {api}; }}
          }}
        }}"""


def guard_of_the_guide() -> str:
    """The lines the guide tells people to put into nginx."""
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(scope="module", params=["", "/api/"], ids=["bare", "with a path"])
def nginx(
    request: pytest.FixtureRequest, web: Web, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """nginx in front, by either form of `proxy_pass`."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    config = folder / "nginx.conf"
    config.write_text(nginx_config(folder, port, web.url, web.url + request.param, guard_of_the_guide()))
    command = [program("nginx", package="nginx-light"), "-c", str(config)]
    with running(command, port, {}, folder / "nginx.log") as front:
        yield front


def code(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(json.loads(answer.body)["code"])


class TestGranian:
    def test_a_push_is_taken(self, web: Web) -> None:
        answer = web.send(post(*pushed()))

        assert answer.status == 200
        assert json.loads(answer.body) == {"log": JournalEntry.objects.get().pk}

    def test_a_poll_is_answered(self, web: Web, api_key: keys.NewKey) -> None:
        answer = web.send(poll(api_key, web.port))

        assert (answer.status, json.loads(answer.body)["requests"]) == (200, [])

    def test_of_fifty_replays_at_once_one_is_taken(self, web: Web) -> None:
        raw = post(*pushed())

        with ThreadPoolExecutor(50) as pool:
            statuses = [answer.status for answer in pool.map(lambda _: web.send(raw), range(50))]

        assert (statuses.count(200), statuses.count(401)) == (1, 49)
        assert JournalEntry.objects.count() == 1
        assert SignedCall.objects.filter(reason="replay").count() == 49

    def test_of_fifty_replayed_polls_one_is_answered(self, web: Web, api_key: keys.NewKey) -> None:
        raw = poll(api_key, web.port)

        with ThreadPoolExecutor(50) as pool:
            statuses = [answer.status for answer in pool.map(lambda _: web.send(raw), range(50))]

        assert (statuses.count(200), statuses.count(401)) == (1, 49)

    def test_a_body_announced_as_too_large_is_refused_unread(self, web: Web) -> None:
        target, _ = pushed()

        answer = web.send(post(target, b"", length=100 * 1024 * 1024))

        assert (answer.status, code(answer)) == (413, "too_large")

    def test_a_body_in_chunks_is_refused(self, web: Web) -> None:
        target, body = pushed()
        raw = post(target, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), "Transfer-Encoding: chunked")

        answer = web.send(raw.replace(b"Content-Length", b"X-Length"))

        assert (answer.status, code(answer)) == (411, "length_required")

    def test_a_compressed_body_is_refused(self, web: Web) -> None:
        answer = web.send(post(*pushed(), "Content-Encoding: gzip"))

        assert (answer.status, code(answer)) == (415, "unsupported_content_encoding")

    def test_a_caller_that_waits_for_leave_is_answered(self, web: Web) -> None:
        assert web.send(post(*pushed(), "Expect: 100-continue")).status == 200

    @pytest.mark.parametrize(
        "lines", [("Host: evil.example.com",), ("X-Etna-Id: magma",), ("Signature: sig=:AAAA:",)]
    )
    def test_a_field_given_twice_is_refused(self, web: Web, lines: tuple[str, ...]) -> None:
        answer = web.send(post(*pushed(), *lines))

        assert answer.status in (400, 401)
        assert not JournalEntry.objects.exists()

    @pytest.mark.parametrize("host", ["evil.example.com", "", "127.0.0.1.evil.example.com", "127.0.0.2"])
    def test_another_host_is_refused(self, web: Web, host: str) -> None:
        answer = web.send(post(*pushed(), host=host))

        assert answer.status == 400
        assert not JournalEntry.objects.exists()

    def test_a_forwarded_host_changes_nothing(self, web: Web) -> None:
        assert web.send(post(*pushed(), "X-Forwarded-Host: evil.example.com")).status == 200

    def test_a_target_that_names_another_host_changes_nothing(self, web: Web) -> None:
        target, body = pushed()

        answer = web.send(post(f"http://evil.example.com{target}", body))

        assert answer.status in (200, 400)
        assert JournalEntry.objects.count() == (answer.status == 200)

    def test_hostile_headers_never_crash(self, web: Web) -> None:
        hostile = [
            "X-Etna-Nonce: \x00",
            "X-A: " + "a" * 300_000,
            "Signature-Input: " + "(" * 8000,
            "Content-Length: 5",
        ]

        statuses = [web.send(post(*pushed(), line)).status for line in hostile]

        assert all(400 <= status < 500 for status in statuses)

    def test_bytes_that_are_no_text_never_crash(self, web: Web) -> None:
        target, body = pushed()
        raw = post(target, body, "X-Etna-Name: NAME", "Signature: NAME").replace(b"NAME", b"\xff\xfe\xc3")

        assert web.send(raw).status in (400, 401)

    def test_a_revoked_key_is_refused_at_once(self, web: Web, api_key: keys.NewKey) -> None:
        first = web.send(poll(api_key, web.port)).status
        keys.revoke(ApiKey.objects.get(pk=api_key.key.pk), actor="tests", now=datetime.now(UTC))

        second = web.send(poll(api_key, web.port)).status

        assert (first, second) == (200, 401)
        assert SignedCall.objects.filter(reason="key revoked").exists()


class TestBehindNginx:
    def test_a_push_is_taken(self, nginx: Web) -> None:
        assert nginx.send(post(*pushed())).status == 200

    def test_a_push_of_megabytes_is_taken(self, nginx: Web) -> None:
        target, body = pushed()
        padded = body[:-1] + b" " * 5_000_000 + b"}"

        assert nginx.send(post(target, padded)).status == 200

    def test_a_poll_is_answered(self, nginx: Web, public_port: int, api_key: keys.NewKey) -> None:
        assert nginx.send(poll(api_key, public_port)).status == 200

    def test_a_body_in_chunks_arrives_whole(self, nginx: Web) -> None:
        target, body = pushed()
        raw = post(target, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), "Transfer-Encoding: chunked")

        assert nginx.send(raw.replace(b"Content-Length", b"X-Length")).status == 200

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("/api/log", "/api//log"),
            ("/api/log", "//api/log"),
            ("/api/log", "/x/../api/log"),
            ("/api/log", "/api/./log"),
            ("/api/log", "/%61pi/log"),
            ("/api/log", "/api%2Flog"),
            ("/write", "/write/"),
            ("/write", "/%77rite"),
            ("/labors/", "/other/../labors/"),
            ("/labors/", "/other/%2e%2e/labors/"),
        ],
    )
    def test_another_spelling_of_the_path_is_refused(self, nginx: Web, old: str, new: str) -> None:
        target, body = pushed()

        answer = nginx.send(post(target.replace(old, new, 1), body))

        assert 400 <= answer.status < 500
        assert not JournalEntry.objects.exists()

    @pytest.mark.parametrize(
        "path", ["/api/v1/requests?analysis=exome_pipe&project=b", "/api/v1/requests?analysis=exome%5Fpipe"]
    )
    def test_another_spelling_of_the_query_is_refused(
        self, nginx: Web, public_port: int, api_key: keys.NewKey, path: str
    ) -> None:
        raw = poll(api_key, public_port)

        answer = nginx.send(raw.replace(b"/api/v1/requests?analysis=exome_pipe", path.encode()))

        assert (answer.status, code(answer)) == (401, "unauthorized")

    def test_an_underscore_for_a_hyphen_is_no_field(
        self, nginx: Web, public_port: int, api_key: keys.NewKey
    ) -> None:
        raw = poll(api_key, public_port)

        answer = nginx.send(raw.replace(b"signature-input:", b"signature_input:"))

        assert (answer.status, code(answer)) == (401, "unauthorized")

    def test_callers_who_send_slowly_keep_nobody_waiting(
        self, nginx: Web, public_port: int, api_key: keys.NewKey
    ) -> None:
        with ExitStack() as slow:
            for _ in range(16):
                line = slow.enter_context(socket.create_connection(("127.0.0.1", nginx.port)))
                line.sendall(post(pushed()[0], b"{", length=500))

            assert nginx.send(poll(api_key, public_port)).status == 200

    def test_what_the_journal_takes_it_takes_once(self, nginx: Web) -> None:
        raw = post(*pushed())

        assert [nginx.send(raw).status, nginx.send(raw).status] == [200, 401]

    def test_the_caller_is_seen_past_the_proxy(self, nginx: Web) -> None:
        target, body = pushed(key=b"another")

        nginx.send(post(target, body, "X-Forwarded-For: 203.0.113.9"))

        assert SignedCall.objects.latest("id").address in ("127.0.0.1", "203.0.113.9")
