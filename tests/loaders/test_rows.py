"""Suggestions written set-wise: at most one stands, history follows, what is unchanged is not written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import IntegrityError, connection

from loaders.models import Suggestion, SuggestionEvent
from loaders.services import suggestions
from loaders.states import MOVES, SuggestionStatus
from polyphemus_site.errors import MoveRefusedError
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
