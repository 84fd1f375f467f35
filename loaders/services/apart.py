"""Explains by a process of its own: whatever a lab's code does there, the web worker that asked goes on.

A signal interrupts only a program's main thread, and pages are answered in other threads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from loaders import registry
from loaders.errors import LoaderError
from loaders.limits import TooSlowError
from loaders.services import explaining
from loaders.services.explaining import Explanation
from magma.client import Magma
from polyphemus_site.errors import MissingError, PolyphemusError, UnavailableError

#: The process ends its loader after POLYPHEMUS_EXPLAIN_SECONDS; one that can't be ended so is killed later.
GRACE = 20
#: So many such processes at once for each web process, and so long to wait for one's turn.
AT_ONCE = 2
WAIT = 10
_room = BoundedSemaphore(AT_ONCE)


def explain(magma: Magma, project: str, name: str, record: str, *, now: datetime) -> Explanation:
    """The explanation, judged in this thread where that surely ends, else in a process that can be ended."""
    if "\0" in record:
        raise MissingError(_("No record of %(project)s has such a name.") % {"project": project})
    if registry.current().get(name).is_foreign:
        return _apart(project, name, record)
    return explaining.explain(magma, project, name, record, now=now)


def _apart(project: str, name: str, record: str) -> Explanation:
    program = [sys.executable, str(settings.BASE_DIR / "manage.py"), "explain"]
    seconds = settings.POLYPHEMUS_EXPLAIN_SECONDS + GRACE
    words = ["--json", "--forms", "--project", project, "--", name, record]
    try:
        with _turn():
            done = subprocess.run(  # noqa: S603 — our own interpreter; each word is one argument
                [*program, *words], capture_output=True, check=False, timeout=seconds
            )
    except subprocess.TimeoutExpired as error:
        raise TooSlowError(
            _("%(name)s did not come back within %(seconds)s s and was stopped.")
            % {"name": name, "seconds": seconds}
        ) from error
    return _answered(name, done)


@contextmanager
def _turn() -> Iterator[None]:
    if not _room.acquire(timeout=WAIT):
        raise UnavailableError(_("Too many explanations are being worked out; try again in a moment."))
    try:
        yield
    finally:
        _room.release()


def _answered(name: str, done: subprocess.CompletedProcess[bytes]) -> Explanation:
    lines = done.stdout.splitlines() or [b""]
    try:
        form: dict[str, Any] = json.loads(lines[-1])  # before it may stand what a library wrote by itself
    except ValueError as error:
        raise LoaderError(f"{name} ended its process with {done.returncode}, without an answer.") from error
    if "refused" in form:
        raise _refusal(**form["refused"])
    return Explanation.from_json(form)


def _refusal(code: str, message: str, status: int) -> PolyphemusError:
    refusal = PolyphemusError(message, code=code)
    refusal.status = status
    return refusal
