"""The recipe of docs/how-to/cron-analyst.md, as it stands on the page, against the real server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.models import AnalysisRequest
from dispatch.services.keys import NewKey
from tests.system_packages import program

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "cron-analyst.md"
Round = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def play(address: str, server_key: NewKey, analyst: str, tmp_path: Path) -> Round:
    """Run the page's script once with a pipeline of ours."""
    program("curl", package="curl")
    program("openssl", package="openssl")
    [script] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "round").write_text(script)
    (tmp_path / "secret").write_text(server_key.secret + "\n")

    def begin(pipeline: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pipeline").write_text(f"#!/bin/sh\n{pipeline}\n")
        (tmp_path / "pipeline").chmod(0o700)
        settings = {"URL": address, "KEY_ID": server_key.key.pk, "EMAIL": analyst, "ANALYSIS": "exome_pipe"}
        places = {"SECRET": str(tmp_path / "secret"), "PIPELINE": str(tmp_path / "pipeline")}
        return subprocess.run(
            ["/bin/sh", "./round"],
            cwd=tmp_path,
            env=os.environ | settings | places,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return begin


def test_the_recipe_does_an_open_request(published: AnalysisRequest, play: Round) -> None:
    done = play('grep -q tumor.exome "$1"')

    published.refresh_from_db()
    assert (published.status, published.outcome) == ("archived", "ticket"), done.stderr + done.stdout


def test_the_recipe_gives_back_what_failed(published: AnalysisRequest, play: Round) -> None:
    done = play("exit 1")

    published.refresh_from_db()
    assert published.status == "new", done.stderr + done.stdout
    assert published.events.filter(kind="released", note="The pipeline failed.").exists()


def test_the_recipe_is_quiet_when_nothing_is_open(address: str, play: Round) -> None:
    done = play("exit 1")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_secret_stands_on_no_command_line(
    published: AnalysisRequest, play: Round, tmp_path: Path
) -> None:
    [script] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    uses = [line for line in script.splitlines() if "$SECRET" in line]

    assert [line.strip() for line in uses] == [uses[0].strip()]
    assert '< "$SECRET"' in uses[0]
