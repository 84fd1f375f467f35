from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import magma.errors
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
from magma.questions import Ending, QueryQuestion, Question, RetrieveQuestion
from magma.refusals import ending_of, messages_of, refusal
from magma.wire import Reply

PAGE = Path(__file__).parents[2] / "docs" / "explanations" / "magma-client.md"
PAGE_7 = RetrieveQuestion(page=7, page_size=3)


def said(status: int, body: Any, content_type: str = "application/json") -> Reply:
    return Reply(status, content_type, body.encode() if isinstance(body, str) else json.dumps(body).encode())


def every_error(kind: type[MagmaError] = MagmaError) -> set[type[MagmaError]]:
    narrower = (every_error(one) for one in kind.__subclasses__())
    return {kind}.union(*narrower)


KINDS = sorted(every_error() - {MagmaError}, key=str)


class TestMessagesOf:
    @pytest.mark.parametrize(
        ("body", "messages"),
        [
            ('{"errors": ["one", "two"]}', ("one", "two")),
            ('{"error": "one"}', ("one",)),
            ('"Project nope does not exist."', ("Project nope does not exist.",)),
            ("You are unauthorized", ("You are unauthorized",)),
            ("<html><h1>502 Bad &amp; gone</h1>\n</html>", ("502 Bad & gone",)),
            ("Puma caught this error: boom\n/usr/lib/ruby:1", ("Puma caught this error: boom",)),
            ('{"errors": ["broken o', ('{"errors": ["broken o',)),
            ('{"error": "<!DOCTYPE HTML>\\n<H1>Metis &lt;3</H1>\\n<HR>puma"}', ("Metis <3",)),
            ('{"error": "a<b and b>a"}', ("a<b and b>a",)),
            ('{"errors": [{"message": "m", "source": {}, "reason": "r"}]}', ("m", "r")),
            ("", ()),
            ("{}", ()),
            ("null", ()),
            ("17", ()),
        ],
    )
    def test_reads_every_shape(self, body: str, messages: tuple[str, ...]) -> None:
        assert messages_of(said(422, body)) == messages

    def test_reads_bytes_that_are_no_text(self) -> None:
        assert messages_of(Reply(500, "", b"\xff\xfe boom")) == ("�� boom",)

    def test_shortens_what_nobody_would_read(self) -> None:
        (message,) = messages_of(said(422, {"error": "x" * 5000}))

        assert message == "x" * 300 + "…"


class TestEndingOf:
    @pytest.mark.parametrize("question", [PAGE_7, QueryQuestion(page=7, page_size=3)])
    @pytest.mark.parametrize(
        ("sentence", "ending"),
        [("Page 7 not found", Ending.PAST_END), ("No results found", Ending.NOTHING)],
    )
    def test_knows_both_sentences(self, question: Question, sentence: str, ending: Ending) -> None:
        assert ending_of(question, said(422, {"errors": [sentence]})) is ending
        assert ending_of(question, said(422, {"error": sentence})) is ending

    @pytest.mark.parametrize(
        ("question", "reply"),
        [
            (PAGE_7, said(422, {"errors": ["Page 8 not found"]})),
            (PAGE_7, said(422, {"errors": ["Page size must be greater than 1"]})),
            (PAGE_7, said(422, {"errors": ["updated_at is not an attribute"]})),
            (PAGE_7, said(422, {"errors": ["No results found", "and more"]})),
            (PAGE_7, said(422, {"errors": []})),
            (PAGE_7, said(500, {"errors": ["No results found"]})),
            (PAGE_7, said(404, {"error": "Page 7 not found"})),
            (RetrieveQuestion(page=7), said(422, {"errors": ["Page 7 not found"]})),
            (RetrieveQuestion(), said(422, {"errors": ["No results found"]})),
        ],
    )
    def test_takes_no_other_refusal_for_an_end(self, question: Question, reply: Reply) -> None:
        assert ending_of(question, reply) is None


class TestRefusal:
    @pytest.mark.parametrize(
        ("status", "sentence", "kind"),
        [
            (401, "You are unauthorized", MagmaUnauthorized),
            (302, "login redirect", MagmaUnauthorized),
            (403, "You are forbidden from performing this action.", MagmaForbidden),
            (403, "Cannot query for restricted attribute country", MagmaRestricted),
            (403, "but you can visit the project home page and request access.", MagmaAgreementNeeded),
            (404, "That project or model does not exist.", MagmaNotFound),
            (404, "There is no such path '/x'", MagmaNoSuchRoute),
            (422, "Expected an argument to Magma::RecordPredicate", MagmaRefused),
            (400, "Bad request", MagmaRefused),
            (500, "Server error.", MagmaFailed),
            (501, "Database error.", MagmaFailed),
            (503, "Away", MagmaUnavailable),
            (429, "Slow down", MagmaUnavailable),
            (418, "I am a teapot", MagmaGarbled),
            (200, "There is no such path", MagmaGarbled),
        ],
    )
    def test_has_the_right_kind_and_magmas_own_sentence(
        self, status: int, sentence: str, kind: type[MagmaError]
    ) -> None:
        error = refusal("/query about labors", said(status, {"error": sentence}))

        assert type(error) is kind
        assert error.messages == (sentence,)
        assert error.http_status == status
        assert str(error) == f"Magma answered {status} to /query about labors: {sentence.removesuffix('.')}."


class TestAnError:
    def test_reaches_people_as_a_503(self) -> None:
        assert {kind.status for kind in every_error()} == {503}

    def test_has_a_code_and_advice_of_its_own(self) -> None:
        kinds = every_error()

        assert len({kind.code for kind in kinds}) == len(kinds)
        assert len({kind.advice for kind in kinds}) == len(kinds)

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_explained(self, kind: type[MagmaError]) -> None:
        assert f"| `{kind.code}` |" in PAGE.read_text(encoding="utf-8")

    def test_is_found_in_one_module(self) -> None:
        assert {kind.__module__ for kind in every_error()} == {magma.errors.__name__}
