"""Understanding a reply: the typed answer, or the typed error for each of Magma's six ways of saying no."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from http import HTTPStatus
from typing import Any

import msgspec

from magma.errors import (
    MagmaAgreementNeeded,
    MagmaError,
    MagmaFailed,
    MagmaForbidden,
    MagmaGarbled,
    MagmaNoSuchRoute,
    MagmaNotFound,
    MagmaRefused,
    MagmaRestricted,
    MagmaUnauthorized,
    MagmaUnavailable,
)
from magma.questions import Ending, Question
from magma.wire import AWAY, Reply
from polyphemus_site.sentences import say as _

PAGE_NOT_FOUND = re.compile(r"Page (\d+) not found")
NO_RESULTS = "No results found"
NO_SUCH_PATH = "There is no such path"
RESTRICTED = "Cannot query for restricted attribute"
AGREEMENT = "visit the project home page"
TAG = re.compile(r"<[^>]*>")
PAGE = re.compile(r"\s*<(!doctype|html)\b", re.IGNORECASE)
LONGEST_SENTENCE = 300

BY_STATUS: dict[int, type[MagmaError]] = {
    HTTPStatus.BAD_REQUEST: MagmaRefused,
    HTTPStatus.FORBIDDEN: MagmaForbidden,
    HTTPStatus.NOT_FOUND: MagmaNotFound,
    HTTPStatus.UNPROCESSABLE_ENTITY: MagmaRefused,
}


def messages_of(reply: Reply) -> tuple[str, ...]:
    """The sentences of a refusal, whatever shape it has."""
    try:
        said = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _first_line(reply.body)
    return tuple(_plain(sentence) for sentence in _sentences(said))


def ending_of(question: Question, reply: Reply) -> Ending | None:
    """Why a page is empty, when the 422 says nothing worse; None for every other reply."""
    if reply.status != HTTPStatus.UNPROCESSABLE_ENTITY or not question.is_paged:
        return None
    messages = messages_of(reply)
    if messages == (NO_RESULTS,):
        return Ending.NOTHING
    said = PAGE_NOT_FOUND.fullmatch(messages[0]) if len(messages) == 1 else None
    return Ending.PAST_END if said and said[1] == str(question.page) else None


def refusal(asked: str, reply: Reply) -> MagmaError:
    """The error that tells this reply; `asked` says what was asked, for the people who read it."""
    messages = messages_of(reply)
    kind = _kind(reply, messages)
    told = _("Magma answered %(status)s to %(asked)s: %(said)s")
    said = "; ".join(messages) or _("nothing more")
    return kind(
        _ended(told % {"status": reply.status, "asked": asked, "said": said}),
        http_status=reply.status,
        messages=messages,
    )


def _kind(reply: Reply, messages: tuple[str, ...]) -> type[MagmaError]:
    if reply.is_for_strangers:
        return MagmaUnauthorized
    said = " ".join(messages)
    by_words: tuple[tuple[int, str, type[MagmaError]], ...] = (
        (HTTPStatus.FORBIDDEN, RESTRICTED, MagmaRestricted),
        (HTTPStatus.FORBIDDEN, AGREEMENT, MagmaAgreementNeeded),
        (HTTPStatus.NOT_FOUND, NO_SUCH_PATH, MagmaNoSuchRoute),
    )
    for status, words, kind in by_words:
        if reply.status == status and words in said:
            return kind
    return _kind_of_status(reply.status)


def _kind_of_status(status: int) -> type[MagmaError]:
    if status in AWAY:
        return MagmaUnavailable
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return MagmaFailed
    return BY_STATUS.get(status, MagmaGarbled)


def _sentences(said: Any) -> Iterator[str]:
    """Strings anywhere a refusal may hide them: `errors`, `error`, `message`, or the value itself."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, list):
        for part in said:
            yield from _sentences(part)
    elif isinstance(said, dict):
        for key in ("errors", "error", "message", "reason"):
            yield from _sentences(said.get(key))


def _plain(sentence: str) -> str:
    """Of a page that Magma passes on as its own error, as a failing Metis gave it, only what can be read."""
    return "; ".join(_first_line(sentence.encode())) if PAGE.match(sentence) else _shortened(sentence)


def _first_line(body: bytes) -> tuple[str, ...]:
    text = unescape(TAG.sub(" ", body[:4096].decode("utf-8", "replace"))).strip()
    return (_shortened(text.splitlines()[0].strip()),) if text else ()


def _ended(sentence: str) -> str:
    """With its full stop, which most of Magma's own lack: what to do about it follows."""
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[:LONGEST_SENTENCE]}…"
