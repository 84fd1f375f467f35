from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, get_ident

import pytest

from magma.ahead import done_ahead, read_ahead

SECONDS = 10


class TestReadAhead:
    @pytest.mark.parametrize("pages", [[], [1], [1, 2, 3], [None, None]])
    def test_gives_the_same_in_the_same_order(self, pages: list[int | None]) -> None:
        assert list(read_ahead(pages)) == pages

    def test_fetches_the_next_while_this_one_is_used(self) -> None:
        fetched = Event()

        def pages() -> Iterator[int]:
            yield 1
            fetched.set()
            yield 2

        reading = read_ahead(pages())

        assert next(reading) == 1
        assert fetched.wait(SECONDS)
        assert list(reading) == [2]

    def test_raises_what_failed_in_its_place(self) -> None:
        def pages() -> Iterator[int]:
            yield 1
            raise ValueError("the second page")

        reading = read_ahead(pages())

        assert next(reading) == 1
        with pytest.raises(ValueError, match="the second page"):
            next(reading)

    def test_fetches_no_further_when_it_is_left(self) -> None:
        fetched: list[int] = []

        def pages() -> Iterator[int]:
            for number in range(100):
                fetched.append(number)
                yield number

        reading = read_ahead(pages())
        next(reading)
        reading.close()

        assert fetched == [0, 1]


class TestDoneAhead:
    def test_calls_the_first_where_it_is_asked_for_and_the_others_elsewhere(self) -> None:
        first, *others = done_ahead([get_ident] * 3)

        assert first == get_ident()
        assert get_ident() not in others

    def test_asks_for_the_next_only_when_one_is_wanted(self) -> None:
        asked: list[int] = []

        def readings() -> Iterator[Callable[[], int]]:
            for number in range(3):
                asked.append(number)
                yield partial(int, number)

        done = done_ahead(readings())
        assert asked == []

        assert next(done) == 0
        assert asked == [0, 1]
        assert list(done) == [1, 2]

    def test_raises_what_failed_in_its_place(self) -> None:
        done = done_ahead([lambda: 1, lambda: 1 // 0])

        assert next(done) == 1
        with pytest.raises(ZeroDivisionError):
            next(done)
