"""Would the client have made this exchange? The question behind it, in the client's own terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magma.client import Magma
from magma.questions import QUESTIONS, ReadPath
from magma.recordings.exchanges import RecordedRequest

#: Asks the client what was asked in the recording.
Ask = Callable[[Magma], Any]

WRITES = ("/update", "/update_model", "/gnomon", "/flags")
ETNA = "Etna "


class NotOursError(Exception):
    """A reading client never makes this exchange; the message says why."""


def token_of(request: RecordedRequest) -> str:
    """The token it carries; empty when it carries none."""
    return request.header("Authorization").removeprefix(ETNA)


def question_of(request: RecordedRequest) -> Ask:
    """What to ask the client; NotOursError, or UnknownQuestionError where we can't say it."""
    _refuse_foreign_address(request)
    _refuse_foreign_credentials(request)
    if request.method == "GET":
        return _ask_by_address(request)
    if not isinstance(request.body, dict):
        raise NotOursError("its body is no JSON object, and the client sends nothing else")
    question = QUESTIONS[ReadPath(request.path)].parse(request.body)
    return lambda magma: magma.ask(question)


def _refuse_foreign_address(request: RecordedRequest) -> None:
    if request.path.startswith("/api/log/"):
        raise NotOursError("Magma sent it, to the journal")
    is_ask = request.method == "POST" and request.path in {path.value for path in QUESTIONS}
    is_look = request.method == "GET" and (request.path == "/" or _flags_project(request.path))
    if is_ask or is_look:
        return
    if request.method != "GET" and request.path.startswith(WRITES):
        raise NotOursError("it writes, and the client has no call that does")
    raise NotOursError(f"the client never calls {request.method} {request.path}")


def _refuse_foreign_credentials(request: RecordedRequest) -> None:
    if request.header("X-Etna-Signature"):
        raise NotOursError("it is signed as a sibling service; the client carries a Janus token")
    if request.header("Cookie"):
        raise NotOursError("it carries a cookie; the client carries its token in Authorization")
    authorization = request.header("Authorization")
    if authorization and not authorization.startswith(ETNA):
        raise NotOursError(f"it is authorized as {authorization.split(' ')[0]}; the client says Etna")
    if request.method == "POST" and request.header("Content-Type").partition(";")[0] != "application/json":
        raise NotOursError(
            f"its body is {request.header('Content-Type') or 'untyped'}; the client sends JSON"
        )


def _ask_by_address(request: RecordedRequest) -> Ask:
    if request.path == "/":
        return Magma.alive
    project = _flags_project(request.path)
    return lambda magma: magma.flags(project)


def _flags_project(path: str) -> str:
    folder, _, project = path.rpartition("/")
    return project if f"{folder}/" == ReadPath.FLAGS.value else ""
