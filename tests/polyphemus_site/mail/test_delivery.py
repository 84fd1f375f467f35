"""What is owed arrives: over a real SMTP connection, whatever the server does."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from polyphemus_site.mail import delivery, outbox
from polyphemus_site.mail.faults import Fault
from polyphemus_site.mail.messages import message_id
from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.states import NoticeStatus
from tests.polyphemus_site.mail.conftest import MailServer

pytestmark = pytest.mark.django_db


def owe(
    now: datetime,
    *,
    kind: str = "greeting",
    name: str = "you",
    key: str = "k",
    recipient: str = "dr.who@ucsf.edu",
) -> Notice:
    return outbox.write(kind=kind, recipient=recipient, context={"name": name}, key=key, now=now)


def again(notice: Notice) -> Notice:
    return Notice.objects.get(pk=notice.pk)


class TestTheMail:
    def test_text_comes_first_and_html_beside_it(self, now: datetime, mail_server: MailServer) -> None:
        owe(now)

        with mail_server() as inbox:
            delivery.deliver(now=now)

        (mail,) = inbox.mails
        text, html = mail.iter_parts()
        assert (mail["Subject"], mail["To"]) == ("Hello you", "dr.who@ucsf.edu")
        assert mail["From"] == "Data Library <noreply@polyphemus.ucsf.edu>"
        assert text.get_content().startswith("It is you & http")
        assert html.get_content().strip() == "<p>Hello you</p>"

    def test_a_kind_without_html_shows_its_text_with_links(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        owe(now, kind="plain")

        with mail_server() as inbox:
            delivery.deliver(now=now)

        _, html = inbox.mails[0].iter_parts()
        assert "<p>Body.</p>" in html.get_content()
        assert 'href="http://127.0.0.1:8000/-/mail"' in html.get_content()

    def test_a_hostile_name_breaks_no_header_and_no_page(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        owe(now, name='\r\nBcc: all@ucsf.edu\r\n\r\n\u202e<img src=x onerror="alert(1)">' + "y" * 10_000)

        with mail_server() as inbox:
            delivery.deliver(now=now)

        (mail,) = inbox.mails
        _, html = mail.iter_parts()
        assert mail["Bcc"] is None
        assert mail["Subject"] == "Hello"
        assert "<img" not in html.get_content()

    def test_line_breaks_and_direction_marks_leave_a_subject(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        owe(now, kind="plain", name="a\u2028b\u202ec\td" + "e" * 300)

        with mail_server() as inbox:
            delivery.deliver(now=now)

        subject = str(inbox.mails[0]["Subject"]).strip()
        assert subject.startswith("Plain a bc de")
        assert len(subject) == 180


class TestServersThatFail:
    def test_a_server_that_says_later_is_tried_again_with_the_same_id(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        notice = owe(now)

        with mail_server(lambda nth: "451 later" if nth == 1 else "250 fine") as inbox:
            first = delivery.deliver(now=now)
            too_soon = delivery.deliver(now=now + timedelta(seconds=29))
            second = delivery.deliver(now=now + timedelta(seconds=30))

        assert (first.retried, too_soon.sent, second.sent) == (1, 0, 1)
        assert inbox.mails[0]["Message-ID"] == message_id(notice)
        assert again(notice).sent_at == now + timedelta(seconds=30)

    def test_a_server_that_says_never_is_not_asked_again(
        self, now: datetime, mail_server: MailServer
    ) -> None:
        notice = owe(now)

        with mail_server(lambda _: "550 no such person") as inbox:
            outcome = delivery.deliver(now=now)
            delivery.deliver(now=now + timedelta(days=2))

        assert (outcome.failed, inbox.tries) == (1, 1)
        assert again(notice).status == NoticeStatus.FAILED
        assert "no such person" in notice.events.last().note  # type: ignore[union-attr]  # there are three

    def test_a_server_that_is_away_loses_nothing_and_is_asked_once_a_run(
        self, now: datetime, settings: Settings
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        owe(now, key="a")
        owe(now, key="b")

        outcome = delivery.deliver(now=now)

        assert (outcome.retried, outcome.failed) == (1, 0)
        assert Notice.objects.due(now=now + timedelta(seconds=30)).count() == 2

    def test_a_server_that_never_answers_is_left_after_the_timeout(
        self, now: datetime, mail_server: MailServer, settings: Settings
    ) -> None:
        notice, gate = owe(now), threading.Event()

        with mail_server(gate=gate):
            settings.EMAIL_TIMEOUT = 0.3
            outcome = delivery.deliver(now=now)
            gate.set()

        assert outcome.retried == 1
        assert again(notice).status == NoticeStatus.WAITING

    def test_patience_ends_after_the_last_try(self, now: datetime, mail_server: MailServer) -> None:
        notice = owe(now)
        Notice.objects.update(attempts=delivery.MAX_ATTEMPTS - 1)

        with mail_server(lambda _: "451 later"):
            outcome = delivery.deliver(now=now)

        assert outcome.failed == 1
        assert again(notice).status == NoticeStatus.FAILED

    @pytest.mark.parametrize("kind", ["unheard_of", "broken"])
    def test_a_kind_whose_template_is_missing_or_broken_stops_no_other_mail(
        self, now: datetime, mail_server: MailServer, kind: str
    ) -> None:
        bad = owe(now, kind=kind, key="bad")
        owe(now, key="good")

        with mail_server() as inbox:
            outcome = delivery.deliver(now=now)

        assert (outcome.sent, outcome.failed, len(inbox.mails)) == (1, 1, 1)
        assert again(bad).status == NoticeStatus.FAILED

    def test_a_failed_notice_can_be_owed_again(self, now: datetime, mail_server: MailServer) -> None:
        notice = owe(now)
        with mail_server(lambda _: "550 no"):
            delivery.deliver(now=now)

        was_retried = delivery.retry(notice, now=now)
        with mail_server() as inbox:
            delivery.deliver(now=now)

        assert was_retried
        assert len(inbox.mails) == 1

    def test_a_sent_notice_is_not_owed_again(self, now: datetime, mail_server: MailServer) -> None:
        notice = owe(now)
        with mail_server():
            delivery.deliver(now=now)

        assert not delivery.retry(notice, now=now)


class TestSendersThatDie:
    def test_a_claim_is_the_senders_until_its_lease_ends(self, now: datetime) -> None:
        notice = owe(now)
        delivery.claim(notice.pk, now=now)

        early = delivery.claim(notice.pk, now=now + delivery.LEASE - timedelta(seconds=1))
        late = delivery.claim(notice.pk, now=now + delivery.LEASE)

        assert early is None
        assert late is not None

    def test_a_sender_thought_dead_does_not_overwrite_its_heir(self, now: datetime) -> None:
        notice = owe(now)
        slow = delivery.claim(notice.pk, now=now)
        heir = delivery.claim(notice.pk, now=now + delivery.LEASE)
        assert slow is not None
        assert heir is not None

        delivery.settle(heir, None, now=now + delivery.LEASE)
        delivery.settle(slow, Fault("late", is_permanent=True), now=now + delivery.LEASE)

        assert again(notice).status == NoticeStatus.SENT


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [delivery.pause(attempt).total_seconds() for attempt in (1, 2, 3, 8, 30)]

    assert pauses == [30, 60, 120, 3600, 3600]


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_at_once_send_each_notice_once(now: datetime, mail_server: MailServer) -> None:
    keys = [f"notice {number}" for number in range(40)]
    owed = {message_id(owe(now, key=key, recipient=f"{place}@ucsf.edu")) for place, key in enumerate(keys)}
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        delivery.deliver(now=now)
        connection.close()

    with mail_server() as inbox:
        runs = [threading.Thread(target=run) for _ in range(2)]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()

    assert len(inbox.mails) == 40
    assert {mail["Message-ID"] for mail in inbox.mails} == owed
