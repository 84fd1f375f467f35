"""The scene: the demo's environment, and its services started in order until all answer."""

from __future__ import annotations

import json
import sys
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx

from magma.demo import tokens
from polyphemus_site.demo import cast, secrets
from polyphemus_site.demo.narration import Narrator
from polyphemus_site.demo.processes import Stage, free_port

READY_SECONDS = 60.0
MANAGE = (sys.executable, "manage.py")
CELERY = (sys.executable, "-m", "celery", "-A", "polyphemus_site")
GRANIAN = (sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2")
SERVICE = "polyphemus@ucsf.edu"
#: Published pipelines whose parameters the demo's form asks for; see SOURCES.md there.
PIPELINES = Path(__file__).parent / "pipelines"
#: A wait people can watch; in a lab it is a quarter of an hour at least.
GRACE_SECONDS = 3


def environment(keys: secrets.DemoSecrets, *, url: str, magma_url: str) -> dict[str, str]:
    """What CONTRACT's variables are in the demo."""
    token = tokens.mint(
        keys.janus.private, email=SERVICE, perm=f"V:{cast.PROJECT},labors", life=cast.TOKEN_LIFE
    )
    return {
        "POLYPHEMUS_SECRET_KEY": keys.secret_key,
        "POLYPHEMUS_KEK": keys.kek,
        "POLYPHEMUS_URL": url,
        "POLYPHEMUS_MAGMA_URL": magma_url,
        "POLYPHEMUS_MAGMA_TOKEN": token,
        "POLYPHEMUS_JANUS_URL": magma_url,
        "POLYPHEMUS_JANUS_PUBLIC_KEY": keys.janus.public,
        "POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": keys.etna_key}),
        "POLYPHEMUS_PROJECTS": f"{cast.PROJECT},labors",
        "POLYPHEMUS_EMAIL_URL": f"filemail:///{keys.folder / 'mail'}",
        "POLYPHEMUS_GRACE_MINIMUM_SECONDS": str(GRACE_SECONDS),
        "POLYPHEMUS_SCAN_SECONDS": "15",
        "POLYPHEMUS_REDIS_PREFIX": f"demo:{keys.etna_key[:8]}:",
    }


def assemble(stage: Stage, folder: Path, narrator: Narrator) -> cast.Cast:
    """Start the warehouse, web, worker and beat; give everybody their token; wait until all answer."""
    narrator.begin("The warehouse, web, worker and beat start as processes of their own.")
    keys = secrets.make(folder)
    (folder / "mail").mkdir()
    web_port, magma_port = stage.keep_port(8000), free_port(8010)
    url, magma_url = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{magma_port}"
    stage.environment = {**stage.environment, **environment(keys, url=url, magma_url=magma_url)}
    start_warehouse(stage, keys, port=magma_port, journal_url=url)
    stage.run("migrate", [*MANAGE, "migrate", "--verbosity", "0"])
    pipeline = [str(PIPELINES / "nf-core_sarek.nextflow_schema.json"), "--analysis", "exome_pipe"]
    stage.run("import_schema", [*MANAGE, "import_schema", *pipeline])
    start_services(stage, folder, port=web_port)
    made = {analyst: create_key(stage, analyst) for analyst in (cast.ANALYST, cast.RIVAL)}
    for what, address in (("the warehouse", f"{magma_url}/"), ("Polyphemus", f"{url}/readyz")):
        narrator.until(what, partial(answers, address), seconds=READY_SECONDS)
    return cast.gather(stage, keys, url=url, magma_url=magma_url, keys=made)


def start_warehouse(stage: Stage, keys: secrets.DemoSecrets, *, port: int, journal_url: str) -> None:
    """The demo's Magma, which tells its updates to the journal; it keeps its rows where it has a database."""
    janus = ["--janus-public-key", str(keys.folder / "janus.pub")]
    janus += ["--janus-private-key", str(keys.folder / "janus.pem")]
    listen = ["--port", str(port), *janus]
    journal = ["--journal-url", journal_url, "--etna-key", keys.etna_key]
    database = stage.environment.get("POLYPHEMUS_MAGMA_DATABASE_URL")
    kept = ["--database-url", database] if database else []
    stage.start("warehouse", [sys.executable, "-m", "magma.demo", *listen, *journal, *kept])


def start_services(stage: Stage, folder: Path, *, port: int) -> None:
    """The three processes of production, as production starts them."""
    stage.start("web", [*GRANIAN, "--port", str(port), "polyphemus_site.wsgi:application"])
    stage.start("worker", [*CELERY, "worker", "--concurrency", "2", "--loglevel", "INFO"])
    stage.start("beat", [*CELERY, "beat", "--schedule", str(folder / "beat")])


def create_key(stage: Stage, analyst: str) -> dict[str, str]:
    """An analyst's key, made with the command an admin uses."""
    scope = ["--scheme", "etna-v1", "--analysis", "exome_pipe", "--project", cast.PROJECT]
    printed = stage.run("create_key", [*MANAGE, "create_key", analyst, *scope])
    words = [line.split() for line in printed.splitlines()]
    return {line[0]: line[1] for line in words if line[0] in {"id", "secret"}}


def answers(address: str) -> bool:
    """Whether somebody is up there (the warehouse says 401 to strangers)."""
    try:
        return httpx.get(address, timeout=5).status_code in {HTTPStatus.OK, HTTPStatus.UNAUTHORIZED}
    except httpx.TransportError:
        return False
