"""Notices are written with the change they tell of, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from polyphemus_site.mail import outbox
from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.signals import notice_written
from polyphemus_site.mail.states import NoticeStatus

pytestmark = pytest.mark.django_db


def write(now: datetime, *, recipient: str = "dr.who@ucsf.edu", key: str = "k") -> Notice:
    return outbox.write(kind="plain", recipient=recipient, context={"name": "x"}, key=key, now=now)


def test_a_notice_waits_from_the_moment_it_is_written(now: datetime) -> None:
    notice = write(now)

    assert (notice.status, notice.due_at, notice.created_at) == (NoticeStatus.WAITING, now, now)
    assert [event.target for event in notice.events.all()] == [NoticeStatus.WAITING]


def test_the_same_key_twice_is_one_notice(now: datetime) -> None:
    first, second = write(now), write(now, recipient="somebody.else@ucsf.edu")

    assert first == second
    assert Notice.objects.get().recipient == "dr.who@ucsf.edu"
    assert first.events.count() == 1


def test_a_change_undone_takes_its_notice_with_it(now: datetime) -> None:
    with transaction.atomic():
        write(now)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()


def test_a_notice_is_announced_after_commit(
    now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heard: list[int] = []

    def listen(notice_id: int, **_: Any) -> None:
        heard.append(notice_id)

    notice_written.connect(listen)
    with django_capture_on_commit_callbacks(execute=True):
        notice = write(now)

    assert heard == [notice.pk]


@pytest.mark.parametrize("recipient", ["", "nobody", "a@b\nBcc: c@d.e", "x" * 300 + "@ucsf.edu"])
def test_a_recipient_that_is_no_address_is_kept_as_failed_and_harms_nothing(
    now: datetime, recipient: str
) -> None:
    notice = write(now, recipient=recipient)

    assert notice.status == NoticeStatus.FAILED
    assert notice.events.get().note == outbox.UNDELIVERABLE
