"""The analyst's round: look after the jobs we have, then bid for what fits.

Each step reads the journal, does one thing, and writes what came of it; the next round goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from polyphemus_analyst import configs, workplaces
from polyphemus_analyst.client import Answer, Dispatch, Held
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import AnalystError, ConfigError, ExecutorError, RefusedError, UnreachableError
from polyphemus_analyst.executors.base import Executor
from polyphemus_analyst.journal import Job, Journal
from polyphemus_analyst.states import JobState
from polyphemus_analyst.workplaces import Workplace

#: At this share of the time we know whether it will be enough.
ASK_AT = 0.8
#: How often a running job's request is read, to learn of a cancellation.
READ_EVERY = timedelta(seconds=60)
#: The server's word for a bid in another's name: every other bid would end like it.
NOT_YOURSELF = "not_yourself"
#: Its word for a key under which other words were sent before.
KEY_REUSED = "idempotency_key_reused"
#: After a week the server no longer knows which bid won it.
HELD_ALREADY = "yours already: by another run, or by this one long ago; if by none, `release` gives it back"


@dataclass(frozen=True)
class Plan:
    """What this analyst does: which analysis, how, where, and how much at once."""

    analysis: str
    command: str
    estimate: int
    #: Who we are: the key's mail address.
    analyst: str
    slots: int = 1
    project: str = ""
    sheet: str = ""
    schema: Mapping[str, Any] | None = None
    #: Of the rows of the sample sheet.
    input_schema: Mapping[str, Any] | None = None
    #: More time to ask for, as a share of the estimate.
    more: float = 0.5
    #: Bid the time our own past says it takes, once that is known.
    realistic: bool = False

    @property
    def sheet_written(self) -> str:
        """The form of the sample sheet that is written and named in `params.input`; empty when none is."""
        return self.sheet or ("csv" if "{sheet}" in self.command else "")


@dataclass
class Analyst:
    """Does one round when asked."""

    plan: Plan
    dispatch: Dispatch
    journal: Journal
    executor: Executor
    say: Callable[[str, str], None]
    read_at: dict[str, datetime] = field(default_factory=dict)
    #: How many messages of each request were passed on.
    heard: dict[str, int] = field(default_factory=dict)
    #: Why each request waits or is left alone, as it was last said.
    said: dict[str, str] = field(default_factory=dict)

    def look_after(self) -> list[Job]:
        """Take every live job as far as it will go now; those still live. One's trouble stops no other."""
        for job in self.journal.live():
            self._try(job)
        return self.journal.live()

    def take_up(self) -> float | None:
        """Bid for open requests while slots are free; the server's advice for the next poll, in seconds.

        ExecutorError: nothing could be started now, so nothing was bid for.
        """
        requests, advice = self.dispatch.open_requests(analysis=self.plan.analysis, project=self.plan.project)
        if requests and len(self.journal.live()) < self.plan.slots:
            self.executor.refuse_unless_ready()
        for request in requests:
            if len(self.journal.live()) >= self.plan.slots:
                break
            self._begin(request)
        return advice

    def _begin(self, request: Request) -> None:
        try:
            self._refuse_unfit(request.config)
        except ConfigError as error:
            self._say_once(request.name, f"not for us: {error}")
            return
        job = self.journal.begin(request, estimate=self._estimate())
        if job is not None:
            self._try(job)

    def _estimate(self) -> int:
        if not self.plan.realistic:
            return self.plan.estimate
        return self.dispatch.usual_seconds(analysis=self.plan.analysis) or self.plan.estimate

    def _try(self, job: Job) -> None:
        """What can't be done now is done in a later round: the disk is full, the key has lost its scope."""
        try:
            self._advance(job)
        except (UnreachableError, ExecutorError, RefusedError, ConfigError, OSError) as error:
            self._say_once(job.name, f"later: {error}")

    def _say_once(self, name: str, words: str) -> None:
        """What stays as it is from round to round is no news."""
        if self.said.get(name) != words:
            self.said[name] = words
            self.say(name, words)

    def _advance(self, job: Job) -> None:
        """Step until the job waits for something outside."""
        steps = {
            JobState.BIDDING: self._bid,
            JobState.WON: self._prepare,
            JobState.STARTING: self._start,
            JobState.RUNNING: self._watch,
            JobState.ENDED: self._report,
        }
        while job.state in steps:
            stepped = steps[job.state](job)
            if stepped.state == job.state:
                return
            self.said.pop(job.name, None)
            self.say(job.name, f"{stepped.state}{': ' + stepped.note if stepped.note else ''}")
            job = stepped

    def _bid(self, job: Job) -> Job:
        now = self.dispatch.clock.now()
        try:
            answer = self._offer(job)
        except RefusedError as error:
            lost = self.journal.move(job, JobState.LOST, note=str(error))
            if error.code == NOT_YOURSELF:
                raise AnalystError(f"{error} That is {self.plan.analyst}; set --analyst.") from error
            return lost
        if answer.repeated:
            return self.journal.move(job, JobState.LOST, note=HELD_ALREADY)
        due = answer.due or now + timedelta(seconds=job.estimate)
        return self.journal.move(job, JobState.WON, award=answer.award, started_at=now, due_at=due)

    def _offer(self, job: Job) -> Answer:
        """Bid under the job's key.

        A server keeps the answers of good bids alone: where the key was used for other words (another
        spelling of our address), an earlier life of ours has won with them.
        """
        offer = partial(
            self.dispatch.bid,
            analysis=job.analysis,
            name=job.name,
            seconds=job.estimate,
            analyst=self.plan.analyst,
        )
        try:
            return offer(key=f"bid-{job.key}")
        except RefusedError as error:
            if error.code != KEY_REUSED:
                raise
            return replace(offer(), repeated=False)

    def _prepare(self, job: Job) -> Job:
        """Fetch the config as awarded and write the folder; nothing runs yet."""
        try:
            self._refuse_unfit(job.config)
            self._place(job)
        except ConfigError as error:
            return self.journal.move(job, JobState.ENDED, note=f"The config can't be run: {error}")
        return self.journal.move(job, JobState.STARTING)

    def _start(self, job: Job) -> Job:
        """Adopt the job when an earlier life of ours started it, else start it."""
        place = self._place(job)
        handle = self.executor.find(job, place)
        if handle is None:
            try:
                handle = self.executor.start(job, place)
            except ExecutorError as error:
                handle = self.executor.find(job, place)  # no answer is not a no: it may have begun
                if handle is None and not self.executor.prevent(job, place):
                    raise
                if handle is None:
                    return self.journal.move(job, JobState.ENDED, note=str(error))
        return self.journal.move(job, JobState.RUNNING, handle=handle)

    def _watch(self, job: Job) -> Job:
        place = self._folder(job)
        seen = self.executor.look(job.handle, place)
        if not seen.running:
            return self.journal.move(job, JobState.ENDED, exit_code=seen.exit_code, note=seen.note)
        now = self.dispatch.clock.now()
        if now - self.read_at.setdefault(job.name, now) >= READ_EVERY:
            self.read_at[job.name] = now
            job = self._read(job, place)
        return self._ask_for_time(job, place, now) if job.state == JobState.RUNNING else job

    def _read(self, job: Job, place: Workplace) -> Job:
        """Learn from the server whether the work is still wanted of us, and until when."""
        request, due = self.dispatch.request(job.name)
        if request is None:
            return job
        if request.outcome == "passed" and request.analyst.lower() == self.plan.analyst.lower():
            return job  # its output is seen: whatever it still does is its own to end
        if request.status == "archived" or request.analyst.lower() != self.plan.analyst.lower():
            self.executor.stop(job.handle, place)
            reason = request.outcome or f"now {request.analyst or 'open'}"
            return self.journal.move(job, JobState.WITHDRAWN, note=reason)
        self._hear(job)
        if request.status == "deferred":
            return self._still_at_it(job, place)
        return self.journal.note(job, due_at=due) if due else job

    def _hear(self, job: Job) -> None:
        """Pass on what people wrote since we last looked."""
        try:
            thread = self.dispatch.messages(job.name)
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # a server that keeps no thread
                return
            raise
        for message in thread[self.heard.get(job.name, 0) :]:
            if message.side != "analyst":
                self.say(job.name, f"{message.author} writes: {' '.join(message.text.split())}")
        self.heard[job.name] = len(thread)

    def _ask_for_time(self, job: Job, place: Workplace, now: datetime) -> Job:
        """Once for each due date, when four fifths of the time have gone."""
        if job.due_at is None or job.started_at is None or job.asked_for == job.due_at:
            return job
        if now < job.started_at + (job.due_at - job.started_at) * ASK_AT:
            return job
        asked = self.journal.note(job, asked_for=job.due_at)
        return self._ask(asked, place, key=f"extend-{job.key}-{int(job.due_at.timestamp())}")

    def _still_at_it(self, job: Job, place: Workplace) -> Job:
        """The time has run out and the job goes on: say how much longer, should the requester ask for help.

        Until then the server keeps it as a wish; the same wish again is nothing new to it.
        """
        return self._ask(job, place, key=f"answer-{job.key}-{int(self.dispatch.clock.now().timestamp())}")

    def _ask(self, job: Job, place: Workplace, *, key: str) -> Job:
        more = max(1, int(job.estimate * self.plan.more))
        try:
            answer = self.dispatch.extend(_held(job), seconds=more, key=key)
        except RefusedError as error:
            self.say(job.name, f"no more time: {error}")
            return job
        self.say(job.name, f"{more} s more: {answer.message}")
        if answer.message != "extended" or answer.due is None:
            return job
        self.executor.lengthen(job.handle, place, more)
        return self.journal.note(job, due_at=answer.due)

    def _report(self, job: Job) -> Job:
        """The ticket after a good end, else the work goes back with the reason."""
        try:
            if job.exit_code == 0:
                self.dispatch.ticket(_held(job), key=f"ticket-{job.key}")
                return self.journal.move(job, JobState.DONE)
            reason = self._reason(job)
            self.dispatch.release(_held(job), reason=reason, key=f"release-{job.key}")
            return self.journal.move(job, JobState.RELEASED, note=reason)
        except RefusedError as error:
            if error.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise UnreachableError(str(error)) from error
            return self.journal.move(job, JobState.KEPT, note=str(error))

    def _reason(self, job: Job) -> str:
        if job.exit_code is None:
            return job.note or "The command did not end."
        words = self._folder(job).last_words()
        return f"The command ended with exit code {job.exit_code}" + (f": {words}" if words else ".")

    def _refuse_unfit(self, config: Mapping[str, Any]) -> None:
        if self.plan.schema is not None:
            configs.refuse_bad_params(
                config.get("params") or {}, self.plan.schema, sheet=self.plan.sheet_written
            )
        if self.plan.input_schema is not None:
            configs.refuse_bad_rows(config.get("inputs") or [], self.plan.input_schema)

    def _place(self, job: Job) -> Workplace:
        return workplaces.prepare(
            self._folder(job).folder, job, command=self.plan.command, sheet=self.plan.sheet
        )

    def _folder(self, job: Job) -> Workplace:
        """A folder for each award: a request lost once and won later starts with a clean one."""
        return Workplace(Path(self.journal.home / "jobs" / job.name))


def _held(job: Job) -> Held:
    return Held(analysis=job.analysis, name=job.name, award=job.award)
