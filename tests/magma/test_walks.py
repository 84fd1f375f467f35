from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magma.errors import MagmaError, MagmaGarbled, MagmaShifted
from magma.pages import Documents, Page
from magma.questions import Ending
from magma.walks import Walk, window_after

#: How many records may come and go between two calls.
FIERCEST = st.integers(0, 3)


@dataclass
class Model:
    """A model that others change between our calls; pages as Magma makes them."""

    names: set[int]
    changes: random.Random
    fiercest: int
    always: set[int] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    calls: int = 0

    def __post_init__(self) -> None:
        self.always = set(self.names)

    def fetch(self, _attributes: Sequence[str] | str, page: int, size: int) -> Page:
        order = sorted(self.names)
        stretch = order[(page - 1) * size : page * size]
        ending = None if stretch else Ending.NOTHING if not order else Ending.PAST_END
        self.calls += 1
        self._change(self.fiercest if self.calls < 100 else 0)
        documents: Documents = {f"{name:06d}": {"name": f"{name:06d}"} for name in stretch}
        return Page(page, documents, len(order) if page == 1 else None, ending=ending)

    def _change(self, fiercest: int) -> None:
        gone = self.changes.sample(
            sorted(self.names), min(len(self.names), self.changes.randint(0, fiercest))
        )
        new = {self.changes.randrange(100_000) for _ in range(self.changes.randint(0, fiercest))}
        self.names = (self.names - set(gone)) | (new - self.always)
        self.always -= set(gone)


def walked(model: Model, page_size: int) -> list[str]:
    walk = Walk(model.fetch, attributes=("name",), page_size=page_size)
    return [name for page in walk for name in page.documents]


class TestWalk:
    @given(
        size=st.integers(16, 40), count=st.integers(0, 200), fiercest=st.integers(0, 3), seed=st.integers()
    )
    def test_gives_every_lasting_record_exactly_once_however_the_model_changes(
        self, size: int, count: int, fiercest: int, seed: int
    ) -> None:
        changes = random.Random(seed)
        model = Model(set(changes.sample(range(100_000), count)), changes, fiercest)

        names = walked(model, size)

        assert len(names) == len(set(names))
        assert {f"{name:06d}" for name in model.always} <= set(names)

    @given(size=st.integers(2, 15), count=st.integers(0, 60), fiercest=FIERCEST, seed=st.integers())
    def test_gives_nothing_twice_and_refuses_rather_than_be_wrong(
        self, size: int, count: int, fiercest: int, seed: int
    ) -> None:
        changes = random.Random(seed)
        model = Model(set(changes.sample(range(100_000), count)), changes, fiercest)
        names: list[str] = []

        with suppress(MagmaShifted):
            names += walked(model, size)
            model.missed = {f"{name:06d}" for name in model.always} - set(names)

        assert len(names) == len(set(names))
        assert model.missed == set()

    def test_finds_its_place_again_after_most_of_what_it_gave_has_gone(self) -> None:
        model = Model(set(range(3000)), random.Random(1), 0)
        walk = Walk(model.fetch, attributes=("name",), page_size=100)
        pages = iter(walk)
        given = [name for _ in range(15) for name in next(pages).documents]
        model.names -= set(range(1200))

        given += [name for page in pages for name in page.documents]

        assert given == [f"{name:06d}" for name in range(3000)]
        assert walk.searches == 1

    def test_finds_its_place_again_after_many_have_been_put_before_it(self) -> None:
        model = Model(set(range(5000, 8000)), random.Random(1), 0)
        walk = Walk(model.fetch, attributes=("name",), page_size=100)
        pages = iter(walk)
        given = [name for _ in range(15) for name in next(pages).documents]
        model.names |= set(range(2000))

        given += [name for page in pages for name in page.documents]

        assert given == [f"{name:06d}" for name in range(5000, 8000)]
        assert walk.searches == 1

    def test_refuses_to_vouch_when_everything_near_its_place_has_gone(self) -> None:
        model = Model(set(range(3000)), random.Random(1), 0)
        pages = iter(Walk(model.fetch, attributes=("name",), page_size=100))
        given = [name for _ in range(15) for name in next(pages).documents]
        model.names -= set(range(1000, 2000))

        with pytest.raises(MagmaShifted):
            list(pages)

        assert len(given) > 1000

    def test_ends_when_the_model_has_become_empty(self) -> None:
        model = Model(set(range(3000)), random.Random(1), 0)
        pages = iter(Walk(model.fetch, attributes=("name",), page_size=100))
        next(pages)
        model.names = set()

        rest = list(pages)

        assert rest == []

    def test_does_not_trust_a_count_that_just_fills_the_page(self) -> None:
        model = Model(set(range(100)), random.Random(1), 0)

        def fetch(attributes: Sequence[str] | str, page: int, size: int) -> Page:
            counted = len(model.names)
            model.names |= {-1} if page == 1 else set()  # arrives between Magma's counting and its reading
            return replace(model.fetch(attributes, page, size), count=counted)

        names = {name for page in Walk(fetch, attributes=("name",), page_size=100) for name in page.documents}

        assert {f"{name:06d}" for name in range(100)} <= names

    def test_refuses_pages_that_are_in_no_order(self) -> None:
        model = Model(set(range(1000)), random.Random(1), 0)

        def fetch(attributes: Sequence[str] | str, page: int, size: int) -> Page:
            found = model.fetch(attributes, page, size)
            names = model.changes.sample([*found.documents], len(found.documents))
            return replace(found, documents={name: found.documents[name] for name in names})

        with pytest.raises(MagmaGarbled, match="not in one order"):
            list(Walk(fetch, attributes=("name",), page_size=300))

    def test_reads_a_small_model_with_one_call(self) -> None:
        model = Model(set(range(10)), random.Random(1), 0)

        names = walked(model, 100)

        assert len(names) == 10
        assert model.calls == 1

    @pytest.mark.parametrize("count", [None, 4])
    def test_few_records_of_which_no_count_vouches_are_looked_at_once_more(self, count: int | None) -> None:
        """One that Magma counted was gone when it read; or it was asked in a way that counts none."""
        model = Model({1, 2, 3}, random.Random(0), fiercest=0)

        def counted(attributes: Sequence[str] | str, page: int, size: int) -> Page:
            return replace(model.fetch(attributes, page, size), count=count)

        walk = Walk(counted, attributes=("name",), page_size=1000)

        assert [[*page.documents] for page in walk] == [["000001", "000002", "000003"]]
        assert model.calls == 2


class TestAMagmaWithoutAnEnd:
    """A proxy that drops a page's number, a server that ignores its size: refused, not followed on and on."""

    @pytest.mark.parametrize(
        ("place", "error"),
        [
            (lambda _page, size: range(size), MagmaShifted),
            (lambda page, size: range((page - 1) * size, page * size), MagmaShifted),
            (lambda _page, _size: range(5000), MagmaGarbled),
        ],
    )
    def test_is_refused(self, place: Callable[[int, int], range], error: type[MagmaError]) -> None:
        def fetch(_attributes: Sequence[str] | str, page: int, size: int) -> Page:
            documents: Documents = {f"{number:07d}": {} for number in place(page, size)}
            return Page(page, documents, 5000 if page == 1 else None)

        with pytest.raises(error):
            list(Walk(fetch, attributes="identifier", page_size=100))


class TestWindowAfter:
    @given(reached=st.integers(1, 2_000_000), size=st.integers(2, 3000))
    def test_always_overlaps_and_always_goes_further(self, reached: int, size: int) -> None:
        window = window_after(reached, size)

        assert (window.number - 1) * window.size < reached < window.end

    def test_costs_a_few_per_cent_over_a_million_records(self) -> None:
        reached, calls, read = 1000, 1, 1000

        while reached < 1_000_000:
            window = window_after(reached, 1000)
            reached, calls, read = window.end, calls + 1, read + window.size

        assert calls < 1100
        assert read < 1_060_000
