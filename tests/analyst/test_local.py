from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from polyphemus_analyst import workplaces
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import ExecutorError
from polyphemus_analyst.executors import local as local_module
from polyphemus_analyst.executors.base import RUNNING
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.workplaces import Workplace
from tests.analyst.waiting import eventually


@pytest.fixture
def job(journal: Journal, tumor_pair: Request) -> Job:
    made = journal.begin(tumor_pair, estimate=60)
    assert made is not None
    return made


@pytest.fixture
def prepared(tmp_path: Path, job: Job) -> Callable[[str], Workplace]:
    return lambda command: workplaces.prepare(tmp_path / "a folder's", job, command=command)


def over(local: Local, place: Workplace) -> bool:
    return not local.look("", place).running


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ("cd / && exit 4", 4),
        ('exec sh -c "exit 5"', 5),
        ("(", 2),
        ("no-such-program-at-all", 127),
        ("grep -q dt_lung {config}", 0),
    ],
)
def test_the_exit_code_is_the_commands_whatever_it_does(
    job: Job, prepared: Callable[[str], Workplace], command: str, code: int
) -> None:
    local, place = Local(), prepared(command)

    local.start(job, place)

    eventually(lambda: over(local, place), "the job is over")
    assert local.look("", place).exit_code == code


def test_a_killed_job_is_known_to_be_over(job: Job, prepared: Callable[[str], Workplace]) -> None:
    local, place = Local(), prepared("sleep 600")
    local.start(job, place)
    eventually((place.folder / "group").exists, "it started")

    os.killpg(int((place.folder / "group").read_text()), signal.SIGKILL)

    eventually(lambda: over(local, place), "the job is over")
    assert local.look("", place).exit_code is None
    assert "killed" in local.look("", place).note


def test_a_job_found_running_is_adopted(job: Job, prepared: Callable[[str], Workplace]) -> None:
    place = prepared("while [ ! -e go ]; do sleep 0.02; done; exit 6")
    Local().start(job, place)
    another_life = Local()

    handle = another_life.find(job, place)

    assert handle == str(place.folder)
    assert another_life.look(handle, place) == RUNNING
    (place.folder / "go").touch()
    eventually(lambda: over(another_life, place), "the job is over")
    assert another_life.look(handle, place).exit_code == 6


def test_nothing_is_found_before_the_start(job: Job, prepared: Callable[[str], Workplace]) -> None:
    assert Local().find(job, prepared("true")) is None


def test_a_running_job_is_not_started_again(job: Job, prepared: Callable[[str], Workplace]) -> None:
    local, place = Local(), prepared("sleep 600")
    local.start(job, place)

    with pytest.raises(ExecutorError):
        Local().start(job, place)

    eventually((place.folder / "group").exists, "it started")
    local.stop("", place)
    eventually(lambda: over(local, place), "the job is over")


def test_an_ended_job_is_not_run_again(job: Job, prepared: Callable[[str], Workplace]) -> None:
    local, place = Local(), prepared("echo ran >> runs")
    local.start(job, place)
    eventually(lambda: place.exit_code() == 0 and not local_module._locked(place), "the job is over")

    local.start(job, place)

    eventually(lambda: over(local, place), "the second is over")
    assert (place.folder / "runs").read_text() == "ran\n"


def test_stopping_ends_the_whole_session(job: Job, prepared: Callable[[str], Workplace]) -> None:
    local, place = Local(), prepared("sleep 600 & echo $! > child; wait")
    local.start(job, place)
    eventually((place.folder / "child").exists, "its child runs")

    local.stop("", place)

    eventually(lambda: over(local, place), "the job is over")


def test_the_command_never_sees_the_secret(
    job: Job, prepared: Callable[[str], Workplace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYPHEMUS_SECRET", "hidden")
    local, place = Local(), prepared("env")

    local.start(job, place)

    eventually(lambda: over(local, place), "the job is over")
    assert "hidden" not in (place.folder / "output.log").read_text()
