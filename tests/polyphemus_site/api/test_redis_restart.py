"""Redis is killed while calls come in, and comes back with nothing: no call counts twice, none crashes."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dispatch.services import keys
from polyphemus_site.api.models import NonceMemory, SignedCall
from polyphemus_site.embedded.programs import installed
from tests.polyphemus_site.api.wire import KEK, KEY, get, poll, post, pushed
from tests.web import Answer, Web, free_port, serving, wait_for_port

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


class Memory:
    """A Redis of its own, which remembers nothing beyond its life."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Know where it will listen."""
        self.folder, self.stack, self.port = folder, stack, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, empty, at the same address."""
        words = ["--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        command = [str(installed().redis), *words]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 — a program of ours
        self.stack.enter_context(self.process)
        self.stack.callback(self.process.kill)
        wait_for_port(self.port, self.process)

    def kill(self) -> None:
        """As a lack of memory would."""
        assert self.process
        self.process.kill()
        self.process.wait()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with ExitStack() as stack:
        found = Memory(tmp_path, stack)
        found.start()
        yield found


@pytest.fixture
def site(tmp_path: Path, memory: Memory) -> Iterator[Web]:
    variables: dict[str, Any] = {
        "REDIS_URL": f"redis://127.0.0.1:{memory.port}/0",
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": KEY.decode()}),
        "POLYPHEMUS_REDIS_PREFIX": "restarted:",
    }
    with serving(tmp_path, **variables) as found:
        assert found.send(get("/healthz", {})).status == 200  # it has begun: without Redis it would not
        yield found


def told(answer: Answer) -> tuple[int, str]:
    return answer.status, str(json.loads(answer.body).get("code", ""))


def test_what_was_believed_before_is_not_believed_after(
    site: Web, memory: Memory, api_key: keys.NewKey
) -> None:
    used = poll(api_key, site.port)
    first, again = site.send(used), site.send(used)

    memory.kill()
    without = [site.send(used), site.send(poll(api_key, site.port))]
    memory.start()
    after = [site.send(used), site.send(poll(api_key, site.port))]

    assert (first.status, told(again)) == (200, (401, "unauthorized"))
    assert [told(answer) for answer in without + after] == [(503, "nonces_unavailable")] * 4
    assert all(answer.headers["retry-after"] == "5" for answer in without + after)
    assert NonceMemory.objects.exists()
    assert SignedCall.objects.filter(reason="nonces_unavailable").count() == 4


def test_the_journal_goes_on_meanwhile_and_knows_a_replay(site: Web, memory: Memory) -> None:
    memory.kill()
    raw = post(*pushed())

    statuses = [site.send(sent).status for sent in (raw, raw, post(*pushed()))]

    assert statuses == [200, 401, 200]
