"""`manage.py doctor` as an operator runs it: a process that examines processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from polyphemus_site.models import Heartbeat
from tests.polyphemus_site.doctor.conftest import ROOT, running, wait_for
from tests.polyphemus_site.mail.conftest import serve

pytestmark = pytest.mark.journey
NOWHERE = "127.0.0.1:1"


class JanusDoor(BaseHTTPRequestHandler):
    """Answers anything with 302, as Janus does to strangers."""

    def do_GET(self) -> None:
        """To the login."""
        self.send_response(302)
        self.send_header("Location", "/login")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def janus() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), JanusDoor) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def doctor(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 — a command of our own
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def findings(environment: dict[str, str]) -> tuple[int, dict[str, dict[str, str]]]:
    ended = doctor(environment, "--json")
    assert ended.stdout.startswith("["), ended.stderr
    return ended.returncode, {line["name"]: line for line in json.loads(ended.stdout)}


def test_where_everything_runs_nothing_fails(
    test_database: dict[str, str], warehouse: dict[str, str], janus: str, tmp_path: Path
) -> None:
    with serve() as inbox:
        environment = (
            test_database
            | warehouse
            | {
                "POLYPHEMUS_JANUS_URL": janus,
                "POLYPHEMUS_EMAIL_URL": f"smtp://127.0.0.1:{inbox.port}",
                "POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": "k" * 32, "metis": "short"}),
                "POLYPHEMUS_PROJECTS": "labors,dt_lung",
            }
        )
        worker = ["celery", "-A", "polyphemus_site", "worker", "--concurrency", "1"]
        beat = ["celery", "-A", "polyphemus_site", "beat"]
        with running(worker, environment), running(beat, environment):
            wait_for(Heartbeat.objects.exists)
            code, found = findings(environment)

    assert {name for name, line in found.items() if line["level"] == "fail"} == set()
    assert code == 0
    assert found["workers"]["found"].startswith("1 answer")
    assert "restricted records included" in found["magma labors"]["found"]
    assert "without restricted records" in found["magma dt_lung"]["found"]
    assert "renew" in found["magma token"]["remedy"].lower()
    assert found["clock of magma"]["level"] == "ok"
    assert found["mail server"]["level"] == "ok"
    assert (found["journal key magma"]["level"], found["journal key metis"]["level"]) == ("ok", "warn")


def test_what_is_down_fails_and_hides_nothing_else(test_database: dict[str, str]) -> None:
    code, found = findings(
        test_database
        | {
            "POLYPHEMUS_MAGMA_URL": f"http://{NOWHERE}",
            "POLYPHEMUS_MAGMA_TOKEN": "not.a.token",
            "POLYPHEMUS_JANUS_URL": f"http://{NOWHERE}",
            "POLYPHEMUS_EMAIL_URL": f"smtp://{NOWHERE}",
        }
    )

    failed = {name for name, line in found.items() if line["level"] == "fail"}
    assert code == 1
    assert {"beat", "workers", "magma", "janus", "janus key", "mail server"} <= failed
    assert found["migrations"]["level"] == "ok"
    assert all(line["remedy"] for line in found.values() if line["level"] != "ok")


def test_without_servers_it_still_examines_the_rest() -> None:
    ended = doctor(
        {
            "DATABASE_URL": f"postgresql://someone:hush@{NOWHERE}/polyphemus",
            "REDIS_URL": f"redis://:hush@{NOWHERE}/0",
        }
    )

    assert ended.returncode == 1
    assert f"PostgreSQL at {NOWHERE}/polyphemus doesn't answer" in ended.stdout
    assert f"Redis at {NOWHERE}/0 doesn't answer" in ended.stdout
    assert "-> Set POLYPHEMUS_JANUS_PUBLIC_KEY_FILE." in ended.stdout
    assert "hush" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
