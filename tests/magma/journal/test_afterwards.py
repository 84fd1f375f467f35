"""Work for after the answer: kept until the answer is out, and done at once from then on."""

from __future__ import annotations

import pytest

from magma.journal.afterwards import Afterwards, ResponseThenWork


@pytest.mark.django_db  # the end of an answer looks after connections that earlier tests left
class TestAfterwards:
    def test_work_waits_for_the_answer_to_be_sent(self) -> None:
        done: list[str] = []
        afterwards = Afterwards()
        response = ResponseThenWork({"log": 1}, afterwards=afterwards)

        afterwards(lambda: done.append("told"))
        before = list(done)
        response.close()

        assert (before, done) == ([], ["told"])

    def test_work_that_comes_later_is_done_at_once(self) -> None:
        done: list[str] = []
        afterwards = Afterwards()

        afterwards.run()
        afterwards(lambda: done.append("told"))

        assert done == ["told"]

    def test_work_is_done_once(self) -> None:
        done: list[str] = []
        afterwards = Afterwards()
        afterwards(lambda: done.append("told"))

        afterwards.run()
        afterwards.run()

        assert done == ["told"]
