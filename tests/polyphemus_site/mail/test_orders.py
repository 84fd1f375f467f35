"""How often a process orders that mail be sent."""

from __future__ import annotations

from polyphemus_site.mail.receivers import GAP_S, Orders

START = 1000.0


class TestOrders:
    def test_the_first_notice_is_sent_at_once(self) -> None:
        assert Orders().wait(START) == 0

    def test_one_right_after_waits_for_the_end_of_the_gap(self) -> None:
        orders = Orders()
        orders.wait(START)

        assert orders.wait(START + 0.25) == GAP_S - 0.25

    def test_all_others_meanwhile_go_with_that_one(self) -> None:
        orders = Orders()
        orders.wait(START)
        orders.wait(START + 0.25)

        assert [orders.wait(START + at) for at in (0.5, 0.75, 0.99)] == [None, None, None]

    def test_after_the_gap_a_notice_is_sent_at_once_again(self) -> None:
        orders = Orders()
        orders.wait(START)

        assert orders.wait(START + 5) == 0
