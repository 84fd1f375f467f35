"""The daily digest: once a day, for who wants it, about what needs them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from orphans.models import Orphan
from polyphemus_site.home import digests, readers
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.mail import delivery, mailboxes, outbox
from polyphemus_site.mail.kinds import kinds
from polyphemus_site.mail.messages import compose
from polyphemus_site.mail.models import Mailbox, Notice, NoticeEvent
from polyphemus_site.mail.states import NoticeStatus
from polyphemus_site.models import DigestReader
from tests.polyphemus_site.home import rows

pytestmark = pytest.mark.django_db
DOCTOR = "dr.who@ucsf.edu"
TOMORROW = datetime(2026, 5, 5, 8, 0, tzinfo=UTC)
#: What waits for its reader's decision or answer.
AT_ONCE = {
    "request_deferred",
    "extension_asked",
    "help_asked",
    "request_flagged",
    "request_message",
    "orphan_removal_proposed",
    "orphan_removal_stopped",
    "replaced_key_used",
}


def subscribe(perm: str, *, now: datetime, hour: int = 8) -> DigestReader:
    return readers.subscribe(Person(DOCTOR, roles=read_permissions(perm)), "labors", hour=hour, now=now)


def told_at(moment: datetime) -> int:
    """The digests written at this moment; whatever is owed leaves at once."""
    written = digests.send_due(now=moment)
    delivery.deliver(now=moment)
    return written


@pytest.fixture(autouse=True)
def letters(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


class TestWhen:
    @pytest.mark.parametrize(
        ("zone", "hour", "expected"),
        [
            ("UTC", 8, "2026-05-05T08:00"),
            ("UTC", 13, "2026-05-04T13:00"),
            ("UTC", 12, "2026-05-05T12:00"),
            ("America/Los_Angeles", 8, "2026-05-04T15:00"),
            ("America/Los_Angeles", 5, "2026-05-05T12:00"),
        ],
    )
    def test_it_is_the_next_such_hour_where_the_reader_is(
        self, now: datetime, zone: str, hour: int, expected: str
    ) -> None:
        Mailbox.objects.create(address=DOCTOR, zone=zone)

        assert readers.next_at(DOCTOR, hour, "labors", now=now) == datetime.fromisoformat(f"{expected}+00:00")

    def test_an_hour_that_is_now_is_tomorrow(self) -> None:
        assert readers.next_at(DOCTOR, 8, "labors", now=TOMORROW) == TOMORROW + timedelta(days=1)


class TestSending:
    def test_what_needs_the_reader_is_counted_and_linked(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()
        rows.request("new", now=now).save()

        sent = digests.send_due(now=TOMORROW)

        notice = Notice.objects.get()
        assert (sent, notice.kind, notice.recipient) == (1, "digest", DOCTOR)
        assert [(card["title"], card["path"]) for card in notice.context["cards"]] == [
            ("Ready", "/labors/suggestions")
        ]

    @pytest.mark.parametrize(("perm", "told"), [("e:labors", 1), ("a:labors", 1), ("v:labors", 0)])
    def test_new_orphans_are_one_line_to_editors_and_admins(
        self, now: datetime, perm: str, told: int
    ) -> None:
        subscribe(perm, now=now)
        Orphan.objects.bulk_create(rows.orphan(f"o-{number}", now=now) for number in range(5))

        assert digests.send_due(now=TOMORROW) == told
        assert [
            (card["title"], card["figure"], card["path"])
            for notice in Notice.objects.all()
            for card in notice.context["cards"]
        ] == [("Orphan data review", 5, "/labors/orphans")] * told

    def test_one_that_can_not_be_written_keeps_nobody_elses_back(
        self, now: datetime, caplog: pytest.LogCaptureFixture
    ) -> None:
        rory = Person("rory@ucsf.edu", roles=read_permissions("e:labors"))
        subscribe("e:labors", now=now)
        readers.subscribe(rory, "labors", hour=8, now=now)
        Mailbox.objects.create(address=DOCTOR, zone="Mars/Olympus_Mons")
        rows.suggestion("a", now=now).save()

        assert digests.send_due(now=TOMORROW) == 1
        assert Notice.objects.get().recipient == rory.email
        assert f"The digest of {DOCTOR} on labors can't be written." in caplog.text

    def test_before_its_time_nothing_is_sent(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()

        assert digests.send_due(now=TOMORROW - timedelta(seconds=1)) == 0

    def test_once_a_day_is_enough(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()

        counts = [told_at(TOMORROW + timedelta(hours=hours)) for hours in (0, 1, 23, 24)]

        assert counts == [1, 0, 0, 1]

    def test_while_one_has_not_left_there_is_no_second(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()

        counts = [digests.send_due(now=TOMORROW + timedelta(days=days)) for days in (0, 1)]

        assert (counts, told_at(TOMORROW + timedelta(days=2))) == ([1, 0], 0)
        assert told_at(TOMORROW + timedelta(days=3)) == 1

    def test_after_days_without_beat_one_digest_is_sent_and_not_several(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()

        counts = [digests.send_due(now=TOMORROW + timedelta(days=5, minutes=n)) for n in (0, 1)]

        assert counts == [1, 0]

    def test_a_day_on_which_nothing_needs_them_has_no_mail(self, now: datetime) -> None:
        subscribe("v:labors", now=now)
        rows.suggestion("a", now=now).save()

        assert digests.send_due(now=TOMORROW) == 0

    def test_restricted_findings_are_counted_only_for_who_may_see_them(self, now: datetime) -> None:
        rows.suggestion("a", now=now, restricted=True).save()
        subscribe("e:labors", now=now)
        without = digests.send_due(now=TOMORROW)
        subscribe("E:labors", now=TOMORROW)

        assert (without, digests.send_due(now=TOMORROW + timedelta(days=1))) == (0, 1)

    def test_somebody_who_stays_away_for_two_months_gets_no_more(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()

        assert digests.send_due(now=now + timedelta(days=61)) == 0

    @pytest.mark.django_db(transaction=True)
    def test_two_senders_at_once_write_one_digest(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()
        start = threading.Barrier(2)

        def run() -> None:
            start.wait()
            digests.send_due(now=TOMORROW)
            connection.close()

        senders = [threading.Thread(target=run) for _ in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

        assert Notice.objects.count() == 1


class TestNews:
    """What asks for nothing, and is told by the digest."""

    def owe(self, kind: str = "request_archived", *, project: str = "labors", now: datetime) -> Notice:
        ended = {
            "name": "pair",
            "outcome_label": "The analyst sent a completion ticket",
            "path": "/labors/requests/pair",
        }
        context = ended | {"project": project, "seconds": 60}
        return outbox.write(kind=kind, recipient=DOCTOR, context=context, key=kind + project, now=now)

    def status(self, notice: Notice) -> str:
        return Notice.objects.get(pk=notice.pk).status

    def test_what_has_ended_waits_for_its_readers_digest_and_is_told_there(self, now: datetime) -> None:
        subscribe("v:labors", now=now)
        notice = self.owe(now=now)
        at_once = delivery.deliver(now=now).sent

        sent = digests.send_due(now=TOMORROW)

        mail = compose(Notice.objects.get(kind="digest"))
        assert (at_once, sent, self.status(notice)) == (0, 1, NoticeStatus.TOLD)
        assert mail.subject == "[labors] 1 piece of news"
        assert "* [labors] pair has ended: The analyst sent a completion ticket\n" in str(mail.body)
        assert "/labors/requests/pair\n" in str(mail.body)
        assert "What needs you" not in str(mail.body)
        assert NoticeEvent.objects.filter(notice=notice).latest("pk").target == NoticeStatus.TOLD

    def test_it_is_told_once(self, now: datetime) -> None:
        subscribe("v:labors", now=now)
        self.owe(now=now)

        counts = [digests.send_due(now=TOMORROW + timedelta(days=days)) for days in (0, 1)]

        assert counts == [1, 0]
        assert delivery.deliver(now=TOMORROW + timedelta(days=2)).sent == 1

    @pytest.mark.parametrize("kind", sorted(AT_ONCE))
    def test_what_waits_for_the_reader_comes_at_once(self, now: datetime, kind: str) -> None:
        subscribe("e:labors", now=now)
        self.owe(kind, now=now)

        assert delivery.deliver(now=now).sent == 1

    def test_all_other_kinds_wait_for_the_digest(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        waiting = {kind.name for kind in kinds().values() if kind.can_wait}
        for kind in waiting:
            self.owe(kind, now=now)

        assert delivery.deliver(now=now).sent == 0
        assert set(kinds()) - waiting == AT_ONCE | {"digest", "loader_usefulness"}

    def test_who_has_stopped_digests_by_the_mail_programs_button_is_told_by_mail(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()
        before = self.owe(now=now)
        delivery.deliver(now=now)
        mailboxes.unsubscribe(DOCTOR, readers.KIND, now=now)
        after = self.owe(project="labors", kind="request_lapsed", now=now)
        at_once = delivery.deliver(now=now).sent

        written = digests.send_due(now=TOMORROW)

        assert (at_once, written) == (1, 0)
        assert delivery.deliver(now=TOMORROW + digests.LATEST).sent == 1
        assert (self.status(before), self.status(after)) == (NoticeStatus.SENT, NoticeStatus.SENT)

    def test_starting_one_digest_again_starts_no_other(self, now: datetime) -> None:
        person = Person(DOCTOR, roles=read_permissions("e:labors,ipi"))
        readers.subscribe(person, "ipi", hour=8, now=now)
        mailboxes.unsubscribe(DOCTOR, readers.KIND, now=now)

        readers.subscribe(person, "labors", hour=8, now=now)

        assert [reader.project for reader in DigestReader.objects.filter(stopped_at=None)] == ["labors"]
        assert readers.KIND not in mailboxes.unwanted_kinds(DOCTOR)

    def test_who_never_came_by_is_told_in_a_digest_too_and_of_nothing_else(self, now: datetime) -> None:
        rows.suggestion("a", now=now).save()
        self.owe(now=now)
        at_once = delivery.deliver(now=now).sent

        assert (at_once, digests.send_due(now=TOMORROW)) == (0, 1)
        digest = Notice.objects.get(kind="digest").context
        assert (digest["cards"], len(digest["news"])) == ([], 1)

    def test_who_has_stopped_the_projects_digest_is_told_by_mail(self, now: datetime) -> None:
        readers.stop(Person(DOCTOR, roles=read_permissions("v:labors")), "labors", now=now)
        self.owe(now=now)

        assert delivery.deliver(now=now).sent == 1

    def test_a_digest_that_does_not_come_keeps_nothing_back(self, now: datetime) -> None:
        subscribe("v:labors", now=now)
        self.owe(now=now)

        counts = [delivery.deliver(now=at).sent for at in (now, TOMORROW, TOMORROW + digests.LATEST)]

        assert counts == [0, 0, 1]

    def test_a_reader_who_stays_away_is_told_what_they_are_owed_and_nothing_else(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()
        later = now + timedelta(days=61)
        self.owe(now=later)

        assert digests.send_due(now=later) == 1
        assert Notice.objects.get(kind="digest").context["cards"] == []

    def test_a_blocked_address_gets_none_and_keeps_nothing_back(self, now: datetime) -> None:
        subscribe("e:labors", now=now)
        rows.suggestion("a", now=now).save()
        mailboxes.block(DOCTOR, mailboxes.BOUNCED, now=now)
        notice = self.owe(now=now)
        delivery.deliver(now=now)

        assert digests.send_due(now=TOMORROW) == 0
        assert self.status(notice) == NoticeStatus.WITHHELD

    def test_a_kind_one_has_had_enough_of_is_not_told_either(self, now: datetime) -> None:
        subscribe("v:labors", now=now)
        mailboxes.unsubscribe(DOCTOR, "request_archived", now=now)
        self.owe(now=now)

        assert digests.send_due(now=TOMORROW) == 0

    def test_what_is_held_is_no_alarm_until_its_time_is_long_past(self, now: datetime) -> None:
        subscribe("v:labors", now=now)
        self.owe(now=now)
        delivery.deliver(now=now)

        due_at = TOMORROW + digests.LATEST
        counts = [Notice.objects.overdue(now=due_at + timedelta(minutes=m)).count() for m in (0, 29, 30)]

        assert counts == [0, 0, 1]
