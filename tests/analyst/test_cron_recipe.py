"""The recipe of docs/how-to/cron-analyst.md, as it stands on the page, against the real server."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.models import AnalysisRequest
from dispatch.services.keys import NewKey
from tests.analyst.standin import KEY_ID, SECRET, Script
from tests.system_packages import program

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "cron-analyst.md"
Round = Callable[[str], subprocess.CompletedProcess[str]]


def blocks() -> list[str]:
    """The page's scripts: the round, what signs its calls, and how the key is kept."""
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(params=["dash", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    return program(request.param, package=request.param)


@pytest.fixture
def play(address: str, server_key: NewKey, analyst: str, shell: str, tmp_path: Path) -> Round:
    """Do once what the page says, and then its round with a pipeline of ours."""
    for tool in ("curl", "openssl", "perl"):
        program(tool, package=tool)
    round_, call, keep = blocks()
    (tmp_path / "round").write_text(round_)
    (tmp_path / "call").write_text(call)
    settings = {"URL": address, "HOST": "localhost", "KEY_ID": server_key.key.pk, "EMAIL": analyst}
    lines = [f"{name}={value}" for name, value in (settings | {"ANALYSIS": "exome_pipe"}).items()]
    (tmp_path / "settings").write_text("\n".join(lines))
    run(shell, "-c", keep, cwd=tmp_path, told=server_key.secret + "\n")

    def begin(pipeline: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pipeline").write_text(f"#!/bin/sh\n{pipeline}\n")
        for name in ("pipeline", "call"):
            (tmp_path / name).chmod(0o700)
        return run(shell, "./round", cwd=tmp_path)

    return begin


def run(*words: str, cwd: Path, told: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 — the page's own scripts
        words, cwd=cwd, input=told, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_recipe_does_an_open_request(published: AnalysisRequest, play: Round) -> None:
    done = play('./call GET "requests/$1" | grep -q tumor.exome')

    published.refresh_from_db()
    assert (published.status, published.outcome) == ("archived", "ticket"), done.stderr + done.stdout


def test_the_recipe_gives_back_what_failed(published: AnalysisRequest, play: Round) -> None:
    done = play("exit 1")

    published.refresh_from_db()
    assert published.status == "new", done.stderr + done.stdout
    assert published.events.filter(kind="released", note="The pipeline failed.").exists()


def test_what_failed_is_not_taken_again(published: AnalysisRequest, play: Round) -> None:
    play("exit 1")

    done = play("true")

    published.refresh_from_db()
    assert (published.status, published.award, done.returncode) == ("new", 1, 0), done.stderr + done.stdout


def test_the_recipe_is_quiet_when_nothing_is_open(address: str, play: Round) -> None:
    done = play("exit 1")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_round_is_five_lines() -> None:
    round_, *_ = blocks()

    assert len(round_.splitlines()) == 5
    assert max(len(line) for line in round_.splitlines()) <= 140


def test_nothing_is_taken_of_another_analysis(published: AnalysisRequest, play: Round) -> None:
    AnalysisRequest.objects.update(analysis="rnaseq")

    done = play("true")

    published.refresh_from_db()
    assert (published.status, done.stderr) == ("new", "")


def test_the_key_is_readable_to_its_owner_alone_and_no_command_line_shows_it(
    published: AnalysisRequest, server_key: NewKey, shell: str, play: Round, tmp_path: Path
) -> None:
    """The only program there is tells what it was called with; a builtin's words are seen by nobody else."""
    play("true")
    _, call, keep = blocks()
    (tmp_path / "bin").mkdir()
    listening = tmp_path / "bin" / "perl"
    real = program("perl", package="perl")
    listening.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/heard\nexec {real} "$@"\n')
    listening.chmod(0o700)
    env = f"PATH={tmp_path / 'bin'}"
    done = run("/usr/bin/env", env, shell, "-c", keep, cwd=tmp_path, told=server_key.secret + "\n")
    started = (tmp_path / "heard").read_text()

    assert (done.returncode, done.stderr, started.count("pack")) == (0, "", 2)
    assert [stat.S_IMODE((tmp_path / f"pad.{pad}").stat().st_mode) for pad in ("36", "5c")] == [0o600] * 2
    assert server_key.secret not in started
    assert "secret" not in call


def test_a_server_below_a_path_is_signed_for_with_its_path(
    server: Script, shell: str, tmp_path: Path
) -> None:
    _, call, keep = blocks()
    (tmp_path / "call").write_text(call)
    (tmp_path / "settings").write_text(f"URL={server.url} HOST=127.0.0.1 BASE=/-\nKEY_ID={KEY_ID}\n")
    run(shell, "-c", keep, cwd=tmp_path, told=SECRET.decode() + "\n")
    server.on("GET requests", 200, {"requests": [], "next": None})

    run(shell, "./call", "GET", "requests", "analysis=exome_pipe", cwd=tmp_path)

    assert [(one.path, one.query) for one in server.asked] == [
        ("/-/api/v1/requests", {"analysis": "exome_pipe"})
    ]
