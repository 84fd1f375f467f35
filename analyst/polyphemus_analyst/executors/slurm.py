"""Jobs on a SLURM cluster, known again by their name."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from polyphemus_analyst.errors import ExecutorError
from polyphemus_analyst.executors.base import RUNNING, Look, environment, vanished
from polyphemus_analyst.journal import Job
from polyphemus_analyst.workplaces import Workplace

TIMEOUT_S = 60
WAITING_OR_RUNNING = frozenset(
    {
        *(
            "PENDING",
            "CONFIGURING",
            "RUNNING",
            "SUSPENDED",
            "STOPPED",
            "SIGNALING",
            "COMPLETING",
            "STAGE_OUT",
        ),
        *("REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESIZING", "RESV_DEL_HOLD", "SPECIAL_EXIT"),
    }
)
#: The script ended with 0, even where a shared disk does not show us its exit file yet.
COMPLETED = "COMPLETED"


class Slurm:
    """`sbatch` with the analyst's further options (partition, memory); the folder is on a shared disk."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        """Options as sbatch takes them."""
        self.options = list(options)

    def refuse_unless_ready(self) -> None:
        """The scheduler answers, and takes jobs."""
        self._run("squeue", "--noheader", "--me", "--format", "%i")
        self._run("sbatch", "--version")

    def find(self, job: Job, place: Workplace) -> str | None:
        """The number of the job with this name; one that the queue forgot is found by its folder."""
        found = self._run("squeue", "--noheader", "--me", "--name", job_name(job), "--format", "%i").split()
        return found[0] if found else ("ended" if place.started() else None)

    def start(self, job: Job, place: Workplace) -> str:
        """Hand the script to the cluster; its number."""
        log = place.folder / "slurm.log"
        minutes = max(1, -(-job.estimate // 60))
        answer = self._run(
            "sbatch",
            "--parsable",
            f"--job-name={job_name(job)}",
            f"--chdir={place.folder}",
            f"--output={log}",
            f"--time={minutes}",
            "--no-requeue",
            *self.options,
            str(place.script),
        )
        return answer.strip().partition(";")[0]

    def prevent(self, job: Job, place: Workplace) -> bool:  # noqa: ARG002 — its folder tells
        """Its script finds the start taken, however late it comes to it."""
        return place.claim()

    def look(self, handle: str, place: Workplace) -> Look:
        """The exit file first, then the scheduler: a job over its limit is killed without a word."""
        code = place.exit_code()
        if code is not None:
            return Look(running=False, exit_code=code)
        state = self._state(handle)
        if state in WAITING_OR_RUNNING:
            return RUNNING
        if state == COMPLETED:
            return Look(running=False, exit_code=0)
        # It may have ended between the two looks.
        code = place.exit_code()
        return Look(running=False, exit_code=code) if code is not None else vanished(f"SLURM says {state}.")

    def stop(self, handle: str, place: Workplace) -> None:  # noqa: ARG002 — the number says enough
        """Cancel it."""
        if handle.isdigit():
            self._run("scancel", handle)

    def lengthen(self, handle: str, place: Workplace, seconds: int) -> None:  # noqa: ARG002 — as above
        """The limit follows the due date; only operators may raise it, so a refusal is no failure."""
        try:
            self._run("scontrol", "update", f"JobId={handle}", f"TimeLimit=+{max(1, -(-seconds // 60))}")
        except ExecutorError:
            return

    def _state(self, handle: str) -> str:
        try:
            answer = self._run(
                "squeue", "--noheader", "--jobs", handle, "--states=all", "--format", "%T"
            ).split()
        except ExecutorError as error:
            if "Invalid job id" in str(error):
                return "nothing of it any more"
            raise
        return answer[0] if answer else "nothing of it any more"

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 — SLURM's own programs
                command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True, env=environment()
            )
        except subprocess.CalledProcessError as error:
            raise ExecutorError(f"{command[0]}: {error.stderr.strip()}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExecutorError(f"{command[0]}: {error}") from error
        return done.stdout


def job_name(job: Job) -> str:
    """A request's name is unique for ever, so the job's is too."""
    return f"poly-{job.name}"
