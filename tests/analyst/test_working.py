from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from polyphemus_analyst import working
from polyphemus_analyst.client import Dispatch
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import ExecutorError
from polyphemus_analyst.executors.base import Look
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.executors.slurm import Slurm
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.states import JobState
from polyphemus_analyst.working import Analyst, Plan
from polyphemus_analyst.workplaces import Workplace
from tests.analyst.standin import Script
from tests.analyst.waiting import eventually

NAME = "dt_lung_tumor_pair"
WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.02; done"


@pytest.fixture
def work(dispatch: Dispatch, journal: Journal) -> Callable[..., Analyst]:
    """An analyst; two made in one test are two lives of the same one."""

    def make(command: str, **plan: Any) -> Analyst:
        chosen: dict[str, Any] = {
            "analysis": "exome_pipe",
            "command": command,
            "estimate": 3600,
            "analyst": "saurabh.asthana@ucsf.edu",
        } | plan
        return Analyst(Plan(**chosen), dispatch, journal, Local(), say=lambda *_: None)

    return make


@pytest.fixture
def opened(server: Script, tumor_pair: Request) -> Script:
    """A server with one open request, which takes bids, tickets and releases."""
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None})
    server.on("POST bids", 200, {"message": "go"}, Polyphemus_Award="2")
    server.on("POST tickets", 200, {"message": "archived"})
    server.on("POST releases", 200, {"message": "released"})
    server.on("POST extensions", 200, {"message": "extended"})
    return server


def finish(work: Analyst) -> None:
    eventually(lambda: not work.look_after(), "every job is over")


def folder(journal: Journal) -> Path:
    return journal.home / "jobs" / NAME


def test_an_open_request_is_bid_for_run_and_ticketed(
    opened: Script, work: Callable[..., Analyst], journal: Journal
) -> None:
    analyst = work("cp {config} seen.json")

    analyst.take_up()
    finish(analyst)

    assert [f"{call.method} {call.path}" for call in opened.asked] == [
        "GET /api/v1/requests",
        "POST /api/v1/bids",
        "POST /api/v1/tickets",
    ]
    assert opened.calls("POST tickets")[0].body == {"analysis": "exome_pipe", "name": NAME, "award": 2}
    assert journal.job(NAME).state == JobState.DONE
    assert "blood_normal.exome" in (folder(journal) / "seen.json").read_text()


def test_a_lost_bid_runs_nothing(server: Script, work: Callable[..., Analyst], tumor_pair: Request) -> None:
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None})
    server.on("POST bids", 409, {"message": "no", "code": "already_awarded"})
    analyst = work("true")

    analyst.take_up()

    assert analyst.journal.job(NAME).state == JobState.LOST
    assert not folder(analyst.journal).exists()


def test_what_fails_is_given_back_with_the_reason(opened: Script, work: Callable[..., Analyst]) -> None:
    analyst = work("echo disk is full; exit 3")

    analyst.take_up()
    finish(analyst)

    [release] = opened.calls("POST releases")
    assert release.body["reason"] == "The command ended with exit code 3: disk is full"
    assert opened.calls("POST tickets") == []


def test_no_more_is_taken_than_there_are_slots(
    server: Script, work: Callable[..., Analyst], tumor_pair: Request
) -> None:
    documents = [dict(tumor_pair.document, name=name) for name in ("one", "two", "three")]
    server.on("GET requests", 200, {"requests": documents, "next": None})
    server.on("POST bids", 200, {"message": "go"})
    server.on("POST tickets", 200, {"message": "archived"})
    analyst = work("while [ ! -e ../go ]; do sleep 0.02; done", slots=2)

    analyst.take_up()

    assert [call.body["name"] for call in server.calls("POST bids")] == ["one", "two"]
    (analyst.journal.home / "jobs" / "go").touch()
    finish(analyst)


def test_a_config_that_does_not_fit_the_schema_is_left_to_others(
    opened: Script, work: Callable[..., Analyst]
) -> None:
    analyst = work("true", schema={"type": "object", "required": ["step"]})

    analyst.take_up()

    assert opened.calls("POST bids") == []


def test_what_does_not_fit_is_said_once(opened: Script, work: Callable[..., Analyst]) -> None:
    said: list[str] = []
    analyst = work("true", schema={"type": "object", "required": ["step"]})
    analyst.say = lambda _, words: said.append(words)

    analyst.take_up()
    analyst.take_up()

    assert [words.partition(":")[0] for words in said] == ["not for us"]


def test_more_time_is_asked_for_once_at_four_fifths(opened: Script, work: Callable[..., Analyst]) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1)
    opened.answers["POST bids"].clear()
    opened.on("POST bids", 200, {"message": "go"}, Polyphemus_Due=due.isoformat())
    analyst = work(WAIT_FOR_GO, estimate=10)

    analyst.take_up()
    eventually(lambda: analyst.look_after() and opened.calls("POST extensions"), "more time is asked for")
    asked_at = datetime.now(UTC)
    analyst.look_after()

    assert asked_at > due - timedelta(seconds=0.25)
    assert [call.body["time"] for call in opened.calls("POST extensions")] == ["5"]
    (folder(analyst.journal) / "go").touch()
    finish(analyst)


def test_a_cancelled_request_stops_its_job(
    opened: Script, work: Callable[..., Analyst], tumor_pair: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "READ_EVERY", timedelta(0))
    cancelled = dict(tumor_pair.document, status="archived", outcome="cancelled")
    opened.on(f"GET requests/{NAME}", 200, cancelled)
    analyst = work(WAIT_FOR_GO)

    analyst.take_up()
    finish(analyst)

    assert analyst.journal.job(NAME).state == JobState.WITHDRAWN
    assert analyst.journal.job(NAME).note == "cancelled"
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

    assert (journal.job(NAME).state, journal.job(NAME).note) == (JobState.LOST, "another run of yours has it")
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


def test_what_people_write_is_passed_on_once(
    opened: Script, work: Callable[..., Analyst], tumor_pair: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "READ_EVERY", timedelta())
    mine = {"analyst": "saurabh.asthana@ucsf.edu", "status": "running"}
    opened.on(f"GET requests/{NAME}", 200, tumor_pair.document | mine)
    thread = [
        {"at": "", "from": "dr.who@ucsf.edu", "side": "people", "text": "Which\nreference?"},
        {"at": "", "from": "saurabh.asthana@ucsf.edu", "side": "analyst", "text": "hg38"},
    ]
    opened.on(f"GET requests/{NAME}/messages", 200, {"messages": thread})
    heard: list[str] = []
    analyst = work(WAIT_FOR_GO)
    analyst.say = lambda _, words: heard.append(words)

    analyst.take_up()
    for _ in range(3):
        analyst.look_after()

    assert [words for words in heard if "writes" in words] == ["dr.who@ucsf.edu writes: Which reference?"]
    (folder(analyst.journal) / "go").touch()
    finish(analyst)


@pytest.mark.parametrize(("told", "bid"), [(5000, "5000"), (None, "3600")])
def test_the_time_it_usually_takes_is_bid_once_it_is_known(
    opened: Script, work: Callable[..., Analyst], told: int | None, bid: str
) -> None:
    opened.on("GET track-record", 200, {"usual_seconds": told})
    analyst = work("true", realistic=True)

    analyst.take_up()

    assert opened.calls("POST bids")[0].body["time"] == bid
    finish(analyst)


def test_a_call_for_help_is_answered_while_the_job_goes_on(
    opened: Script, work: Callable[..., Analyst], tumor_pair: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "READ_EVERY", timedelta())
    mine = {"analyst": "saurabh.asthana@ucsf.edu", "status": "deferred"}
    opened.on(f"GET requests/{NAME}", 200, tumor_pair.document | mine)
    due = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    opened.answers["POST extensions"].clear()
    opened.on("POST extensions", 202, {"message": "asked"})
    opened.on("POST extensions", 200, {"message": "extended"}, Polyphemus_Due=due)
    analyst = work(WAIT_FOR_GO)

    analyst.take_up()
    analyst.look_after()
    analyst.look_after()

    assert {call.body["time"] for call in opened.calls("POST extensions")} == {"1800"}
    assert analyst.journal.job(NAME).due_at == datetime.fromisoformat(due)
    (folder(analyst.journal) / "go").touch()
    finish(analyst)


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
    opened: Script, work: Callable[..., Analyst], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst = work("true")
    monkeypatch.setattr(Local, "start", _full_disk)
    analyst.take_up()
    assert journal.job(NAME).state == JobState.STARTING
    monkeypatch.undo()

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


class Away(Local):
    """A place that does not say how a job goes."""

    def look(self, handle: str, place: Workplace) -> Look:
        raise ExecutorError(f"squeue: nothing is known of {handle}")


def test_what_a_job_waits_for_is_said_once(opened: Script, work: Callable[..., Analyst]) -> None:
    said: list[str] = []
    analyst = work("true")
    analyst.executor = Away()
    analyst.say = lambda _, words: said.append(words)

    analyst.take_up()
    for _ in range(3):
        analyst.look_after()

    assert [words.partition(":")[0] for words in said].count("later") == 1


def test_a_job_whose_output_was_seen_ends_by_itself(
    opened: Script,
    work: Callable[..., Analyst],
    journal: Journal,
    tumor_pair: Request,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(working, "READ_EVERY", timedelta(0))
    passed = {"status": "archived", "outcome": "passed", "analyst": "saurabh.asthana@ucsf.edu"}
    opened.on(f"GET requests/{NAME}", 200, tumor_pair.document | passed)
    analyst = work(f"{WAIT_FOR_GO}; touch cleaned")
    analyst.take_up()
    analyst.look_after()
    assert journal.job(NAME).state == JobState.RUNNING

    (folder(journal) / "go").touch()
    finish(analyst)

    assert journal.job(NAME).state == JobState.DONE
    assert (folder(journal) / "cleaned").exists()


def _full_disk(*_: object) -> str:
    raise OSError(28, "No space left on device")
