"""Suggestions written set-wise: at most one stands, history follows, what is unchanged is not written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from dispatch.models import AnalysisRequest
from loaders.models import Suggestion, SuggestionEvent
from loaders.services import suggestions
from loaders.services.rows import Desk
from loaders.states import MOVES, SuggestionStatus
from polyphemus_site.errors import MoveRefusedError
from tests.dispatch.waiting import wait_until
from tests.loaders.rows import desk, propose, suggested

pytestmark = pytest.mark.django_db


class TestOpen:
    def test_one_stands_however_often_it_is_proposed(self, now: datetime) -> None:
        opened = [desk(now).open([propose("DTL001")]) for _ in range(3)]

        assert opened == [1, 0, 0]
        assert SuggestionEvent.objects.count() == 1

    def test_two_loaders_may_each_suggest(self, now: datetime) -> None:
        suggested("DTL001", now)
        suggested("DTL001", now, loader="other_pipe")

        assert Suggestion.objects.standing().count() == 2

    def test_what_was_dismissed_stays_away_while_its_inputs_stay(self, now: datetime, curator: str) -> None:
        suggestions.dismiss(suggested("DTL001", now), person=curator, reason="A cell line.", now=now)

        again = desk(now).open([propose("DTL001")])
        changed = desk(now).open([propose("DTL001", fingerprint="another")])

        assert (again, changed) == (0, 1)

    def test_what_closed_by_itself_may_come_back(self, now: datetime) -> None:
        suggested("DTL001", now)
        desk(now).close({"DTL001": "The output appeared."})

        assert desk(now).open([propose("DTL001")]) == 1

    def test_the_database_refuses_a_second_standing_one(self, now: datetime) -> None:
        suggestion = suggested("DTL001", now)
        suggestion.pk = None

        with pytest.raises(IntegrityError, match="one_open_suggestion_per_anchor"):
            suggestion.save(force_insert=True)

    @pytest.mark.parametrize(
        "odd",
        [
            "",
            "\\N",
            "\\.",
            "a\tb\nc\rd",
            'say "so"',
            "{a,b}",
            "C:\\new",
            "C:\\u0000",
            "\\\\u0000\\",
            "\u00fc\u2028\U0001f9ea",
            "it's %s",
        ],
    )
    def test_it_is_kept_to_the_letter(self, now: datetime, odd: str) -> None:
        values: dict[str, Any] = {
            "reason": odd,
            "members": {"DTL001": odd},
            "config": {"inputs": [odd], "params": {odd: [odd]}},
            "receipt": {"anchors": {odd: odd}},
            "records": [odd, "patient/DTL001"],
        }

        kept = suggested("DTL001", now, **values)

        assert {name: getattr(kept, name) for name in values} == values
        assert kept.events.get().note == odd

    def test_a_nul_is_kept_as_a_mark_that_something_was_there(self, now: datetime) -> None:
        kept = suggested("DTL001", now, reason="a\0b", config={"inputs": ["a\0b"]}, records=["a\0b"])

        assert (kept.reason, kept.config, kept.records) == (
            "a\ufffdb",
            {"inputs": ["a\ufffdb"]},
            ["a\ufffdb"],
        )

    def test_a_nul_after_backslashes_is_told_from_what_only_looks_like_one(self, now: datetime) -> None:
        kept = suggested("DTL001", now, reason="\\\0 \\u0000 \\\\\0\0")

        assert kept.reason == "\\\ufffd \\u0000 \\\\\ufffd\ufffd"


class TestClose:
    def test_it_says_when_and_why(self, now: datetime) -> None:
        suggestion = suggested("DTL001", now)

        desk(now).close({"DTL001": "The output appeared.", "DTL999": "Never suggested."})

        suggestion.refresh_from_db()
        assert (suggestion.status, suggestion.ended_at) == (SuggestionStatus.CLOSED, now)
        assert [event.note for event in suggestion.events.all()] == [
            "Tumor and normal fastqs are there; no vcf yet.",
            "The output appeared.",
        ]

    def test_what_has_ended_is_left_alone(self, now: datetime, curator: str) -> None:
        suggestion = suggested("DTL001", now)
        suggestions.dismiss(suggestion, person=curator, reason="A cell line.", now=now)

        assert desk(now).close({"DTL001": "The output appeared."}) == 0


class TestWhatWasToldStays:
    REWRITTEN: dict[str, Any] = {  # noqa: RUF012 — read only
        "receipt": {}, "fingerprint": "x", "loader_version": "9", "config": {}, "reason": "x", "members": {},
        "because": "x", "records": [], "anchor": "DTL009", "status": "open",
    }  # fmt: skip

    @pytest.mark.parametrize("column", sorted(REWRITTEN))
    def test_nobody_rewrites_one_that_ended(self, now: datetime, curator: str, column: str) -> None:
        told = suggested("DTL001", now, receipt={"anchors": {"DTL001": {"needs": {"seen": 1}}}})
        suggestions.dismiss(told, person=curator, reason="A cell line.", now=now)

        with transaction.atomic(), pytest.raises(IntegrityError, match="stays as it was told"):
            Suggestion.objects.filter(pk=told.pk).update(**{column: self.REWRITTEN[column]})

        assert Suggestion.objects.get().receipt == {"anchors": {"DTL001": {"needs": {"seen": 1}}}}

    def test_nobody_rewrites_its_history(self, now: datetime) -> None:
        suggested("DTL001", now)

        with transaction.atomic(), pytest.raises(IntegrityError, match="stays as it was told"):
            SuggestionEvent.objects.update(actor="somebody.else@ucsf.edu")


class TestKnown:
    @pytest.mark.parametrize("asked", [["b"], ["a", "B"], ["B", "z"], ["c", "a", "\u00e9", "B"], ["\u00e9"]])
    def test_the_latest_is_found_in_whatever_order_it_is_asked_for(
        self, now: datetime, asked: list[str]
    ) -> None:
        for name in ("b", "B", "c", "\u00e9"):
            suggested(name, now)
            desk(now).close({name: "The output appeared."})
            desk(now).open([propose(name)])
            suggested(name, now, loader="other_pipe")

        found = suggestions.known("dt_lung", "patient", asked, ["exome_pipe", "other_pipe"])

        there = {name for name in asked if name not in ("a", "z")}
        assert {loader: known.keys() for loader, known in found.items()} == {
            "exome_pipe": there,
            "other_pipe": there,
        }
        assert all(one.stands for known in found.values() for one in known.values())

    @pytest.mark.parametrize("asked", [[], ["a"], ["z"], ["a", "z"], ["ba"]])
    def test_nothing_is_known_of_others(self, now: datetime, asked: list[str]) -> None:
        suggested("b", now)

        assert suggestions.known("dt_lung", "patient", asked, ["exome_pipe"]) == {"exome_pipe": {}}
        assert suggestions.known("dt_lung", "exome", ["b"], ["exome_pipe"]) == {"exome_pipe": {}}


def test_a_refresh_wakes_what_was_snoozed(now: datetime, curator: str) -> None:
    suggestion = suggested("DTL001", now)
    suggestions.snooze(suggestion, person=curator, until=None, now=now)

    desk(now).refresh([propose("DTL001", fingerprint="another")])

    suggestion.refresh_from_db()
    assert (suggestion.status, suggestion.fingerprint) == (SuggestionStatus.OPEN, "another")


@pytest.mark.parametrize("source", SuggestionStatus)
@pytest.mark.parametrize("target", SuggestionStatus)
def test_only_legal_moves_are_taken(
    now: datetime, source: SuggestionStatus, target: SuggestionStatus
) -> None:
    legal = {
        ("open", "snoozed"),
        ("open", "accepted"),
        ("open", "dismissed"),
        ("open", "closed"),
        ("snoozed", "open"),
        ("snoozed", "accepted"),
        ("snoozed", "dismissed"),
        ("snoozed", "closed"),
    }

    assert (target in MOVES[source]) is ((source.value, target.value) in legal)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_opens_it(now: datetime) -> None:
    def open_it(_: int) -> int:
        try:
            return desk(now).open([propose("DTL001")])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(open_it, range(16)))

    assert sum(opened) == 1
    assert Suggestion.objects.standing().count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_somebody_is_just_opening_is_passed_over_and_all_else_opened(now: datetime) -> None:
    def open_both() -> int:
        try:
            return desk(now).open([propose("DTL001"), propose("DTL002")])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            desk(now).open([propose("DTL001")])
            opening = pool.submit(open_both)
            wait_until(somebody_waits)
        opened = opening.result()

    assert opened == 1
    assert sorted(Suggestion.objects.standing().values_list("anchor", flat=True)) == ["DTL001", "DTL002"]
    assert SuggestionEvent.objects.count() == 2


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_of_many_who_accept_at_once_one_gets_the_request(now: datetime, requester: str) -> None:
    suggestion = suggested("DTL001", now)

    def accept(_: int) -> str:
        try:
            mine = Suggestion.objects.get(pk=suggestion.pk)
            return suggestions.accept(mine, person=requester, now=now).request_name
        except MoveRefusedError:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(accept, range(8)))

    assert len([name for name in names if name]) == 1


class TestAlternatives:
    """Loaders of the same output offer one thing to do: whoever takes one of them has decided."""

    def test_accepting_one_ends_the_others_and_says_which_was_chosen(
        self, now: datetime, requester: str
    ) -> None:
        chosen, other = suggested("DTL001", now), suggested("DTL001", now, loader="other_pipe")

        suggestions.accept(chosen, person=requester, now=now)

        other.refresh_from_db()
        assert (other.status, other.because) == (
            SuggestionStatus.CLOSED,
            "exome_pipe was chosen, which makes the same output.",
        )
        assert other.events.last().kind == "closed"  # type: ignore[union-attr]  # it has two

    def test_another_output_record_project_or_model_is_no_alternative_nor_is_a_shadow(
        self, now: datetime, requester: str
    ) -> None:
        chosen = suggested("DTL001", now)
        suggested("DTL001", now, loader="counting", output_key="counts")
        suggested("DTL002", now, loader="other_pipe")
        for other in (
            Desk("labors", "other_pipe", "patient", now),
            Desk("dt_lung", "other_pipe", "sample", now),
            Desk("dt_lung", "tried_out", "patient", now, shadow=True),
        ):
            other.open([propose("DTL001")])

        suggestions.accept(chosen, person=requester, now=now)

        assert Suggestion.objects.standing().count() == 5

    def test_a_name_that_is_taken_ends_none_of_them(self, now: datetime, requester: str) -> None:
        suggestions.accept(suggested("DTL009", now), person=requester, name="pair", now=now)
        chosen = suggested("DTL001", now)
        suggested("DTL001", now, loader="other_pipe")

        with pytest.raises(MoveRefusedError):
            suggestions.accept(chosen, person=requester, name="pair", now=now)

        assert Suggestion.objects.standing().count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_alternatives_accepted_at_once_one_gets_the_request(now: datetime, requester: str) -> None:
    pair = [suggested("DTL001", now).pk, suggested("DTL001", now, loader="other_pipe").pk]

    names = at_once([partial(accepted, pk, requester, now) for pk in pair * 4])

    assert len([name for name in names if name]) == 1
    assert AnalysisRequest.objects.count() == 1


def accepted(pk: int, person: str, now: datetime) -> str:
    return suggestions.accept(Suggestion.objects.get(pk=pk), person=person, now=now).request_name


def at_once(moves: list[Callable[[], Any]]) -> list[Any]:
    """Each in a thread of its own; what is refused is ""."""

    def make(move: Callable[[], Any]) -> Any:
        try:
            return move()
        except MoveRefusedError:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(len(moves)) as pool:
        return list(pool.map(make, moves))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_of_people_and_a_scan_at_once_one_ends_it_and_the_history_says_who(
    now: datetime, requester: str, curator: str, turn: int
) -> None:
    pk = suggested("DTL001", now).pk
    moves: list[Callable[[], Any]] = [
        lambda: accepted(pk, requester, now),
        lambda: suggestions.dismiss(Suggestion.objects.get(pk=pk), person=curator, reason="No.", now=now),
        lambda: desk(now).close({"DTL001": "The output appeared."}),
        lambda: suggestions.snooze(Suggestion.objects.get(pk=pk), person=curator, until=None, now=now),
        lambda: desk(now).refresh([propose("DTL001", fingerprint="another")]),
    ]

    at_once(moves[turn:] + moves[:turn])

    left = Suggestion.objects.get(pk=pk)
    targets = list(left.events.values_list("source", "target"))
    ends = [target for _, target in targets if target in {"accepted", "dismissed", "closed"}]
    assert ends == [left.status]
    assert [source for source, _ in targets[1:]] == [target for _, target in targets[:-1]]
    assert AnalysisRequest.objects.count() == (left.status == "accepted")


class TestWake:
    def test_one_that_ended_does_not_keep_the_others_asleep(self, now: datetime, curator: str) -> None:
        asleep = [suggested(name, now) for name in ("DTL001", "DTL002", "DTL003")]
        for one in asleep:
            suggestions.snooze(one, person=curator, until=now + timedelta(hours=1), now=now)
        suggestions.dismiss(asleep[0], person=curator, reason="No.", now=now)

        assert suggestions.wake(now=now + timedelta(hours=1)) == 2
        assert [event.kind for event in asleep[1].events.all()] == ["opened", "snoozed", "woken"]


def test_what_one_person_waved_away_stays_away_when_it_closes_and_comes_back_the_same(
    now: datetime, requester: str
) -> None:
    suggestions.wave_away(suggested("DTL001", now), person=requester, reason="", now=now)
    desk(now).close({"DTL001": "An input was gone for a while."})

    suggested("DTL001", now)
    same = Suggestion.objects.offered_to(requester).count()
    for_others = Suggestion.objects.offered_to("somebody@ucsf.edu").count()
    desk(now).refresh([propose("DTL001", fingerprint="another")])

    assert (same, for_others) == (0, 1)
    assert Suggestion.objects.offered_to(requester).count() == 1
