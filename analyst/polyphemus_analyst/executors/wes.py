"""Jobs behind a GA4GH Workflow Execution Service (WES 1.0), known again by their tag."""

from __future__ import annotations

import json
import mimetypes
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from polyphemus_analyst.addresses import server_at
from polyphemus_analyst.errors import ExecutorError, UnansweredError
from polyphemus_analyst.executors.base import RUNNING, Look, vanished
from polyphemus_analyst.journal import Job
from polyphemus_analyst.workplaces import Workplace

TAG = "polyphemus"
TOKEN_VARIABLE = "POLYPHEMUS_WES_TOKEN"  # noqa: S105 — the name of a variable
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
GOING_ON = frozenset({"UNKNOWN", "QUEUED", "INITIALIZING", "RUNNING", "PAUSED", "CANCELING"})
DONE = "COMPLETE"
#: So long a run is looked for whose submission was not answered, before its work is given back.
PATIENCE_S = 600.0
#: And so often.
LOOK_S = 15.0
DOUBT = "The workflow service at {runs} did not answer; the run may yet show."


@dataclass(frozen=True)
class Workflow:
    """What the service runs: an address, or a file that is sent along."""

    url: str
    type: str = "CWL"
    version: str = "v1.2"

    @property
    def file(self) -> Path | None:
        """The file, when it is one here."""
        path = Path(self.url)
        return path if "://" not in self.url and path.is_file() else None


class Wes:
    """The request's params become the workflow's, with its whole config beside them as the file `config`."""

    def __init__(self, url: str, workflow: Workflow, http: httpx.Client | None = None) -> None:
        """A token comes from POLYPHEMUS_WES_TOKEN."""
        token = os.environ.get(TOKEN_VARIABLE, "")
        self.runs = f"{server_at(url)}/ga4gh/wes/v1/runs"
        self.workflow = workflow
        self.http = http or httpx.Client(timeout=TIMEOUT)
        #: When each run was last looked for whose submission was not answered.
        self.looked_at: dict[str, float] = {}
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def refuse_unless_ready(self) -> None:
        """The service answers."""
        self._ask("GET", self.runs.removesuffix("runs") + "service-info")

    def find(self, job: Job, place: Workplace) -> str | None:
        """The run that carries this request's tag."""
        if _doubted_for(place) is not None:
            self._refuse_too_soon(job)
        for run in self._all_runs():
            shown = self._ask("GET", f"{self.runs}/{run}")
            if (shown.get("request", {}).get("tags") or {}).get(TAG) == job.name:
                return run
        return None

    def start(self, job: Job, place: Workplace) -> str:
        """Submit it; the run's id. What was not answered is not submitted a second time."""
        if _doubted_for(place) is not None:
            raise ExecutorError(DOUBT.format(runs=self.runs))
        try:
            return self._submit(job, place)
        except UnansweredError:
            _doubt(place).touch()
            raise

    def prevent(self, job: Job, place: Workplace) -> bool:  # noqa: ARG002 — its folder tells
        """Nothing recalls a submission: what does not show for a while is taken for lost."""
        seconds = _doubted_for(place)
        return seconds is None or seconds >= PATIENCE_S

    def _submit(self, job: Job, place: Workplace) -> str:
        form = {
            "workflow_params": json.dumps(self._params(place)),
            "workflow_type": self.workflow.type,
            "workflow_type_version": self.workflow.version,
            "workflow_url": self.workflow.file.name if self.workflow.file else self.workflow.url,
            "tags": json.dumps({TAG: job.name}),
        }
        with ExitStack() as stack:
            sent = [
                ("workflow_attachment", (path.name, stack.enter_context(path.open("rb")), _kind(path)))
                for path in self._attached(place)
            ]
            answer = self._ask("POST", self.runs, data=form, files=sent)
        return str(answer["run_id"])

    def look(self, handle: str, place: Workplace) -> Look:  # noqa: ARG002 — the service knows
        """The run's state."""
        state = str(self._ask("GET", f"{self.runs}/{handle}/status").get("state"))
        if state in GOING_ON:
            return RUNNING
        if state == DONE:
            return Look(running=False, exit_code=0)
        return vanished(f"The workflow service says {state}.")

    def stop(self, handle: str, place: Workplace) -> None:  # noqa: ARG002 — the service knows
        """Cancel it."""
        self._ask("POST", f"{self.runs}/{handle}/cancel")

    def lengthen(self, handle: str, place: Workplace, seconds: int) -> None:
        """The service knows no limit."""

    def _refuse_too_soon(self, job: Job) -> None:
        """A service in trouble is not asked for all its runs every second."""
        instant = time.monotonic()
        if instant - self.looked_at.get(job.name, -LOOK_S) < LOOK_S:
            raise ExecutorError(DOUBT.format(runs=self.runs))
        self.looked_at[job.name] = instant

    def _params(self, place: Workplace) -> dict[str, Any]:
        params: dict[str, Any] = json.loads((place.folder / "params.json").read_text(encoding="utf-8"))
        config: Any = "config.json"
        return params | {"config": {"class": "File", "location": config} if self._is_cwl() else config}

    def _attached(self, place: Workplace) -> list[Path]:
        sheets = sorted(place.folder.glob("samplesheet.*"))
        return [*([self.workflow.file] if self.workflow.file else []), place.folder / "config.json", *sheets]

    def _is_cwl(self) -> bool:
        return self.workflow.type.upper() == "CWL"

    def _all_runs(self) -> Iterator[str]:
        query: dict[str, str] = {"page_size": "100"}
        while True:
            page = self._ask("GET", self.runs, params=query)
            # The standard says `runs`; its reference server says `workflows`.
            for run in page.get("runs") or page.get("workflows") or []:
                yield str(run["run_id"])
            if not page.get("next_page_token"):
                return
            query["page_token"] = str(page["next_page_token"])

    def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self.http.request(method, url, **options)
            answer.raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            kind = ExecutorError if _is_no(error) else UnansweredError
            raise kind(f"The workflow service at {self.runs}: {error}") from error
        if not isinstance(document, dict):
            raise ExecutorError(f"The workflow service at {self.runs} answered with no document.")
        return document


def _is_no(error: Exception) -> bool:
    """Whether nothing was done: the call never arrived, or was refused."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_client_error
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def _doubt(place: Workplace) -> Path:
    """The file that tells, also to a later life, since when a submission was not answered."""
    return place.folder / "unanswered"


def _doubted_for(place: Workplace) -> float | None:
    """For how many seconds; None where there is no doubt."""
    try:
        return time.time() - _doubt(place).stat().st_mtime
    except FileNotFoundError:
        return None


def _kind(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
