from __future__ import annotations

import itertools
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import AnalystError, JournalError
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.states import JobState

S = JobState
LEGAL = {
    (S.BIDDING, S.WON),
    (S.BIDDING, S.LOST),
    (S.WON, S.STARTING),
    (S.WON, S.ENDED),
    (S.WON, S.WITHDRAWN),
    (S.STARTING, S.RUNNING),
    (S.STARTING, S.ENDED),
    (S.STARTING, S.WITHDRAWN),
    (S.RUNNING, S.ENDED),
    (S.RUNNING, S.WITHDRAWN),
    (S.ENDED, S.DONE),
    (S.ENDED, S.RELEASED),
    (S.ENDED, S.KEPT),
    (S.LOST, S.BIDDING),
}
EVERY_PAIR = set(itertools.product(JobState, JobState))


def begun(journal: Journal, request: Request) -> Job:
    job = journal.begin(request, estimate=60)
    assert job is not None
    return job


def put(journal: Journal, job: Job, state: JobState) -> Job:
    return journal.note(job, state=state)


@pytest.mark.parametrize(("source", "target"), sorted(LEGAL))
def test_a_legal_move_is_made(
    journal: Journal, tumor_pair: Request, source: JobState, target: JobState
) -> None:
    job = put(journal, begun(journal, tumor_pair), source)

    assert journal.move(job, target).state == target


@pytest.mark.parametrize(("source", "target"), sorted(EVERY_PAIR - LEGAL))
def test_every_other_move_is_refused(
    journal: Journal, tumor_pair: Request, source: JobState, target: JobState
) -> None:
    job = put(journal, begun(journal, tumor_pair), source)

    with pytest.raises(AnalystError):
        journal.move(job, target)

    assert journal.job(job.name).state == source


def test_a_move_from_an_outdated_view_is_refused(journal: Journal, tumor_pair: Request) -> None:
    outdated = begun(journal, tumor_pair)
    journal.move(outdated, JobState.WON)

    with pytest.raises(AnalystError):
        journal.move(outdated, JobState.LOST)


def test_a_request_is_taken_up_once(journal: Journal, tumor_pair: Request) -> None:
    begun(journal, tumor_pair)

    assert journal.begin(tumor_pair, estimate=60) is None


def test_a_request_lost_once_may_be_bid_for_again(journal: Journal, tumor_pair: Request) -> None:
    first = begun(journal, tumor_pair)
    journal.move(first, JobState.LOST)

    second = begun(journal, tumor_pair)

    assert second.state == JobState.BIDDING
    assert second.key != first.key


def test_a_request_given_back_is_not_bid_for_again(journal: Journal, tumor_pair: Request) -> None:
    put(journal, begun(journal, tumor_pair), JobState.RELEASED)

    assert journal.begin(tumor_pair, estimate=60) is None


def test_what_was_written_is_there_after_opening_again(journal: Journal, tumor_pair: Request) -> None:
    begun(journal, tumor_pair)

    again = Journal(journal.home)

    assert [job.name for job in again.live()] == ["dt_lung_tumor_pair"]
    assert again.job("dt_lung_tumor_pair").config == tumor_pair.config
    again.close()


def test_two_runs_do_not_work_at_once(journal: Journal) -> None:
    other = Journal(journal.home)

    with journal.alone(), pytest.raises(AnalystError, match="Another run"), other.alone():
        pass

    other.close()


def test_the_journal_is_its_owners_alone(tmp_path: Path) -> None:
    Journal(tmp_path / "new").close()

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_file_that_is_no_journal_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(bytes(range(256)) * 40)

    with pytest.raises(JournalError, match="can't be used: file is not a database"):
        Journal(tmp_path)


def test_a_home_that_is_a_file_is_told_in_words(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.touch()

    with pytest.raises(JournalError, match="can't be used: File exists"):
        Journal(home)


def test_a_journal_that_can_no_longer_be_written_is_told_in_words(
    journal: Journal, tumor_pair: Request
) -> None:
    journal.connection.execute("PRAGMA query_only = ON")

    with pytest.raises(JournalError, match="readonly database"):
        begun(journal, tumor_pair)


def test_what_is_over_is_not_read_to_find_what_is_live(journal: Journal, tumor_pair: Request) -> None:
    over = put(journal, begun(journal, tumor_pair), S.DONE)
    journal.connection.execute("UPDATE jobs SET config = 'no JSON' WHERE name = ?", [over.name])
    live = begun(journal, replace(tumor_pair, name="another"))

    assert [job.name for job in journal.live()] == [live.name]
