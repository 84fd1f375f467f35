"""The command line. Keys come from the environment or a file, never from the command line itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import httpx
import typer

from polyphemus_analyst import configs, conformance, practice, rules, shows, trial, workplaces
from polyphemus_analyst.client import TIMEOUT, Dispatch, Held
from polyphemus_analyst.errors import AnalystError
from polyphemus_analyst.executors.base import Executor
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.executors.slurm import Slurm
from polyphemus_analyst.executors.wes import Wes, Workflow
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.keys import default_home, load_key
from polyphemus_analyst.running import Rhythm, run_rounds
from polyphemus_analyst.working import Analyst, Plan

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Find open analysis requests, bid for them, run them, send the tickets.",
)

Url = Annotated[str, typer.Option(envvar="POLYPHEMUS_URL", help="The server's public address.")]
KeyId = Annotated[str, typer.Option(envvar="POLYPHEMUS_KEY_ID", help="The key's id.")]
SecretFile = Annotated[
    Path | None,
    typer.Option(envvar="POLYPHEMUS_SECRET_FILE", help="A file with the secret; or set POLYPHEMUS_SECRET."),
]
Scheme = Annotated[
    str, typer.Option(envvar="POLYPHEMUS_SCHEME", help="How the key signs: etna-v1 or rfc9421-v1.")
]
Analysis = Annotated[str, typer.Option(help="The analysis, by name.")]
Project = Annotated[str, typer.Option(help="Only this project's requests.")]
Email = Annotated[
    str, typer.Option("--analyst", envvar="POLYPHEMUS_ANALYST", help="Who you are, by mail address.")
]
Name = Annotated[str, typer.Argument(help="The request, by name.")]
Seconds = Annotated[int, typer.Option("--time", min=1, help="Seconds.")]
Home = Annotated[
    Path, typer.Option(envvar="POLYPHEMUS_ANALYST_HOME", help="Where journal and jobs are kept.")
]


@app.command()
def poll(
    url: Url,
    key_id: KeyId,
    analysis: Analysis,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
    project: Project = "",
) -> None:
    """Show the open requests."""
    requests, _ = _dispatch(url, key_id, secret_file, scheme).open_requests(
        analysis=analysis, project=project
    )
    shows.requests(requests)


@app.command()
def bid(
    name: Name,
    url: Url,
    key_id: KeyId,
    analysis: Analysis,
    seconds: Seconds,
    analyst: Email,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
) -> None:
    """Offer to do a request within an estimate."""
    answer = _dispatch(url, key_id, secret_file, scheme).bid(
        analysis=analysis, name=name, seconds=seconds, analyst=analyst
    )
    shows.document(answer.document)


@app.command()
def ticket(
    name: Name,
    url: Url,
    key_id: KeyId,
    analysis: Analysis,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
) -> None:
    """Say that a request is done."""
    shows.document(_dispatch(url, key_id, secret_file, scheme).ticket(Held(analysis, name)).document)


@app.command()
def extend(
    name: Name,
    url: Url,
    key_id: KeyId,
    analysis: Analysis,
    seconds: Seconds,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
) -> None:
    """Ask for more time."""
    answer = _dispatch(url, key_id, secret_file, scheme).extend(Held(analysis, name), seconds=seconds)
    shows.document(answer.document)


@app.command()
def release(
    name: Name,
    url: Url,
    key_id: KeyId,
    analysis: Analysis,
    reason: Annotated[str, typer.Option(help="Why, for the requester.")],
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
) -> None:
    """Give a request back."""
    answer = _dispatch(url, key_id, secret_file, scheme).release(Held(analysis, name), reason=reason)
    shows.document(answer.document)


@app.command()
def messages(
    name: Name, url: Url, key_id: KeyId, secret_file: SecretFile = None, scheme: Scheme = "etna-v1"
) -> None:
    """Show what was said about a request of ours."""
    shows.messages(_dispatch(url, key_id, secret_file, scheme).messages(name))


@app.command()
def say(
    name: Name,
    text: Annotated[str, typer.Argument(help="What the requester should know.")],
    url: Url,
    key_id: KeyId,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
) -> None:
    """Write to the people of a request of ours."""
    shows.messages(_dispatch(url, key_id, secret_file, scheme).say(name, text))


@app.command()
def jobs(home: Home = default_home()) -> None:  # noqa: B008 — a constant of the environment
    """Show what we did and do."""
    journal = Journal(home)
    shows.jobs(journal.all())
    journal.close()


@app.command()
def run(  # noqa: PLR0913 — the options of a command line
    *,
    url: Url,
    key_id: KeyId,
    analysis: Analysis,
    estimate: Annotated[int, typer.Option(min=1, help="How long a request takes, in seconds.")],
    analyst: Email,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
    project: Project = "",
    slots: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 1,
    command: Annotated[
        str, typer.Option(help="Run for each request; {config}, {params}, {sheet}, {name}, {folder}.")
    ] = "",
    executor: Annotated[str, typer.Option(help="local, slurm or wes.")] = "local",
    sbatch: Annotated[str, typer.Option(help="Further options of sbatch, blank between them.")] = "",
    wes: Annotated[str, typer.Option(help="The workflow service's address, for wes.")] = "",
    workflow: Annotated[str, typer.Option(help="For wes: the workflow, a file or an address.")] = "",
    workflow_type: Annotated[str, typer.Option(help="For wes: CWL, WDL, NFL, ...")] = "CWL",
    workflow_version: Annotated[str, typer.Option(help="For wes: the version of that language.")] = "v1.2",
    schema: Annotated[
        Path | None, typer.Option(help="JSON Schema of the params; what does not fit is left.")
    ] = None,
    input_schema: Annotated[
        Path | None, typer.Option(help="JSON Schema of the sample sheet's rows; what does not fit is left.")
    ] = None,
    sheet: Annotated[
        str, typer.Option(help="Write the inputs as csv, tsv or json and name it in params.input.")
    ] = "",
    every: Annotated[
        float, typer.Option("--poll", min=0.1, help="Seconds between polls, unless told other.")
    ] = 300,
    once: Annotated[
        bool, typer.Option("--once", help="Poll once, finish what was taken, and end; for cron.")
    ] = False,
    realistic: Annotated[
        bool, typer.Option("--realistic", help="Bid the time it usually took you, once that is known.")
    ] = False,
    home: Home = default_home(),  # noqa: B008 — a constant of the environment
) -> None:
    """Bid for open requests, run them, and send the tickets."""
    place = executor_named(
        executor, sbatch=sbatch, wes=wes, workflow=Workflow(workflow, workflow_type, workflow_version)
    )
    if executor != "wes" and not command:
        raise typer.BadParameter("Say what to run.", param_hint="--command")
    if sheet and sheet not in workplaces.FORMS:
        raise typer.BadParameter(f"{sheet} is none of {', '.join(workplaces.FORMS)}.", param_hint="--sheet")
    plan = Plan(
        analysis=analysis,
        command=command,
        estimate=estimate,
        slots=slots,
        project=project,
        analyst=analyst,
        sheet=sheet,
        schema=configs.load_schema(schema) if schema else None,
        realistic=realistic,
        input_schema=configs.load_schema(input_schema) if input_schema else None,
    )
    journal = Journal(home)
    dispatch = _dispatch(url, key_id, secret_file, scheme)
    with journal.alone():
        work = Analyst(plan, dispatch, journal, place, shows.progress())
        code = run_rounds(work, Rhythm(poll=every, once=once), sleep=time.sleep)
    raise typer.Exit(code)


@app.command(name="conformance")
def try_conformance(  # noqa: PLR0913 — the options of a command line
    *,
    url: Annotated[str, typer.Argument(help="The server to try.")],
    key_id: KeyId,
    analyst: Email,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
    name: Annotated[
        str,
        typer.Option("--request", help="An open request set aside for the trial: it is played to its end."),
    ] = "",
    rival_key: Annotated[str, typer.Option("--rival-key-id", help="With it: another analyst's key.")] = "",
    rival_secret: Annotated[
        Path | None, typer.Option("--rival-secret-file", help="A file with its secret.")
    ] = None,
    rival: Annotated[str, typer.Option("--rival-analyst", help="Whose it is, by mail address.")] = "",
) -> None:
    """Try whether a server keeps the contract; without --request nothing is changed there."""
    if name and not (rival_key and rival_secret and rival):
        raise typer.BadParameter("It needs a rival, with key and secret.", param_hint="--request")
    with httpx.Client(timeout=TIMEOUT) as http:
        server = conformance.Server(url, load_key(key_id, secret_file, scheme), analyst, http)
        found = list(rules.findings(conformance.RULES, server))
        if name:
            other = conformance.Server(url, load_key(rival_key, rival_secret, scheme), rival, http)
            found += rules.findings(trial.RULES, trial.Trial(name, server, other))
    shows.findings(found)
    raise typer.Exit(1 if any(finding.fault for finding in found) else 0)


@app.command(name="practice")
def practise(
    key_id: KeyId,
    analyst: Email,
    analysis: Analysis,
    secret_file: SecretFile = None,
    scheme: Scheme = "etna-v1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen, on this machine.")] = 8765,
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait for the client.")] = 300,
) -> None:
    """Play a server, and try whether a client that signs with this key keeps the contract."""
    work = practice.Practice(load_key(key_id, secret_file, scheme), analysis, analyst)
    server = practice.listening(work, "127.0.0.1", port)
    sys.stderr.write(f"Point the client at http://127.0.0.1:{server.server_port} now.\n")
    sys.stderr.flush()
    found = practice.rehearse(work, server, seconds=seconds)
    shows.findings(found)
    raise typer.Exit(1 if any(finding.fault for finding in found) else 0)


def executor_named(name: str, *, sbatch: str, wes: str, workflow: Workflow) -> Executor:
    """The place where jobs run."""
    if name == "wes":
        if not (wes and workflow.url):
            raise typer.BadParameter("It needs --wes and --workflow.", param_hint="--executor wes")
        return Wes(wes, workflow)
    known: dict[str, Callable[[], Executor]] = {"local": Local, "slurm": lambda: Slurm(sbatch.split())}
    if name not in known:
        raise typer.BadParameter(f"{name} is none of local, slurm, wes.", param_hint="--executor")
    return known[name]()


def _dispatch(url: str, key_id: str, secret_file: Path | None, scheme: str) -> Dispatch:
    """The server, for this key."""
    return Dispatch(url, load_key(key_id, secret_file, scheme), warn=shows.warning)


def main() -> None:
    """Say what went wrong in one sentence, never in a traceback."""
    try:
        app()
    except AnalystError as error:
        shows.warning(str(error))
        sys.exit(1)
