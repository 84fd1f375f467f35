"""Polyphemus behind TLS under a host name of its own, and another site beside it."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[2]
POLYPHEMUS = "polyphemus.development.local"
JANUS = "janus.development.local"
TIMUR = "timur.development.local"
BLOG = "blog.development.local"
WEBMAIL = "webmail.elsewhere.test"
#: The browser's own phone book: these names are this machine.
EVERYWHERE = "--host-resolver-rules=MAP *.development.local 127.0.0.1,MAP *.elsewhere.test 127.0.0.1"
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate and its key, as files."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    names = [x509.DNSName(host) for host in (POLYPHEMUS, TIMUR, JANUS, BLOG, WEBMAIL)]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    return Certificate(folder / "certificate.pem", folder / "key.pem")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serve_polyphemus(certificate: Certificate, environment: dict[str, str]) -> Iterator[str]:
    """The real web process; gives its public address."""
    port = free_port()
    url = f"https://{POLYPHEMUS}:{port}"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--ssl-certificate", str(certificate.certificate)]
    command += ["--ssl-keyfile", str(certificate.key), "polyphemus_site.wsgi:application"]
    process = subprocess.Popen(  # noqa: S603 — a command of our own
        command,
        cwd=ROOT,
        env=os.environ | environment | {"POLYPHEMUS_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_alive(port)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_alive(port: int) -> None:
    """Until /healthz answers, or the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    with httpx.Client(verify=False, headers={"Host": POLYPHEMUS}) as client:  # noqa: S501 — our own certificate
        while time.monotonic() < end:
            try:
                if client.get(f"https://127.0.0.1:{port}/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise TimeoutError("The web process didn't answer in time.")


@dataclass(frozen=True)
class Served:
    """What another site answers."""

    body: bytes
    media: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class QuietServer(ThreadingHTTPServer):
    """A browser that doesn't know our certificate hangs up before it is told to trust it: nobody's fault."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that ended early."""


@contextmanager
def serve_page(certificate: Certificate, html: str) -> Iterator[int]:
    """Any other site: one page for every address; gives its port."""
    with serve_site(certificate, lambda _path: Served(html.encode())) as port:
        yield port


@contextmanager
def serve_site(certificate: Certificate, answer: Callable[[str], Served]) -> Iterator[int]:
    """Any other site over TLS, which answers by the path asked for; gives its port."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served = answer(self.path.partition("?")[0])
            self.send_response(200)
            self.send_header("Content-Type", served.media)
            self.send_header("Content-Length", str(len(served.body)))
            for name, value in served.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with QuietServer(("127.0.0.1", 0), Answers) as server:
        # a browser opens connections ahead of need, and may never say anything on them
        server.daemon_threads, server.block_on_close = True, False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
