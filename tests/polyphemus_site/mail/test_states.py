"""The table of moves is what the services do."""

from __future__ import annotations

from polyphemus_site.mail.states import MOVES, OWED, NoticeStatus


def test_what_is_owed_can_still_move_and_what_was_sent_cannot() -> None:
    assert all(MOVES[status] for status in OWED)
    assert MOVES[NoticeStatus.SENT] == frozenset()
    assert set(MOVES) == set(NoticeStatus)
