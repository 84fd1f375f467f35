from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyphemus_analyst.documents import Request
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.states import JobState
from tests.analyst.standin import KEY_ID, SECRET, Script
from tests.analyst.waiting import eventually

NAME = "dt_lung_tumor_pair"
Started = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def start(server: Script, home: Path, secret_file: Path) -> Iterator[Started]:
    """Starts the program as a person would."""
    started = []

    def begin(*words: str, **environment: str) -> subprocess.Popen[str]:
        settings = {
            "POLYPHEMUS_URL": server.url,
            "POLYPHEMUS_KEY_ID": KEY_ID,
            "POLYPHEMUS_ANALYST": "saurabh.asthana@ucsf.edu",
            "POLYPHEMUS_SECRET_FILE": str(secret_file),
            "POLYPHEMUS_ANALYST_HOME": str(home),
        }
        child = subprocess.Popen(  # noqa: S603 — the program itself
            [sys.executable, "-m", "polyphemus_analyst", *words],
            env=os.environ | settings | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        return child

    yield begin
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def unheard() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{kept.getsockname()[1]}"


def run_words(command: str, *more: str) -> list[str]:
    return ["run", "--analysis", "exome_pipe", "--command", command, "--estimate", "3600", *more]


def state(home: Path) -> JobState | None:
    journal = Journal(home)
    states = [job.state for job in journal.all()]
    journal.close()
    return states[0] if states else None


@pytest.fixture
def opened(server: Script, tumor_pair: Request) -> Script:
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None})
    server.on("POST bids", 200, {"message": "go"})
    server.on("POST tickets", 200, {"message": "archived"})
    server.on("POST releases", 200, {"message": "released"})
    return server


def test_one_run_does_the_open_request(opened: Script, start: Started, home: Path) -> None:
    child = start(*run_words("grep blood_normal {config} > result", "--once"))

    _, words = child.communicate(timeout=60)

    assert child.returncode == 0, words
    assert "blood_normal.exome" in (home / "jobs" / NAME / "result").read_text()
    assert len(opened.calls("POST tickets")) == 1
    assert f"{NAME} done" in words


def test_one_run_with_nothing_open_is_no_failure(server: Script, start: Started) -> None:
    server.on("GET requests", 200, {"requests": [], "next": None})

    child = start(*run_words("true", "--once"))

    assert child.wait(60) == 0


def test_one_run_tells_by_its_exit_code_that_the_command_failed(opened: Script, start: Started) -> None:
    child = start(*run_words("exit 1", "--once"))

    assert child.wait(60) == 3


def test_a_killed_run_is_taken_up_by_the_next_and_the_command_runs_once(
    opened: Script, start: Started, home: Path
) -> None:
    command = "echo ran >> runs; while [ ! -e go ]; do sleep 0.02; done"
    first = start(*run_words(command, "--once"))
    eventually((home / "jobs" / NAME / "runs").exists, "the command runs")
    first.kill()
    first.wait()

    second = start(*run_words(command, "--once"))
    (home / "jobs" / NAME / "go").touch()

    assert second.wait(60) == 0
    assert (home / "jobs" / NAME / "runs").read_text() == "ran\n"
    assert len(opened.calls("POST bids")) == 1
    assert len(opened.calls("POST tickets")) == 1


def test_ctrl_c_leaves_the_job_running_for_the_next_run(opened: Script, start: Started, home: Path) -> None:
    command = "touch began; while [ ! -e go ]; do sleep 0.02; done"
    first = start(*run_words(command, "--poll", "0.1"))
    eventually((home / "jobs" / NAME / "began").exists, "the command runs")
    eventually(lambda: state(home) == JobState.RUNNING, "the journal knows it")

    first.send_signal(signal.SIGINT)

    _, words = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "taken up again by the next run" in words
    (home / "jobs" / NAME / "go").touch()
    assert start(*run_words(command, "--once")).wait(60) == 0


def test_a_second_run_beside_the_first_is_refused(opened: Script, start: Started, home: Path) -> None:
    first = start(*run_words("touch began; while [ ! -e go ]; do sleep 0.02; done", "--once"))
    eventually((home / "jobs" / NAME / "began").exists, "the command runs")

    second = start(*run_words("true", "--once"))

    _, words = second.communicate(timeout=60)
    assert second.returncode == 1
    assert words == f"polyphemus-analyst: Another run is at work with {home}.\n"
    (home / "jobs" / NAME / "go").touch()
    assert first.wait(60) == 0


def test_polling_shows_plain_lines_to_a_program(opened: Script, start: Started) -> None:
    out, _ = start("poll", "--analysis", "exome_pipe").communicate(timeout=60)

    assert out == f"{NAME}\tdt_lung\t\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["poll", "--analysis", "exome_pipe"], "Nothing is open.\n"), (["jobs"], "There are no jobs.\n")],
)
def test_that_there_is_nothing_is_said_beside_the_lines(
    server: Script, start: Started, words: list[str], sentence: str
) -> None:
    server.on("GET requests", 200, {"requests": [], "next": None})

    out, said = start(*words).communicate(timeout=60)

    assert (out, said) == ("", sentence)


def test_a_key_that_is_being_replaced_is_told(server: Script, start: Started) -> None:
    end = "2026-12-03T12:00:00.000Z"
    server.on("GET requests", 200, {"requests": [], "next": None}, Polyphemus_Key_Ends=end)

    _, words = start("poll", "--analysis", "exome_pipe").communicate(timeout=60)

    assert f"believes the key {KEY_ID} until 2026-12-03 12:00 UTC only." in words


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"POLYPHEMUS_URL": "polyphemus.example.org"}, "is no address of a server"),
        ({"POLYPHEMUS_URL": "http://"}, "is no address of a server"),
        ({"POLYPHEMUS_URL": "http://[::1"}, "is no address"),
        ({"POLYPHEMUS_KEY_ID": "pk_\u00e4"}, "The id of a key looks like pk_abc234"),
    ],
)
@pytest.mark.parametrize("words", [["poll", "--analysis", "exome_pipe"], ["conformance"]])
def test_what_is_mistyped_is_told_at_once(
    server: Script, start: Started, words: list[str], environment: dict[str, str], sentence: str
) -> None:
    asked = [environment.get("POLYPHEMUS_URL", server.url)] if words == ["conformance"] else []

    child = start(*words, *asked, **environment)

    _, said = child.communicate(timeout=60)
    assert (child.returncode, said.startswith("polyphemus-analyst: ")) == (1, True)
    assert sentence in said
    assert said.count("\n") == 1
    assert server.asked == []


def test_a_secret_that_is_no_text_is_told(server: Script, start: Started, secret_file: Path) -> None:
    secret_file.write_bytes(bytes(range(128, 160)))

    _, said = start("poll", "--analysis", "exome_pipe").communicate(timeout=60)

    assert said == f"polyphemus-analyst: The secret in {secret_file} can't be read: it is no text.\n"


def test_a_form_of_sheet_that_is_none_is_told_before_anything_is_bid_for(
    opened: Script, start: Started
) -> None:
    child = start(*run_words("true", "--once", "--sheet", "xls"))

    assert child.wait(60) == 2
    assert opened.asked == []


def test_a_cluster_that_is_not_there_is_told_and_nothing_is_bid_for(opened: Script, start: Started) -> None:
    child = start(*run_words("true", "--once", "--executor", "slurm"), PATH="/nowhere")

    _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert said.startswith("polyphemus-analyst: squeue: ")
    assert opened.calls("POST bids") == []


def test_another_name_than_the_keys_ends_the_run(opened: Script, start: Started) -> None:
    opened.answers["POST bids"].clear()
    opened.on("POST bids", 403, {"code": "not_yourself", "detail": "The bid names another analyst."})

    child = start(*run_words("true"))

    _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert said.endswith("That is saurabh.asthana@ucsf.edu; set --analyst.\n")


def test_a_server_that_is_away_is_told_by_the_conformance_kit(unheard: str, start: Started) -> None:
    child = start("conformance", unheard)

    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (
        1,
        f"polyphemus-analyst: {unheard} does not answer: [Errno 111] Connection refused.\n",
    )


def test_a_port_that_is_taken_is_told(server: Script, start: Started) -> None:
    port = server.url.rpartition(":")[2]

    child = start("practice", "--analysis", "exome_pipe", "--port", port)

    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (
        1,
        f"polyphemus-analyst: Nothing can listen on 127.0.0.1:{port}: Address already in use.\n",
    )


def test_a_thread_of_a_request_there_is_not_is_told(server: Script, start: Started) -> None:
    child = start("messages", "nothing")

    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (1, "polyphemus-analyst: Not Found (not_found)\n")


def test_a_secret_that_others_can_read_is_told(opened: Script, start: Started, secret_file: Path) -> None:
    secret_file.chmod(0o644)

    _, words = start("poll", "--analysis", "exome_pipe").communicate(timeout=60)

    assert (
        words == f"polyphemus-analyst: others can read {secret_file}; `chmod 600 {secret_file}` mends that.\n"
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"POLYPHEMUS_SECRET_FILE": "/nowhere"},
            "The secret in /nowhere can't be read: No such file or directory.",
        ),
        ({"POLYPHEMUS_KEY_ID": "pk_other", "POLYPHEMUS_SECRET_FILE": "/dev/null"}, "There is no secret"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    start: Started, environment: dict[str, str], sentence: str
) -> None:
    child = start("poll", "--analysis", "exome_pipe", **environment)

    _, words = child.communicate(timeout=60)
    assert child.returncode == 1
    assert sentence in words
    assert "Traceback" not in words


def test_a_key_the_server_does_not_believe_is_said_in_one_sentence(start: Started) -> None:
    child = start("poll", "--analysis", "exome_pipe", POLYPHEMUS_SECRET_FILE="", POLYPHEMUS_SECRET="wrong")

    _, words = child.communicate(timeout=60)
    assert child.returncode == 1
    assert words.endswith(f"does not accept the key {KEY_ID}.\n")


def test_polling_shows_a_table_to_a_person(
    opened: Script, secret_file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYPHEMUS_URL", opened.url)
    monkeypatch.setenv("POLYPHEMUS_KEY_ID", KEY_ID)
    monkeypatch.setenv("POLYPHEMUS_SECRET_FILE", str(secret_file))
    monkeypatch.setenv("TERM", "xterm")
    near, far = pty.openpty()

    with subprocess.Popen(
        [sys.executable, "-m", "polyphemus_analyst", "poll", "--analysis", "exome_pipe"],
        stdout=far,
        stderr=far,
    ) as child:
        assert child.wait(60) == 0
    shown = os.read(near, 10_000).decode()
    os.close(near)
    os.close(far)

    assert "┏" in shown
    assert "project" in shown
    assert NAME in shown
