"""Whatever everybody does, and whenever processes die: no illegal history, no dead end, no double award."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dispatch.models import RequestEvent
from dispatch.webhooks.services import endpoints
from tests.dispatch.calls import KEK
from tests.dispatch.machine import laws
from tests.dispatch.machine.world import ANALYSTS, PATIENTS, REQUESTER, World, world
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

EXAMPLES, STEPS, MOST = 10, 60, 9
#: To the end of every wait there is: a deferral, three days for help.
TO_THE_END = 8
WAITS = st.sampled_from([timedelta(seconds=1), timedelta(minutes=6), timedelta(hours=1), timedelta(days=7)])
TIMES = st.sampled_from(["1", "60", "3600", "86400"])
#: Before which statement a worker dies, if it does; a sweep of a few requests makes about twenty.
KILLS = st.one_of(st.none(), st.none(), st.integers(1, 25))
ANALYST = st.sampled_from(ANALYSTS)
#: Mostly whoever holds the request, sometimes somebody who would like to.
HOLDER = st.sampled_from(["holder", "holder", *ANALYSTS])


class Everybody(RuleBasedStateMachine):
    """Each rule is one act of somebody; what it may answer is checked there, the histories after each."""

    def __init__(self, world: World) -> None:
        """Play in a world that others have played in before."""
        super().__init__()
        self.world = world
        self.loaded: set[str] = set()
        #: Who was told "go" for which award.
        self.goes: dict[tuple[str, int], str] = {}

    @initialize()
    def begin(self) -> None:
        """Nothing is published, nothing is loaded, Magma answers."""
        self.world.made.clear()
        self.world.magma_is_up = True
        self.world.unload(PATIENTS)
        self.patient_of = {self.world.publish_of(patient): patient for patient in PATIENTS[:2]}
        self.patient_of[self.world.publish()] = ""

    # --- the requester ------------------------------------------------------------------------------------
    @precondition(lambda self: len(self.world.made) < MOST)
    @rule(patient=st.sampled_from(["", *PATIENTS]))
    def publish(self, patient: str) -> None:
        """Ask for one thing more."""
        name = self.world.publish_of(patient) if patient else self.world.publish()
        self.patient_of[name] = patient

    @rule(data=st.data(), choice=st.sampled_from(["extend", "extend", "extend", "cancel"]), time=TIMES)
    def decide(self, data: st.DataObject, choice: str, time: str) -> None:
        """Choose, whether there is a choice now or not."""
        name = self.any_name(data)
        body = {"time": time} if choice == "extend" else {"note": "please"}
        answered(self.world.person(f"requests/{name}/{choice}", body), 200, 409)
        laws.keep(self.world.row(name))

    # --- the analysts -------------------------------------------------------------------------------------
    @rule(data=st.data(), analyst=ANALYST, time=TIMES)
    def bid(self, data: st.DataObject, analyst: str, time: str) -> None:
        """Offer to do something: of all who ever hear "go" for an award there is one."""
        name = self.any_name(data)
        body = {"analysis": "exome_pipe", "analyst": analyst, "name": name, "time": time}
        self.hear(name, analyst, self.world.program(analyst, "bids", body))
        laws.keep(self.world.row(name))

    @rule(
        data=st.data(), analyst=HOLDER, which=st.sampled_from(["", "present", "former"]), again=st.booleans()
    )
    def ticket(self, data: st.DataObject, analyst: str, which: str, again: bool) -> None:
        """Say that it is done: only the holder of the present award is believed, and answered alike again."""
        name = self.any_name(data)
        analyst = self.named(analyst, name)
        before = self.world.row(name)
        award = {
            "": {},
            "present": {"award": before.award or 1},
            "former": {"award": max(1, before.award - 1)},
        }
        act = partial(self.claim, analyst, "tickets", name, **award[which])
        key = {"Idempotency-Key": f"ticket-{name}-{self.world.clock.now().timestamp()}"} if again else {}
        answers = {answered(act(**key), 200, 409).status_code for _ in range(2 if again else 1)}
        after = self.world.row(name)
        assert len(answers) == 1
        if after.status == "archived" != before.status:
            assert (before.analyst, after.outcome) == (analyst, "ticket")
        laws.keep(after)

    @rule(data=st.data(), analyst=HOLDER, time=TIMES)
    def ask_for_time(self, data: st.DataObject, analyst: str, time: str) -> None:
        """Ask for more: given, put to the requester, or refused."""
        name = self.any_name(data)
        analyst = self.named(analyst, name)
        answered(self.claim(analyst, "extensions", name, time=time), 200, 202, 409)
        laws.keep(self.world.row(name))

    @rule(data=st.data(), analyst=HOLDER)
    def release(self, data: st.DataObject, analyst: str) -> None:
        """Give it back."""
        name = self.any_name(data)
        analyst = self.named(analyst, name)
        before = self.world.row(name)
        answer = answered(self.claim(analyst, "releases", name, reason="disk full"), 200, 409)
        assert (answer.status_code == 200) == (before.analyst == analyst and before.status in laws_held())
        laws.keep(self.world.row(name))

    @rule(data=st.data(), analyst=HOLDER)
    def write(self, data: st.DataObject, analyst: str) -> None:
        """Say something on the request."""
        name = self.any_name(data)
        analyst = self.named(analyst, name)
        held = self.world.row(name).analyst == analyst
        answer = answered(self.world.program(analyst, f"requests/{name}/messages", {"text": "hi"}), 201, 409)
        assert (answer.status_code == 201) == held

    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        """Somebody loads an output."""
        patient = data.draw(st.sampled_from(PATIENTS))
        self.world.load(patient)
        self.loaded.add(patient)

    # --- time, the warehouse, and crashes -----------------------------------------------------------------
    @rule(by=WAITS, kills=st.lists(KILLS, min_size=1, max_size=3))
    def wait(self, by: timedelta, kills: list[int | None]) -> None:
        """Time passes, and workers look at what has come due, some to their death."""
        self.world.clock.pass_time(by)
        self.sweep(*kills)

    @rule(data=st.data(), kill=KILLS)
    def wait_for(self, data: st.DataObject, kill: int | None) -> None:
        """Just so long that there is something to do with one of them."""
        if (wake_at := self.world.row(self.any_name(data)).wake_at) is not None:
            self.world.clock.pass_time(
                max(wake_at - self.world.clock.now(), timedelta()) + timedelta(seconds=1)
            )
        self.sweep(kill)

    @rule(data=st.data())
    def ask_for_help(self, data: st.DataObject) -> None:
        """The requester of what was deferred asks its analyst."""
        name = self.any_name(data)
        deferred = self.world.row(name).status == laws.DEFERRED
        answer = answered(self.world.person(f"requests/{name}/help", {"note": "please"}), 200, 409)
        assert (answer.status_code == 200) == deferred
        laws.keep(self.world.row(name))

    @rule()
    def lose_magma(self) -> None:
        """Nobody can ask it."""
        self.world.magma_is_up = False

    @rule()
    def find_magma(self) -> None:
        """It answers again."""
        self.world.magma_is_up = True

    @rule()
    def lose_a_web_worker(self) -> None:
        """It is killed; the next takes over."""
        self.world.kill_a_web_worker()

    def teardown(self) -> None:
        """Left alone, everything comes to rest where somebody has a choice; and then it can be ended."""
        if not self.world.made:
            return
        self.world.magma_is_up = True
        for _ in range(TO_THE_END):
            rows = [self.world.row(name) for name in self.world.made]
            if all(row.wake_at is None for row in rows):
                break
            self.world.clock.pass_time(timedelta(days=4))
            self.sweep(None)
        assert {row.status for row in rows} <= {"new", "deferred", "archived"}
        assert all(row.wake_at is None for row in rows)
        assert {row.name for row in rows if row.status == "new"} <= set(self.world.poll(ANALYSTS[0]))
        for row in rows:
            self.world.person(f"requests/{row.name}/cancel")
            ended = self.world.row(row.name)
            assert ended.status == "archived"
            laws.keep(ended)

    # --- how ----------------------------------------------------------------------------------------------
    def any_name(self, data: st.DataObject) -> str:
        """Any request of this play, mostly one that has not ended."""
        drawn = data.draw(st.integers(0, 59))
        alive = [name for name in self.world.made if self.world.row(name).status != laws.ARCHIVED]
        pool = alive if alive and drawn % 5 else self.world.made
        return pool[drawn % len(pool)]

    def named(self, analyst: str, name: str) -> str:
        """Whoever holds the request, where that is meant; anybody when nobody does."""
        return (self.world.row(name).analyst or ANALYSTS[0]) if analyst == "holder" else analyst

    def hear(self, name: str, analyst: str, answer: httpx.Response) -> None:
        """The answer to a bid: nobody else has heard "go" for that award."""
        if answered(answer, 200, 409).status_code == 200:
            award = (name, int(answer.headers["Polyphemus-Award"]))
            assert self.goes.setdefault(award, analyst) == analyst

    def claim(self, analyst: str, path: str, name: str, **more: Any) -> httpx.Response:
        """A holder's act, or that of somebody who would be one."""
        headers = {header: more.pop(header) for header in list(more) if header == "Idempotency-Key"}
        body = {"analysis": "exome_pipe", "name": name} | more
        return self.world.program(analyst, path, body, **headers)

    def sweep(self, *kills: int | None) -> None:
        """Look at what has come due; a warehouse that is away counts against nobody."""
        before = {name: self.unseen(name) for name in self.world.made}
        ends = self.world.sweep(*kills)
        assert set(ends) <= {0, -9}, "a worker ended with an error: see sweeper.log"
        for name in self.world.made:
            if not self.world.magma_is_up and self.patient_of[name]:
                assert self.unseen(name) == before[name]
            laws.keep(self.world.row(name))

    def unseen(self, name: str) -> int:
        """How often an output was not seen."""
        looks = RequestEvent.objects.filter(request__name=name, actor="polyphemus", kind__in=laws.UNSEEN)
        return looks.count()


def laws_held() -> set[str]:
    """Where somebody holds a request."""
    return {laws.RUNNING, laws.DEFERRED}


def answered(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """The answer, if it has one of the statuses it may have."""
    assert answer.status_code in statuses, answer.text
    return answer


@pytest.fixture
def everywhere(tmp_path: Path, warehouse: RunningWarehouse) -> Iterator[World]:
    """The world, with an endpoint of the requester's and one of an analyst's."""
    with world(tmp_path, warehouse) as made:
        for owner in (REQUESTER, ANALYSTS[0]):
            endpoints.create(
                owner=owner, url="https://example.org/hook", kek=KEK, actor="t", now=made.clock.now()
            )
        yield made


def test_nobody_breaks_a_law_or_is_left_without_a_next_step(everywhere: World) -> None:
    class Here(Everybody):
        def __init__(self) -> None:
            super().__init__(everywhere)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[
                Phase.generate
            ],  # a real world can't be played back exactly: the steps are told as they were
            suppress_health_check=list(HealthCheck),
        ),
    )
