from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from polyphemus_analyst import working
from polyphemus_analyst.documents import Request
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.states import JobState
from polyphemus_analyst.working import Analyst
from tests.analyst.lives import NAME, WAIT_FOR_GO, finish, folder
from tests.analyst.standin import Script
from tests.analyst.waiting import eventually


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
