"""What fails while an analyst works: jobs, servers, disks, and the analyst's own program."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest

from polyphemus_analyst import working
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import ExecutorError
from polyphemus_analyst.executors.base import Look
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.executors.slurm import Slurm
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.states import JobState
from polyphemus_analyst.working import HELD_ALREADY, Analyst
from polyphemus_analyst.workplaces import Workplace
from tests.analyst.lives import NAME, WAIT_FOR_GO, finish, folder
from tests.analyst.standin import Script
from tests.analyst.waiting import eventually


def test_what_fails_is_given_back_with_the_reason(opened: Script, work: Callable[..., Analyst]) -> None:
    analyst = work("echo disk is full; exit 3")

    analyst.take_up()
    finish(analyst)

    [release] = opened.calls("POST releases")
    assert release.body["reason"] == "The command ended with exit code 3: disk is full"
    assert opened.calls("POST tickets") == []


def test_a_ticket_that_is_refused_keeps_the_result_for_a_person(
    opened: Script, work: Callable[..., Analyst]
) -> None:
    opened.answers["POST tickets"].clear()
    opened.on("POST tickets", 409, {"code": "no_longer_yours", "detail": "It went to another analyst."})
    analyst = work("touch result")

    analyst.take_up()
    finish(analyst)

    assert analyst.journal.job(NAME).state == JobState.KEPT
    assert (folder(analyst.journal) / "result").exists()


def test_a_ticket_is_sent_when_the_server_is_back(opened: Script, work: Callable[..., Analyst]) -> None:
    opened.answers["POST tickets"].clear()
    opened.on("POST tickets", 503)
    analyst = work("true")
    analyst.take_up()
    eventually(
        lambda: analyst.look_after() and len(opened.calls("POST tickets")) >= 6, "the server was tried enough"
    )

    opened.on("POST tickets", 200, {"message": "archived"})
    opened.on("POST tickets", 200, {"message": "archived"})
    finish(analyst)

    assert analyst.journal.job(NAME).state == JobState.DONE


def test_a_life_that_ended_while_bidding_bids_again_with_the_same_key(
    opened: Script, work: Callable[..., Analyst], journal: Journal, tumor_pair: Request
) -> None:
    job = journal.begin(tumor_pair, estimate=60)
    assert job is not None

    finish(work("true"))

    assert opened.calls("POST bids")[0].headers["idempotency-key"] == f"bid-{job.key}"
    assert journal.job(NAME).state == JobState.DONE


def test_what_another_run_of_ours_was_awarded_is_not_done_twice(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    opened.answers["POST bids"].clear()
    opened.on("POST bids", 200, {"message": "go"}, Polyphemus_Award="1", Polyphemus_Award_Repeated="true")

    work("true").take_up()

    assert (journal.job(NAME).state, journal.job(NAME).note) == (JobState.LOST, HELD_ALREADY)
    assert not folder(journal).exists()


def test_a_life_that_ended_after_starting_adopts_the_job(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    first = work(f"echo ran >> runs; {WAIT_FOR_GO}")
    first.take_up()
    running = journal.job(NAME)
    journal.note(running, state=JobState.STARTING, handle="")
    second = work(f"echo ran >> runs; {WAIT_FOR_GO}")

    second.look_after()
    (folder(journal) / "go").touch()
    finish(second)

    assert (folder(journal) / "runs").read_text() == "ran\n"
    assert journal.job(NAME).state == JobState.DONE


def both_tried(server: Script) -> bool:
    return {call.body["name"] for call in server.calls("POST tickets")} == {"one", "two"}


def test_trouble_with_one_job_does_not_stop_the_others(
    server: Script, work: Callable[..., Analyst], tumor_pair: Request
) -> None:
    documents = [dict(tumor_pair.document, name=name) for name in ("one", "two")]
    server.on("GET requests", 200, {"requests": documents, "next": None})
    server.on("POST bids", 200, {"message": "go"})
    server.on("POST tickets", 502)
    analyst = work("true", slots=2)
    analyst.take_up()

    eventually(lambda: analyst.look_after() and both_tried(server), "both tickets are tried")

    assert {job.state for job in analyst.journal.all()} == {JobState.ENDED}


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_key_that_lost_its_scope_stops_no_job(
    opened: Script,
    work: Callable[..., Analyst],
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    monkeypatch.setattr(working, "READ_EVERY", timedelta(0))
    opened.on(f"GET requests/{NAME}", status, {"code": "not_found", "detail": "There is no such request."})
    analyst = work(WAIT_FOR_GO)
    analyst.take_up()
    analyst.look_after()

    (folder(journal) / "go").touch()
    eventually(lambda: analyst.look_after() is not None and journal.job(NAME).state == JobState.DONE, "done")


def test_a_folder_that_can_not_be_written_is_owed(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    in_the_way = journal.home / "jobs"
    in_the_way.touch()
    analyst = work("true")
    analyst.take_up()
    assert journal.job(NAME).state == JobState.WON
    in_the_way.unlink()

    finish(analyst)

    assert journal.job(NAME).state == JobState.DONE


def test_nothing_is_bid_for_while_nothing_can_be_started(
    opened: Script, work: Callable[..., Analyst], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    analyst = work("true")
    analyst.executor = Slurm()

    with pytest.raises(ExecutorError, match="squeue"):
        analyst.take_up()

    assert opened.calls("POST bids") == []


def test_a_cluster_is_asked_nothing_while_no_slot_is_free(
    opened: Script, work: Callable[..., Analyst], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst = work(WAIT_FOR_GO, slots=1)
    analyst.take_up()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(analyst, "executor", Slurm())

    analyst.take_up()

    assert len(opened.calls("GET requests")) == 2
    monkeypatch.undo()
    (folder(journal) / "go").touch()
    finish(analyst)


class Mute(Local):
    """A place that takes a job and does not answer."""

    def start(self, job: Job, place: Workplace) -> str:
        super().start(job, place)
        raise ExecutorError("sbatch: timed out after 60 seconds")


def test_a_start_that_was_not_answered_is_looked_for(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    analyst = work("echo ran >> runs")
    analyst.executor = Mute()

    analyst.take_up()
    finish(analyst)

    assert journal.job(NAME).state == JobState.DONE
    assert (folder(journal) / "runs").read_text() == "ran\n"


class Late(Local):
    """A place that does not answer and begins the job only when nobody waits for it any more."""

    def start(self, job: Job, place: Workplace) -> str:
        raise ExecutorError("sbatch: Socket timed out on send/recv operation")

    def begin(self, place: Workplace) -> int:
        return subprocess.run(["/bin/sh", str(place.script)], check=False).returncode  # noqa: S603 — the job


def test_a_job_that_begins_after_its_work_was_given_back_does_nothing(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    opened.on("POST releases", 200, {"message": "released"})
    analyst, late = work("touch ran"), Late()
    analyst.executor = late
    analyst.take_up()
    finish(analyst)

    code = late.begin(Workplace(folder(journal)))

    assert journal.job(NAME).state == JobState.RELEASED
    assert (code, (folder(journal) / "ran").exists()) == (98, False)


def test_a_job_that_begins_while_we_give_it_up_is_kept(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    class Racing(Late):
        def prevent(self, job: Job, place: Workplace) -> bool:
            self.begin(place)
            return super().prevent(job, place)

    analyst = work("touch ran")
    analyst.executor = Racing()

    analyst.take_up()
    finish(analyst)

    assert journal.job(NAME).state == JobState.DONE
    assert opened.calls("POST releases") == []


def test_a_bid_in_other_words_under_a_key_that_won_is_known_for_our_own(
    opened: Script, work: Callable[..., Analyst], journal: Journal, tumor_pair: Request
) -> None:
    journal.begin(tumor_pair, estimate=60)
    opened.answers["POST bids"].clear()
    opened.on("POST bids", 422, {"code": "idempotency_key_reused", "detail": "Used for another call."})
    opened.on("POST bids", 200, {"message": "go"}, Polyphemus_Award="1", Polyphemus_Award_Repeated="true")

    finish(work("true"))

    assert "idempotency-key" not in opened.calls("POST bids")[1].headers
    assert journal.job(NAME).state == JobState.DONE


class Away(Local):
    """A place that says every other time only how a job goes."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def look(self, handle: str, place: Workplace) -> Look:
        self.looks += 1
        if self.looks % 2:
            raise ExecutorError(f"squeue: nothing is known of {handle}")
        return super().look(handle, place)


def test_what_a_job_waits_for_is_said_once(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    said: list[str] = []
    analyst = work(WAIT_FOR_GO)
    analyst.executor = Away()
    analyst.say = lambda _, words: said.append(words)

    analyst.take_up()
    for _ in range(4):
        analyst.look_after()

    assert [words.partition(":")[0] for words in said].count("later") == 1
    (folder(journal) / "go").touch()
    finish(analyst)
