"""Hold the client to recordings: it must make each request that is a reader's, and understand each reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from magma.client import Magma
from magma.errors import MagmaError, MagmaGarbled
from magma.questions import UnknownQuestionError
from magma.recordings.exchanges import Exchange, RecordedResponse, load
from magma.recordings.playback import Heard, Playback, playing
from magma.recordings.questioning import Ask, NotOursError, question_of, token_of
from magma.recordings.understanding import MisunderstoodError, require_right_error, require_same
from magma.refusals import refusal
from magma.wire import Patience, Reply


class Outcome(Enum):
    """What came of one recording."""

    UNDERSTOOD = "understood"
    NOT_ASKED = "not asked"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True, slots=True)
class Finding:
    """One recording, what came of it, and why."""

    name: str
    outcome: Outcome
    reason: str = ""


def rehearse(folder: Path) -> Iterator[Finding]:
    """One finding for every exchange of every recording in the folder."""
    with playing() as playback:
        for path in sorted(folder.glob("*.json")):
            try:
                exchanges = list(load(path))
            except (ValueError, OSError) as error:
                yield Finding(path.stem, Outcome.NOT_UNDERSTOOD, str(error))
                continue
            for name, exchange in exchanges:
                yield _finding(name, exchange, playback)


def _finding(name: str, exchange: Exchange, playback: Playback) -> Finding:
    try:
        ask = question_of(exchange.request)
        return Finding(name, Outcome.UNDERSTOOD, _asked_and_understood(ask, exchange, playback))
    except NotOursError as error:
        return _only_read(name, exchange.response, str(error))
    except UnknownQuestionError as error:
        return Finding(name, Outcome.NOT_UNDERSTOOD, f"the client can't ask this: {error}")
    except (MisunderstoodError, KeyError, TypeError, AttributeError) as error:
        return Finding(name, Outcome.NOT_UNDERSTOOD, f"{type(error).__name__}: {error}")


def _asked_and_understood(ask: Ask, exchange: Exchange, playback: Playback) -> str:
    playback.put_on(exchange.response)
    magma = Magma(url=playback.url, token=token_of(exchange.request), patience=Patience(attempts=1))
    try:
        answer = ask(magma)
        require_same(answer, exchange.response)
        reading = type(answer).__name__
    except MagmaError as error:
        require_right_error(error, exchange.response)
        reading = f"{type(error).__name__}: {'; '.join(error.messages)}"
    finally:
        magma.close()
    _require_same_request(playback.heard, exchange)
    return reading


def _require_same_request(heard: list[Heard], exchange: Exchange) -> None:
    recorded = exchange.request
    wanted = (recorded.method, recorded.path, recorded.header("Authorization"), _canonical(recorded.body))
    sent = [
        (
            one.method,
            one.path,
            one.headers.get("Authorization", ""),
            _canonical(json.loads(one.body or b"null")),
        )
        for one in heard
    ]
    if sent != [wanted]:
        raise MisunderstoodError(f"the client sent {sent} instead of {wanted}")


def _as_recorded(heard: Heard) -> tuple[str, str, str, str]:
    body = json.loads(heard.body or b"null")
    return heard.method, heard.path, heard.headers.get("Authorization", ""), _canonical(body)


def _canonical(body: object) -> str:
    return json.dumps(body, sort_keys=True)


def _only_read(name: str, response: RecordedResponse, why: str) -> Finding:
    """An exchange that is not ours to make; a refusal in it must be readable all the same."""
    if response.status < 400:  # noqa: PLR2004 — errors begin here
        return Finding(name, Outcome.NOT_ASKED, why)
    error = refusal(name, Reply(response.status, response.content_type, response.encoded()))
    if isinstance(error, MagmaGarbled) or not error.messages:
        return Finding(name, Outcome.NOT_UNDERSTOOD, f"{why}; and its refusal can't be read")
    return Finding(name, Outcome.NOT_ASKED, f"{why}; its refusal reads as {type(error).__name__}")
