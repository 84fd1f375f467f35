"""A real mail server on loopback, and kinds of notices that only tests have."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

Answer = Callable[[int], str]
MailServer = Callable[..., AbstractContextManager["Inbox"]]


class Inbox:
    """What a mail server was given; `answer` decides what it says to the nth mail."""

    def __init__(self, answer: Answer, gate: threading.Event) -> None:
        """Start empty."""
        self.answer, self.gate = answer, gate
        self.mails: list[EmailMessage] = []
        self.tries = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        """One mail."""
        del session
        self.tries += 1
        await server.loop.run_in_executor(None, self.gate.wait, 10)
        said = self.answer(self.tries)
        if said.startswith("250"):
            mail = BytesParser(policy=modern).parsebytes(cast("bytes", envelope.content))
            self.mails.append(mail)
        return said


@contextmanager
def serve(answer: Answer = lambda _: "250 fine", gate: threading.Event | None = None) -> Iterator[Inbox]:
    open_gate = threading.Event()
    open_gate.set()
    inbox = Inbox(answer, gate or open_gate)
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


@pytest.fixture
def mail_server(settings: Settings) -> MailServer:
    """Start a mail server that answers as told, and point Django at it."""

    @contextmanager
    def started(*args: Any, **kwargs: Any) -> Iterator[Inbox]:
        with serve(*args, **kwargs) as inbox:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", inbox.port
            settings.EMAIL_TIMEOUT = 5
            yield inbox

    return started


@pytest.fixture(autouse=True)
def kinds(settings: Settings, tmp_path: Path) -> Path:
    """Templates of the kinds `greeting` (text and HTML) and `plain` (text)."""
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "greeting.txt").write_text("Hello {{ name }}\n\nIt is {{ name }} & {{ site_url }}.\n")
    (folder / "greeting.html").write_text("<p>Hello {{ name }}</p>\n")
    (folder / "plain.txt").write_text("Plain {{ name }}\nBody.\n")
    (folder / "broken.txt").write_text("{% if %}")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    settings.DEFAULT_FROM_EMAIL = "Data Library <noreply@polyphemus.ucsf.edu>"
    return folder
