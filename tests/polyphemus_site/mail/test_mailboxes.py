"""What recipients wish is respected, and no finding is lost by it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection

from polyphemus_site.mail import delivery, mailboxes, outbox
from polyphemus_site.mail.models import Mailbox, Notice
from polyphemus_site.mail.states import NoticeStatus
from tests.polyphemus_site.mail.conftest import MailServer

pytestmark = pytest.mark.django_db
DOCTOR = "dr.who@ucsf.edu"


def owe(now: datetime, *, kind: str = "plain", key: str = "k", recipient: str = DOCTOR) -> Notice:
    return outbox.write(kind=kind, recipient=recipient, context={"name": "x"}, key=key, now=now)


def status_of(notice: Notice) -> str:
    return Notice.objects.get(pk=notice.pk).status


class TestUnsubscribing:
    def test_a_kind_one_has_had_enough_of_is_withheld(self, now: datetime, mail_server: MailServer) -> None:
        mailboxes.unsubscribe("Dr.Who@UCSF.edu", "plain", now=now)
        unwanted, wanted = owe(now), owe(now, kind="greeting", key="other")

        with mail_server() as inbox:
            delivery.deliver(now=now)

        assert (status_of(unwanted), status_of(wanted)) == (NoticeStatus.WITHHELD, NoticeStatus.SENT)
        assert len(inbox.mails) == 1
        assert "unsubscribed" in unwanted.events.last().note  # type: ignore[union-attr]  # there are three

    def test_choosing_again_brings_a_kind_back(self, now: datetime) -> None:
        offered = {"plain", "greeting"}

        mailboxes.choose(DOCTOR, wanted={"greeting"}, offered=offered, now=now)
        before = mailboxes.unwanted_kinds(DOCTOR)
        mailboxes.choose(DOCTOR, wanted=offered, offered=offered, now=now)

        assert before == {"plain"}
        assert mailboxes.unwanted_kinds(DOCTOR) == set()


class TestBlocking:
    def test_nothing_goes_to_an_address_that_bounced(self, now: datetime, mail_server: MailServer) -> None:
        mailboxes.block(DOCTOR, mailboxes.BOUNCED, now=now)
        notice = owe(now)

        with mail_server() as inbox:
            delivery.deliver(now=now)

        assert status_of(notice) == NoticeStatus.WITHHELD
        assert inbox.mails == []

    def test_an_unblocked_address_gets_mail_again(self, now: datetime, mail_server: MailServer) -> None:
        mailboxes.block(DOCTOR, mailboxes.BOUNCED, now=now)
        mailboxes.unblock(Mailbox.objects.get())
        owe(now)

        with mail_server() as inbox:
            delivery.deliver(now=now)

        assert len(inbox.mails) == 1


class TestQuietHours:
    @pytest.mark.parametrize(
        ("begin", "end", "moment", "until"),
        [
            ("20:00", "07:00", "2026-05-04T19:59:59", None),
            ("20:00", "07:00", "2026-05-04T20:00:00", "2026-05-05T07:00:00"),
            ("20:00", "07:00", "2026-05-05T03:00:00", "2026-05-05T07:00:00"),
            ("20:00", "07:00", "2026-05-05T07:00:00", None),
            ("12:00", "13:30", "2026-05-04T12:22:07", "2026-05-04T13:30:00"),
            ("12:00", "12:00", "2026-05-04T12:00:00", None),
        ],
    )
    def test_quiet_hours_end_when_they_say(
        self, begin: str, end: str, moment: str, until: str | None
    ) -> None:
        mailbox = Mailbox(quiet_from=time.fromisoformat(begin), quiet_until=time.fromisoformat(end))

        found = mailboxes.end_of_quiet(mailbox, now=datetime.fromisoformat(moment).replace(tzinfo=UTC))

        assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)

    def test_they_are_those_of_the_recipients_zone(self) -> None:
        mailbox = Mailbox(quiet_from=time(20), quiet_until=time(7), zone="America/Los_Angeles")

        found = mailboxes.end_of_quiet(mailbox, now=datetime(2026, 5, 5, 5, 0, tzinfo=UTC))

        assert found == datetime(2026, 5, 5, 14, 0, tzinfo=UTC)

    def test_a_notice_waits_for_the_morning(self, now: datetime, mail_server: MailServer) -> None:
        Mailbox.objects.create(address=DOCTOR, quiet_from=time(12), quiet_until=time(13))
        notice = owe(now)

        with mail_server() as inbox:
            delivery.deliver(now=now)
            held = Notice.objects.get()
            delivery.deliver(now=held.due_at)

        assert held.due_at == now.replace(hour=13, minute=0, second=0)
        assert status_of(notice) == NoticeStatus.SENT
        assert len(inbox.mails) == 1


class TestCap:
    def test_the_mail_over_a_days_number_waits_and_is_not_lost(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        Mailbox.objects.create(address=DOCTOR, daily_cap=2)
        for key in ("a", "b", "c"):
            owe(now, key=key)
        owe(now, key="d", recipient="rival@ucsf.edu")

        with mail_server() as inbox:
            delivery.deliver(now=now)
            at_once = len(inbox.mails)
            delivery.deliver(now=now + timedelta(days=1))

        assert (at_once, len(inbox.mails)) == (3, 4)
        assert not Notice.objects.exclude(status=NoticeStatus.SENT).exists()

    def test_what_another_deliverer_is_about_to_send_counts(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        Mailbox.objects.create(address=DOCTOR, daily_cap=1)
        first, second = owe(now, key="a"), owe(now, key="b")
        delivery.claim(first.pk, now=now)

        with mail_server() as inbox:
            delivery.deliver(now=now)
            held = Notice.objects.get(pk=second.pk)

        assert inbox.mails == []
        assert (held.status, held.due_at) == (NoticeStatus.HELD, now + delivery.LEASE)

    @pytest.mark.django_db(transaction=True)
    def test_many_deliverers_at_once_keep_to_it(self, now: datetime, mail_server: MailServer) -> None:
        Mailbox.objects.create(address=DOCTOR, daily_cap=3)
        for key in range(24):
            owe(now, key=str(key))
        start = threading.Barrier(4)

        def run() -> None:
            start.wait()
            delivery.deliver(now=now)
            connection.close()

        with mail_server() as inbox:
            runs = [threading.Thread(target=run) for _ in range(4)]
            for thread in runs:
                thread.start()
            for thread in runs:
                thread.join()

        assert len(inbox.mails) == 3
        assert not Notice.objects.exclude(status__in=[NoticeStatus.SENT, NoticeStatus.HELD]).exists()
