"""The real web process on a free port, over the database of the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psutil
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
#: Seconds within which a process must listen, on a busy machine.
PATIENCE = 30


@dataclass(frozen=True)
class Answer:
    """What came back over a raw connection."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Web:
    """A process that listens."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, raw: bytes) -> Answer:
        """Send bytes as they are, and read until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            line.sendall(raw)
            received = b"".join(iter(lambda: line.recv(65536), b""))
        head, _, body = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
        return Answer(int(first.split(" ")[1]), headers, body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tests_database_url() -> str:
    """`DATABASE_URL` with the name of the database the tests made."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path="/" + quote(str(connection.settings_dict["NAME"]))))


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"Nothing listens on port {port}; the process ended with {process.poll()}.")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server; granian does not hear of it when it comes while a killed worker is being replaced."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        for one in psutil.Process(process.pid).children(recursive=True):
            one.kill()
        process.kill()


@contextmanager
def running(command: list[str], port: int, environment: Mapping[str, str], log: Path) -> Iterator[Web]:
    """Run a server until the block ends."""
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603 — commands of our own
            command, cwd=ROOT, env=os.environ | dict(environment), stdout=out, stderr=out
        ) as process,
    ):
        try:
            wait_for_port(port, process)
            yield Web(port)
        finally:
            stop(process)


@contextmanager
def serving(folder: Path, *, port: int | None = None, workers: int = 1, **environment: str) -> Iterator[Web]:
    """The application under granian, with these variables beside the tests' own."""
    port = port or free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--workers", str(workers), "--blocking-threads", "4", "polyphemus_site.wsgi:application"]
    servers = {"DATABASE_URL": tests_database_url(), "REDIS_URL": settings.REDIS_URL}
    names = {
        "POLYPHEMUS_URL": f"http://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "polyphemus_site.settings",
    }
    with running(command, port, servers | names | environment, folder / "web.log") as web:
        yield web
