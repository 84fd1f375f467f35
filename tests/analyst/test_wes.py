from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from polyphemus_analyst import workplaces
from polyphemus_analyst.client import Dispatch
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import AnalystError, ExecutorError
from polyphemus_analyst.executors.wes import Wes, Workflow
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.states import JobState
from polyphemus_analyst.working import Analyst, Plan
from polyphemus_analyst.workplaces import Workplace
from tests.analyst import tools
from tests.analyst.standin import Script
from tests.analyst.waiting import eventually

COPY = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [cp]
inputs:
  config: {type: File, inputBinding: {position: 1}}
arguments: [{valueFrom: copied.json, position: 2}]
outputs:
  copied: {type: File, outputBinding: {glob: copied.json}}
"""
FAIL = COPY.replace("baseCommand: [cp]", 'baseCommand: [sh, -c, "exit 7"]')
Started = Callable[[str], Wes]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real workflow execution service in front of a real cwltool."""
    programs = tools.installed("wes-service==5.0", "cwltool==3.3.20260925135507")
    runner = programs / "cwl-runner"
    runner.unlink(missing_ok=True)
    runner.symlink_to("cwltool")
    with serving(programs, tmp_path_factory.mktemp("wes")) as url:
        yield url


@contextmanager
def serving(programs: Path, folder: Path) -> Iterator[str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--backend=wes_service.cwl_runner", "--opt", f"runner={programs / 'cwl-runner'}"]
    child = subprocess.Popen(  # noqa: S603 — the service's own program
        [str(programs / "wes-server"), "--port", str(port), *options],
        cwd=folder,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _listens(port), "the service listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def started(service: str, tmp_path: Path) -> Iterator[Started]:
    clients = []

    def begin(workflow: str) -> Wes:
        path = tmp_path / "workflow.cwl"
        path.write_text(workflow)
        clients.append(httpx.Client(timeout=60))
        return Wes(service, Workflow(str(path)), clients[-1])

    yield begin
    for client in clients:
        client.close()


@pytest.fixture
def job(journal: Journal, tumor_pair: Request, tmp_path: Path) -> Job:
    """A request of a name of its own: the service remembers tags between tests."""
    made = journal.begin(Request(**(vars(tumor_pair) | {"name": f"pair-{tmp_path.name}"})), estimate=600)
    assert made is not None
    return made


@pytest.fixture
def place(job: Job, tmp_path: Path) -> Workplace:
    return workplaces.prepare(tmp_path / "job", job, command="")


def over(wes: Wes, handle: str, place: Workplace) -> bool:
    return not wes.look(handle, place).running


def test_a_workflow_gets_the_config_and_ends_well(started: Started, job: Job, place: Workplace) -> None:
    wes = started(COPY)

    handle = wes.start(job, place)

    eventually(lambda: over(wes, handle, place), "the workflow ends")
    assert wes.look(handle, place).exit_code == 0
    outputs = wes.http.get(f"{wes.runs}/{handle}").json()["outputs"]
    assert json.loads(Path(outputs["copied"]["path"]).read_text()) == job.config


def test_a_workflow_that_fails_is_told_apart(started: Started, job: Job, place: Workplace) -> None:
    wes = started(FAIL)

    handle = wes.start(job, place)

    eventually(lambda: over(wes, handle, place), "the workflow ends")
    assert wes.look(handle, place).exit_code is None
    assert wes.look(handle, place).note == "The workflow service says EXECUTOR_ERROR."


def test_a_run_submitted_by_an_earlier_life_is_adopted(started: Started, job: Job, place: Workplace) -> None:
    wes = started(COPY)
    handle = wes.start(job, place)

    assert started(COPY).find(job, place) == handle


def test_nothing_is_found_before_the_start(started: Started, job: Job, place: Workplace) -> None:
    assert started(COPY).find(job, place) is None


def test_a_service_that_is_away_is_said_in_one_sentence(job: Job, place: Workplace, tmp_path: Path) -> None:
    with httpx.Client() as client:
        away = Wes("http://127.0.0.1:9", Workflow("https://example.org/w.cwl"), client)

        with pytest.raises(ExecutorError, match="The workflow service at"):
            away.start(job, place)
        with pytest.raises(ExecutorError, match="The workflow service at"):
            away.refuse_unless_ready()


def test_a_service_that_is_there_takes_runs(service: str) -> None:
    with httpx.Client() as client:
        Wes(service, Workflow("https://example.org/w.cwl"), client).refuse_unless_ready()


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(AnalystError, match="is no address of a server"):
        Wes("wes.example.org", Workflow("https://example.org/w.cwl"))


def test_a_request_is_done_by_the_service(
    started: Started, server: Script, dispatch: Dispatch, journal: Journal, tumor_pair: Request
) -> None:
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None})
    server.on("POST bids", 200, {"message": "go"})
    server.on("POST tickets", 200, {"message": "archived"})
    plan = Plan("exome_pipe", "", 600, "saurabh.asthana@ucsf.edu")
    analyst = Analyst(plan, dispatch, journal, started(COPY), say=lambda *_: None)

    analyst.take_up()
    eventually(lambda: not analyst.look_after(), "the job is over")

    assert journal.job(tumor_pair.name).state == JobState.DONE


def service_that(answers: list[Exception | httpx.Response], asked: list[str]) -> httpx.Client:
    """A workflow service that says, or does, what stands here in turn."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        said = answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    return httpx.Client(transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    "trouble", [httpx.ReadTimeout("no answer"), httpx.Response(502)], ids=["silence", "bad gateway"]
)
def test_a_submission_without_an_answer_is_not_made_twice_and_not_given_up_at_once(
    job: Job, place: Workplace, trouble: Exception | httpx.Response
) -> None:
    asked: list[str] = []
    with service_that([trouble], asked) as client:
        wes = Wes("http://wes.example.org", Workflow("https://example.org/w.cwl"), client)
        for _ in range(2):
            with pytest.raises(ExecutorError):
                wes.start(job, place)

        soon = wes.prevent(job, place)
        os.utime(place.folder / "unanswered", (0, 0))

    assert (asked, soon, wes.prevent(job, place)) == (["POST"], False, True)


def test_a_run_that_shows_late_is_adopted_and_looked_for_in_patience(job: Job, place: Workplace) -> None:
    (place.folder / "unanswered").touch()
    tagged = {"request": {"tags": {"polyphemus": job.name}}}
    seen = [{"runs": [{"run_id": "r1"}]}, tagged]
    asked: list[str] = []
    with service_that([httpx.Response(200, json=one) for one in ({"runs": []}, *seen)], asked) as client:
        wes = Wes("http://wes.example.org", Workflow("https://example.org/w.cwl"), client)

        first = wes.find(job, place)
        with pytest.raises(ExecutorError, match="may yet show"):
            wes.find(job, place)
        wes.looked_at.clear()

        assert (first, wes.find(job, place), len(asked)) == (None, "r1", 3)


@pytest.mark.parametrize(
    "refusal", [httpx.Response(400), httpx.ConnectError("refused")], ids=["bad request", "nobody there"]
)
def test_a_submission_that_was_refused_is_over(
    job: Job, place: Workplace, refusal: Exception | httpx.Response
) -> None:
    with service_that([refusal], []) as client:
        wes = Wes("http://wes.example.org", Workflow("https://example.org/w.cwl"), client)
        with pytest.raises(ExecutorError):
            wes.start(job, place)

        assert wes.prevent(job, place)
