"""From a good reply to a typed answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeAlias, TypeVar

import msgspec

from magma.errors import MagmaGarbled
from magma.pages import Answer, Flags, ModelAnswer, Retrieved, TextTable, Vocabulary
from magma.questions import QueryQuestion, Question, RetrieveQuestion
from magma.refusals import ending_of, refusal
from magma.rows import RowShape
from magma.wire import Reply
from polyphemus_site.sentences import say as _

T = TypeVar("T")
Understood: TypeAlias = Retrieved | Answer | TextTable | Vocabulary
SHOWN_BYTES = 80
#: A database's floats hold them, and some writers of JSON write them down; JSON itself knows none of them.
NO_NUMBERS = (b"NaN", b"Infinity")
RETRIEVED = msgspec.json.Decoder(Retrieved)
ANSWER = msgspec.json.Decoder(Answer)
FLAGS = msgspec.json.Decoder(Flags)


def understand(question: Question, reply: Reply, asked: str, rows: RowShape | None = None) -> Understood:
    """The typed answer to a question, empty pages included; otherwise the error is raised."""
    if ending := ending_of(question, reply):
        if isinstance(question, QueryQuestion):
            return Answer(answer=[], ending=ending)
        return Retrieved(models={_model(question): ModelAnswer(documents={})}, ending=ending)
    if reply.status != HTTPStatus.OK:
        raise refusal(asked, reply)
    if question.wants_tsv:
        return read_tsv(reply, asked)
    if isinstance(question, RetrieveQuestion):
        return read_json(reply, rows.decode if rows else RETRIEVED.decode, asked)
    if isinstance(question, QueryQuestion) and question.wants_vocabulary:
        return Vocabulary(said=read_json(reply, msgspec.json.decode, asked))
    return read_json(reply, ANSWER.decode, asked)


def read_json(reply: Reply, decode: Callable[[bytes], T], asked: str) -> T:
    """Decode straight into a shape; whatever does not fit it is MagmaGarbled."""
    _require_type(reply, "application/json", asked)
    try:
        return _decoded(reply.body, decode)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MagmaGarbled(
            _("Magma's answer to %(asked)s can't be understood: %(error)s.")
            % {"asked": asked, "error": error}
        ) from error


def _decoded(body: bytes, decode: Callable[[bytes], T]) -> T:
    """The answer; where numbers that are none keep it from being JSON, with nulls in their place."""
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not any(word in body for word in NO_NUMBERS):
            raise
        try:
            mended = json.dumps(json.loads(body, parse_constant=_nothing), allow_nan=False)
        except (ValueError, RecursionError):  # no JSON in any case, or nested without end
            raise error from None
        return decode(mended.encode())


def _nothing(_word: str) -> None:
    """What a matrix holds where it has no number."""


def read_tsv(reply: Reply, asked: str) -> TextTable:
    """Tab-separated text, a header first."""
    _require_type(reply, "text/tsv", asked)
    try:
        lines = list(csv.reader(io.StringIO(reply.body.decode("utf-8"), newline=""), dialect="excel-tab"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MagmaGarbled(
            _("Magma's table in answer to %(asked)s can't be understood: %(error)s.")
            % {"asked": asked, "error": error}
        ) from error
    header = tuple(lines[0]) if lines else ()
    if any(len(line) != len(header) for line in lines):
        raise MagmaGarbled(
            _("The rows of Magma's table in answer to %(asked)s are not of one length.") % {"asked": asked}
        )
    return TextTable(header, tuple(tuple(line) for line in lines[1:]))


def _require_type(reply: Reply, wanted: str, asked: str) -> None:
    got = reply.content_type.partition(";")[0].strip().lower()
    if got != wanted:
        start = reply.body[:SHOWN_BYTES].decode("utf-8", "replace")
        raise MagmaGarbled(
            _("Magma's answer to %(asked)s is %(kind)s, not %(wanted)s: %(start)r.")
            % {"asked": asked, "kind": got or _("untyped"), "wanted": wanted, "start": start}
        )


def _model(question: Question) -> str:
    return str(question.model_name) if isinstance(question, RetrieveQuestion) else ""
