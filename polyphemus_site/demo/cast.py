"""Who plays: the people as HTTP clients, the analyst as a program of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import Any

from magma.demo import tokens
from magma.demo.loading import Loader
from polyphemus_site.demo import cron
from polyphemus_site.demo.cron import CronAnalyst
from polyphemus_site.demo.processes import Process, Stage
from polyphemus_site.demo.secrets import DemoSecrets, write_private
from polyphemus_site.demo.web import Person

PROJECT = "dt_lung"
REQUESTER, CURATOR, ANALYST = "dr.who@ucsf.edu", "curator@ucsf.edu", "saurabh.asthana@ucsf.edu"
#: Polls with the recipe for cron.
RIVAL = "rival@ucsf.edu"
TOKEN_LIFE = timedelta(days=30)
ANALYST_PROGRAM = str(Path(sys.executable).parent / "polyphemus-analyst")
CHECKOUT = Path(__file__).resolve().parent.parent.parent
PIPELINE = f"{sys.executable} -m magma.demo.exome_pipe {{config}}"


@dataclass
class Cast:
    """Everybody the story needs."""

    stage: Stage
    url: str
    requester: Person
    curator: Person
    warehouse: Loader
    key: dict[str, str]
    secret_file: Path
    login: str
    #: None where the recipe's tools are not installed.
    cron: CronAnalyst | None
    environment_file: Path

    def start_analyst(self, *, estimate: int) -> Process:
        """The analyst's own program: polls, bids, runs the pipeline, submits the ticket, ends."""
        run = [
            "run",
            "--analysis",
            "exome_pipe",
            "--command",
            PIPELINE,
            "--estimate",
            str(estimate),
            "--once",
        ]
        command = [ANALYST_PROGRAM, *run]
        return self.stage.start("analyst", command, lasting=False, **self._loads_as(), **self._signed())

    def start_cron(self) -> Process | None:
        """One round of the recipe for cron; None where its tools are not installed."""
        if self.cron is None:
            return None
        return self.stage.start("cron", self.cron.command, lasting=False, **self._loads_as())

    def bid(self, name: str, *, seconds: int) -> Any:
        """What the server answers to a bid for `name`."""
        bid = ["bid", name, "--analysis", "exome_pipe", "--time", str(seconds)]
        return json.loads(self.stage.run("bid", [ANALYST_PROGRAM, *bid], **self._signed()))

    def places(self) -> Iterator[tuple[str, str]]:
        """Where to look, and as whom."""
        yield "pages (choose who you are)", self.login
        yield "suggestions", f"{self.url}/{PROJECT}/suggestions"
        yield "requests", f"{self.url}/{PROJECT}/requests"
        yield "orphans", f"{self.url}/{PROJECT}/orphans"
        yield "admin", f"{self.url}/admin/ (as {CURATOR})"
        yield "how everything is", f"{self.url}/readyz"
        yield "for commands elsewhere", f". {self.environment_file}"
        yield "the analyst's key", f"{self.key['id']}, secret in {self.secret_file}"

    def _loads_as(self) -> dict[str, str]:
        """What a pipeline needs to load its output; each job runs in a folder of its own."""
        warehouse = {"MAGMA_URL": self.warehouse.url, "MAGMA_TOKEN": self.warehouse.token}
        return warehouse | {"PYTHONPATH": str(CHECKOUT)}

    def _signed(self) -> dict[str, str]:
        return {
            "POLYPHEMUS_URL": self.url,
            "POLYPHEMUS_KEY_ID": self.key["id"],
            "POLYPHEMUS_SECRET_FILE": str(self.secret_file),
            "POLYPHEMUS_ANALYST": ANALYST,
            "POLYPHEMUS_ANALYST_HOME": str(self.secret_file.parent / "analyst"),
        }


def written_environment(stage: Stage, folder: Path, **more: str) -> Path:
    """The demo's environment, to be read by a shell that wants to run commands beside it."""
    ours = ("DATABASE_URL", "REDIS_URL", "POLYPHEMUS_")
    inherited = {name: value for name, value in os.environ.items() if name.startswith(ours)}
    everything = {**inherited, **stage.environment, **more}
    lines = [f"export {name}={quote(value)}" for name, value in everything.items()]
    return write_private(folder / "environment", "\n".join([*lines, ""]))


def gather(
    stage: Stage, secrets: DemoSecrets, *, url: str, magma_url: str, keys: dict[str, dict[str, str]]
) -> Cast:
    """Give everybody their token or key."""
    key = keys[ANALYST]

    def token(email: str, perm: str) -> str:
        return tokens.mint(secrets.janus.private, email=email, perm=perm, life=TOKEN_LIFE)

    def person(email: str, perm: str) -> Person:
        return Person(url=url, email=email, token=token(email, perm))

    warehouse = Loader(magma_url, token(ANALYST, f"E:{PROJECT}"), PROJECT)
    return Cast(
        stage=stage,
        url=url,
        requester=person(REQUESTER, f"E:{PROJECT},labors"),
        curator=person(CURATOR, f"A:{PROJECT},labors"),
        warehouse=warehouse,
        key=key,
        secret_file=write_private(secrets.folder / "analyst.secret", key["secret"]),
        login=f"{magma_url}/login?refer={url}/",
        cron=None
        if cron.lacking()
        else cron.prepare(secrets.folder / "cron", email=RIVAL, url=url, key=keys[RIVAL]),
        environment_file=written_environment(
            stage,
            secrets.folder,
            POLYPHEMUS_DEMO_TOKEN=warehouse.token,
            POLYPHEMUS_DEMO_PERSON=token(REQUESTER, f"E:{PROJECT},labors"),
        ),
    )
