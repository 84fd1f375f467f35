from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyphemus_analyst import workplaces
from polyphemus_analyst.client import Dispatch
from polyphemus_analyst.documents import Request
from polyphemus_analyst.executors.base import RUNNING, Look
from polyphemus_analyst.executors.slurm import Slurm
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.states import JobState
from polyphemus_analyst.working import Analyst, Plan
from polyphemus_analyst.workplaces import Workplace
from tests.analyst.cluster import cluster
from tests.analyst.standin import Script
from tests.analyst.waiting import eventually

WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.02; done"
Prepared = Callable[[str], Workplace]


@pytest.fixture(scope="module")
def running_cluster() -> Iterator[Path]:
    with cluster() as config:
        yield config


@pytest.fixture
def slurm(running_cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    monkeypatch.setenv("SLURM_CONF", str(running_cluster))
    return Slurm(["--partition=main"])


@pytest.fixture
def job(journal: Journal, tumor_pair: Request, tmp_path: Path) -> Job:
    """A request of a name of its own: the cluster remembers names between tests."""
    made = journal.begin(
        Request(**(vars(tumor_pair) | {"name": f"pair-{tmp_path.name}"})),
        estimate=600,
    )
    assert made is not None
    return made


@pytest.fixture
def prepared(tmp_path: Path, job: Job) -> Prepared:
    return lambda command: workplaces.prepare(tmp_path / "job", job, command=command)


def over(slurm: Slurm, handle: str, place: Workplace) -> bool:
    return not slurm.look(handle, place).running


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 3), ("(", 2)])
def test_the_exit_code_is_the_commands(
    slurm: Slurm, job: Job, prepared: Prepared, command: str, code: int
) -> None:
    place = prepared(command)

    handle = slurm.start(job, place)

    eventually(lambda: over(slurm, handle, place), "the job is over")
    assert slurm.look(handle, place).exit_code == code


def test_a_job_found_in_the_queue_is_adopted(slurm: Slurm, job: Job, prepared: Prepared) -> None:
    place = prepared(WAIT_FOR_GO)
    handle = slurm.start(job, place)

    found = Slurm().find(job, place)

    assert found == handle
    assert Slurm().look(handle, place) == RUNNING
    (place.folder / "go").touch()
    eventually(lambda: over(slurm, handle, place), "the job is over")


def test_nothing_is_found_before_the_start(slurm: Slurm, job: Job, prepared: Prepared) -> None:
    assert slurm.find(job, prepared("true")) is None


def test_a_job_that_was_given_up_does_nothing_when_the_cluster_begins_it(
    slurm: Slurm, job: Job, prepared: Prepared
) -> None:
    place = prepared("touch ran")

    given_up = slurm.prevent(job, place)
    handle = slurm.start(job, place)  # what a slow controller makes of an order that was not answered

    eventually(lambda: over(slurm, handle, place), "the job is over")
    assert (given_up, (place.folder / "ran").exists()) == (True, False)
    assert not slurm.prevent(job, place)


def test_a_job_killed_by_the_cluster_is_known_to_be_over(slurm: Slurm, job: Job, prepared: Prepared) -> None:
    place = prepared("sleep 600")
    handle = slurm.start(job, place)
    eventually(place.started, "it started")

    subprocess.run(["scancel", "--full", "--signal=KILL", handle], check=True)  # noqa: S603, S607 — Debian's program

    eventually(lambda: over(slurm, handle, place), "the job is over")
    seen = slurm.look(handle, place)
    # Where the command dies before the script around it, the script still writes down how.
    assert seen.exit_code != 0
    assert seen.exit_code or seen.note.startswith("SLURM says ")


def test_a_job_that_ended_well_is_known_though_its_exit_file_is_not_there_yet(
    slurm: Slurm, job: Job, prepared: Prepared
) -> None:
    place = prepared("true")
    handle = slurm.start(job, place)
    eventually(lambda: not slurm.look(handle, place).running, "the job is over")
    eventually(lambda: slurm._state(handle) == "COMPLETED", "the cluster says so")

    (place.folder / "exit").unlink()

    assert slurm.look(handle, place) == Look(running=False, exit_code=0)


def test_a_cluster_that_is_there_takes_jobs(slurm: Slurm) -> None:
    slurm.refuse_unless_ready()


def test_a_stopped_job_is_over(slurm: Slurm, job: Job, prepared: Prepared) -> None:
    place = prepared("sleep 600")
    handle = slurm.start(job, place)

    slurm.stop(handle, place)

    eventually(lambda: over(slurm, handle, place), "the job is over")


def test_the_limit_follows_the_due_date(slurm: Slurm, job: Job, prepared: Prepared) -> None:
    place = prepared(WAIT_FOR_GO)
    handle = slurm.start(job, place)

    slurm.lengthen(handle, place, 300)

    shown = subprocess.run(  # noqa: S603 — Debian's program
        ["squeue", "--noheader", "--jobs", handle, "--format", "%l"],  # noqa: S607 — Debian's program
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "15:00"
    (place.folder / "go").touch()
    eventually(lambda: over(slurm, handle, place), "the job is over")


def test_a_request_is_done_on_the_cluster(
    slurm: Slurm, server: Script, dispatch: Dispatch, journal: Journal, tumor_pair: Request
) -> None:
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None})
    server.on("POST bids", 200, {"message": "go"})
    server.on("POST tickets", 200, {"message": "archived"})
    plan = Plan("exome_pipe", "grep -q tumor {config}", 60, "saurabh.asthana@ucsf.edu")
    analyst = Analyst(plan, dispatch, journal, slurm, say=lambda *_: None)

    analyst.take_up()
    eventually(lambda: not analyst.look_after(), "the job is over")

    assert journal.job(tumor_pair.name).state == JobState.DONE
