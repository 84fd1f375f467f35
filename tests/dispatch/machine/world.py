"""The world the machine plays in: real web workers, workers that die, a warehouse, and a moved clock."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
from django.conf import settings

from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING
from dispatch.services import keys, requests
from polyphemus_site.api.signing import etna
from tests import web
from tests.dispatch.calls import KEK, Program
from tests.dispatch.machine.clock import MovedClock
from tests.magma.demo_fixture import RunningWarehouse
from tests.polyphemus_site.janus.tokens import public_key, token

REQUESTER = "dr.who@ucsf.edu"
ANALYSTS = ("saurabh.asthana@ucsf.edu", "rival@ucsf.edu", "third@ucsf.edu")
PATIENTS = tuple(f"DTL{number:03}" for number in range(1, 7))
#: Nothing listens there: a warehouse that is down.
NOWHERE = "http://127.0.0.1:9"
TRIES = 30
#: Seconds; granian calls it a loop when a new worker dies within 5.5.
BETWEEN_KILLS = 8


@dataclass
class World:
    """Everybody and everything, and ways to act."""

    clock: MovedClock
    web: web.Web
    warehouse: RunningWarehouse
    sweeper: subprocess.Popen[str]
    programs: dict[str, Program]
    http: httpx.Client
    magma_is_up: bool = True
    made: list[str] = field(default_factory=list)
    count: int = 0
    killed_at: float = field(default_factory=time.monotonic)

    # --- people and programs, over HTTP -------------------------------------------------------------------
    def person(self, path: str, body: Any = None) -> httpx.Response:
        """What the requester posts."""
        headers = {"Authorization": f"Etna {token(REQUESTER, 'e:dt_lung')}"}
        return self._call("POST", f"/api/v1/{path}", {} if body is None else body, lambda: headers)

    def program(self, analyst: str, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """What an analyst's program posts."""
        return self._call(
            "POST", f"/api/v1/{path}", body, lambda: self._signed("POST", analyst, path, body) | headers
        )

    def poll(self, analyst: str) -> list[str]:
        """The names an analyst's program finds open."""
        answer = self._call(
            "GET", "/api/v1/requests", None, lambda: self._signed("GET", analyst, "requests", {})
        )
        return [one["name"] for one in answer.json()["requests"]]

    def _signed(self, method: str, analyst: str, path: str, signed: dict[str, Any]) -> dict[str, str]:
        program = self.programs[analyst]
        return etna.sign(
            method=method,
            host="127.0.0.1",
            path=f"/api/v1/{path}",
            key_id=program.key_id,
            key=program.secret.encode(),
            signed=signed,
            nonce=secrets.token_urlsafe(16),
            expires=self.clock.now() + timedelta(minutes=2),
        )

    def _call(self, method: str, path: str, body: Any, headers: Any) -> httpx.Response:
        """Ask until there is an answer: a worker may be killed in the middle."""
        for _ in range(TRIES):
            try:
                answer = self.http.request(method, path, json=body, headers=headers())
            except httpx.TransportError:
                continue
            assert answer.status_code < 500, answer.text
            return answer
        raise AssertionError("The server did not come back.")

    # --- what is published --------------------------------------------------------------------------------
    def publish(self) -> str:
        """Work with no loader behind it."""
        name = self._new_name()
        config = {"project": "dt_lung", "inputs": ["tumor.exome"]}
        answer = self.person("requests", {"analysis": "exome_pipe", "name": name, "config": config})
        assert answer.status_code == 201, answer.text
        return self._noted(name)

    def publish_of(self, patient: str) -> str:
        """Work whose output a loader looks for, as accepting a suggestion publishes it."""
        name = self._new_name()
        requests.submit(
            analysis="exome_pipe",
            project="dt_lung",
            inputs=[f"{patient}.T1.exome"],
            requester=REQUESTER,
            name=name,
            subjects=[("patient", patient, "mark")],
            loader="exome_pipe",
            loader_version="1",
            now=self.clock.now(),
        )
        return self._noted(name)

    def _new_name(self) -> str:
        self.count += 1
        return f"work_{self.count}"

    def _noted(self, name: str) -> str:
        self.made.append(name)
        return name

    # --- workers and the warehouse ------------------------------------------------------------------------
    def sweep(self, *kills: int | None) -> list[int]:
        """As many sweeps at once as there are numbers, each killed before that statement; how each ended."""
        magma = self.warehouse.url if self.magma_is_up else NOWHERE
        asked = {"sweeps": [{"kill_after": kill, "magma": magma} for kill in kills]}
        assert self.sweeper.stdin is not None
        assert self.sweeper.stdout is not None
        self.sweeper.stdin.write(json.dumps(asked) + "\n")
        self.sweeper.stdin.flush()
        ends: list[int] = json.loads(self.sweeper.stdout.readline())
        return ends

    def load(self, patient: str) -> None:
        """Put the output where the loader looks for it."""
        self._vcf(
            patient, {"path": f"metis://dt_lung/calls/{patient}.vcf", "original_filename": f"{patient}.vcf"}
        )

    def unload(self, patients: Sequence[str]) -> None:
        """Start without any output."""
        for patient in patients:
            self._vcf(patient, {"path": "::temp"})  # an upload that was begun: nothing is there

    def _vcf(self, patient: str, value: Any) -> None:
        self.warehouse.load({"exome": {f"{patient}.T1.exome": {"vcf": value}}})

    def kill_a_web_worker(self) -> None:
        """As a lack of memory would, and not so often that granian takes it for a loop and gives up."""
        if time.monotonic() - self.killed_at < BETWEEN_KILLS:
            return
        self.killed_at = time.monotonic()
        (main,) = [one for one in psutil.Process().children() if str(self.web.port) in one.cmdline()]
        if workers := main.children():
            os.kill(workers[-1].pid, signal.SIGKILL)

    def row(self, name: str) -> AnalysisRequest:
        """A request as the database has it."""
        return AnalysisRequest.objects.get(name=name)


@contextmanager
def world(folder: Path, warehouse: RunningWarehouse) -> Iterator[World]:
    """Set it up, and leave nothing behind."""
    clock = MovedClock()
    environment: dict[str, Any] = {
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "POLYPHEMUS_JANUS_PUBLIC_KEY": public_key(),
        "POLYPHEMUS_MAGMA_TOKEN": warehouse.mint("VIEWER"),
        "POLYPHEMUS_PROJECTS": "dt_lung",
        "DATABASE_URL": clock.url,
        "REDIS_URL": settings.REDIS_URL,
        "GRANIAN_RESPAWN_FAILED_WORKERS": "true",
        "GRANIAN_RESPAWN_INTERVAL": "0.1",
    }
    upload(warehouse)
    with (
        web.serving(folder, workers=2, **environment) as server,
        sweeping(folder, environment) as sweeper,
        httpx.Client(base_url=server.url, timeout=30) as http,
    ):
        try:
            yield World(clock, server, warehouse, sweeper, programs(clock), http)
        finally:
            clock.remove()


def upload(warehouse: RunningWarehouse) -> None:
    """Give every tumor exome its fastqs: the loader then looks for its vcf."""
    for patient in PATIENTS:
        mates = [f"{patient}.T1_R{mate}.fastq.gz" for mate in (1, 2)]
        entries = [{"path": f"metis://dt_lung/sequence/{mate}", "original_filename": mate} for mate in mates]
        warehouse.load({"exome": {f"{patient}.T1.exome": {"raw_fastqs": entries}}})


def programs(clock: MovedClock) -> dict[str, Program]:
    """A key for each analyst."""
    made = {}
    for analyst in ANALYSTS:
        key = keys.create(
            analyst=analyst, scheme="etna-v1", scopes=EVERYTHING, kek=KEK, actor="tests", now=clock.now()
        )
        made[analyst] = Program(key.key.pk, key.secret)
    return made


@contextmanager
def sweeping(folder: Path, environment: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """The process whose children sweep."""
    with (
        (folder / "sweeper.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.dispatch.machine.sweeper"],
            cwd=web.ROOT,
            env=os.environ | environment | {"DJANGO_SETTINGS_MODULE": "polyphemus_site.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
