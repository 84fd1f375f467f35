"""A lab's code that would end the program, or never comes back, costs its loader and nobody else."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from billiard import common as billiard_common
from billiard import pool as billiard_pool
from pytest_django.fixtures import Settings

from loaders import registry, tasks
from loaders.checks import Custom, Present
from loaders.errors import UnseenAttributeError
from loaders.gathering import ensure_seen
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.limits import EndedError, TooSlowError, time_limit, untimed
from loaders.loader import Loader
from loaders.models import ScanRun, Suggestion
from loaders.pages import Page, Store
from loaders.registry import Registry, built
from loaders.services import changes
from magma.client import Magma
from tests import web
from tests.dispatch.waiting import wait_until
from tests.loaders.conftest import PATIENT, now, upload_normal
from tests.loaders.installed import install
from tests.loaders.pages import NOW, SHAPES
from tests.loaders.test_faults import judge
from tests.magma.demo_fixture import RunningWarehouse
from tests.workers import PREFORK, workers

database = pytest.mark.django_db(transaction=True)


class Own(BaseException):
    """Nothing that `except Exception` catches."""


RAISED: dict[str, BaseException] = {
    "exit": SystemExit(3), "generator": GeneratorExit(), "own": Own("x"), "interrupt": KeyboardInterrupt(),
}  # fmt: skip


def end(page: Page) -> list[str]:
    raise RAISED["now"]


class Ending(ExomePipe):
    name = "ending"
    needs = Custom("tests.loaders.test_endings:end", ("physician",))


@pytest.fixture
def as_in_a_worker() -> Iterator[None]:
    """Celery's workers ignore Ctrl-C: it is for the process that started them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@database
@pytest.mark.usefixtures("as_in_a_worker")
@pytest.mark.parametrize("kind", ["exit", "generator", "own", "interrupt"])
def test_whatever_a_check_raises_to_end_the_program_costs_its_loader_only(
    magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setitem(RAISED, "now", RAISED[kind])
    upload_normal(warehouse)

    tally = judge(magma, Ending(), ExomePipe())

    assert tally.plain() == {"ending": {"error": 1}, "exome_pipe": {"due": 1}}
    assert tally.faults["ending"].startswith("EndedError: It tried to end the program")


class TestTimeLimit:
    def test_ctrl_c_ends_a_command(self) -> None:
        with pytest.raises(KeyboardInterrupt), time_limit(5):
            signal.raise_signal(signal.SIGINT)

    def test_a_pool_ends_its_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(billiard_common, "_should_have_exited", [False])
        before = signal.signal(signal.SIGUSR2, vars(billiard_common)["_shutdown_cleanup"])

        with pytest.raises(SystemExit), time_limit(5):
            signal.raise_signal(signal.SIGUSR2)

        signal.signal(signal.SIGUSR2, before)

    def test_in_a_pools_worker_too_nothing_ends_the_program(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "exit", exit_of_a_pool(monkeypatch))

        with pytest.raises(EndedError), time_limit(5):
            leave_the_program()

    def test_a_pool_ends_its_worker_by_its_own_exit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "exit", exit_of_a_pool(monkeypatch))
        monkeypatch.setattr(billiard_common, "_should_have_exited", [False])
        before = signal.signal(signal.SIGUSR2, vars(billiard_common)["_shutdown_cleanup"])

        with pytest.raises(SystemExit), time_limit(5):
            signal.raise_signal(signal.SIGUSR2)

        signal.signal(signal.SIGUSR2, before)

    def test_in_a_thread_too_nothing_ends_the_program(self) -> None:
        raised: list[BaseException] = []

        def leave() -> None:
            try:
                with time_limit(5):
                    sys.exit(3)
            except BaseException as error:  # noqa: BLE001 — whatever it is
                raised.append(error)

        thread = threading.Thread(target=leave)
        thread.start()
        thread.join()

        assert [type(error) for error in raised] == [EndedError]

    def test_code_that_catches_every_error_is_stopped(self) -> None:
        with pytest.raises(TooSlowError), time_limit(0.05):
            go_on_for_ever(Exception)

    def test_code_that_catches_its_interruption_is_interrupted_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("loaders.limits.AGAIN", 0.05)

        with pytest.raises(TooSlowError), time_limit(0.05):
            catch_once()

    def test_within_another_both_hold(self) -> None:
        with pytest.raises(TooSlowError, match=r"longer than 0\.2 s"), time_limit(0.2):
            wait_within_another_limit()

    def test_what_magma_takes_to_answer_does_not_count(self) -> None:
        started = time.monotonic()

        with time_limit(0.2), untimed():
            while time.monotonic() < started + 0.4:
                pass

        assert time.monotonic() >= started + 0.4


def leave_the_program() -> None:
    sys.exit(3)


def exit_of_a_pool(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What a pool's worker puts in the place of `sys.exit`, by its own code."""
    before = sys.exit
    monkeypatch.setattr(sys, "exit", before)  # so that it is put back
    found: list[Callable[..., Any]] = []

    def begin() -> None:
        found.append(sys.exit)
        before(0)

    worker = billiard_pool.Worker.__new__(billiard_pool.Worker)
    monkeypatch.setattr(worker, "_make_child_methods", begin)
    monkeypatch.setattr(worker, "_do_exit", lambda *_: None)
    with suppress(SystemExit):
        worker()
    return found[0]


def go_on_for_ever(caught: type[BaseException]) -> None:
    while True:
        with suppress(caught):
            wait_for_ever()


def wait_for_ever() -> None:
    while True:
        pass


def wait_within_another_limit() -> None:
    with suppress(TooSlowError), time_limit(0.05):
        wait_for_ever()
    wait_for_ever()


def catch_once() -> None:
    try:
        wait_for_ever()
    except BaseException:  # noqa: BLE001 — as a lab's code might
        wait_for_ever()


class Forgetful(ExomePipe):
    """Knows its inputs until they are asked for to be read."""

    name = "forgetful"
    asked = 0

    @property
    def inputs(self) -> Any:  # type: ignore[override]  # as a lab may
        type(self).asked += 1
        if type(self).asked > self.known_for:
            raise OSError("the list of inputs is gone")
        return ExomePipe.inputs

    known_for = 10**6


@database
@pytest.mark.parametrize("known_for", range(7))
def test_inputs_that_fail_whenever_they_are_asked_for_cost_their_loader_only(
    magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch, known_for: int
) -> None:
    upload_normal(warehouse)
    monkeypatch.setattr(Forgetful, "asked", 0)
    monkeypatch.setattr(Forgetful, "known_for", known_for)

    tally = judge(magma, Forgetful(), ExomePipe())

    assert tally.plain()["exome_pipe"] == {"due": 1}
    assert sum(tally.plain()["forgetful"].values()) == 1


def test_an_attribute_missing_from_any_document_is_hidden_from_us() -> None:
    class Sorted(Loader):
        name, model, analysis, outputs = "sorted", "sample", "x", Present("tumor_type")

    whole = {"sample_name": "S1", "tumor_type": "Normal", "updated_at": "2026-01-01T00:00:00Z"}
    poorer = {key: value for key, value in whole.items() if key != "tumor_type"}
    store = Store(SHAPES, {"sample": {"S1": whole, "S2": poorer}}, NOW)

    with pytest.raises(UnseenAttributeError, match=r"does not show sample\.tumor_type"):
        ensure_seen(Sorted(), Page("sample", ("S1", "S2"), store))


HANGING = """
    import time
    time.sleep(600)
"""


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that never comes back when it is read."""
    install(tmp_path, "hangs_when_read", HANGING, hanging="Hanging")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "SECONDS_TO_READ", 0.3)
    monkeypatch.delitem(sys.modules, "hangs_when_read", raising=False)


def here(found: list[Registry]) -> None:
    found.append(built())


def in_a_thread(found: list[Registry]) -> None:
    thread = threading.Thread(target=here, args=(found,))
    thread.start()
    thread.join(60)


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize("where", [here, in_a_thread])
def test_a_package_that_hangs_when_it_is_read_costs_itself_and_is_named(
    where: Callable[[list[Registry]], None],
) -> None:
    found: list[Registry] = []

    where(found)

    (known,) = found
    (broken,) = [one for one in known.broken if one.source.startswith("package hangs_when_read")]
    assert broken.cause == "TooSlowError: It took longer than 0.3 s."
    assert "exome_pipe" in known.loaders


EXITING = """
    import sys
    from loaders.checks import Custom, OneOf, Present
    from loaders.loader import Loader

    class Leaving(Loader):
        name, model, analysis, outputs = "leaving", "patient", "x", Present("physician")
        needs = Custom("leaves_the_worker:leave", ("physician",))

    class Staying(Loader):
        name, model, analysis, outputs = "staying", "patient", "y", OneOf("physician", ("nobody",))

    def leave(page):
        sys.exit(3)
"""


@database
@pytest.mark.journey
def test_a_worker_goes_on_when_a_loader_would_end_it(
    magma: Magma, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "leaves_the_worker", EXITING, leaving="Leaving", staying="Staying")
    environment = {
        "PYTHONPATH": str(tmp_path),
        "POLYPHEMUS_MAGMA_URL": settings.POLYPHEMUS_MAGMA_URL,
        "POLYPHEMUS_MAGMA_TOKEN": settings.POLYPHEMUS_MAGMA_TOKEN,
        "POLYPHEMUS_PROJECTS": "dt_lung",
        "DATABASE_URL": web.tests_database_url(),
        "REDIS_URL": settings.REDIS_URL,
    }
    with workers(1, tmp_path, environment, PREFORK) as (worker,):
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
        tasks.judge_pending.delay("dt_lung")
        wait_until(Suggestion.objects.filter(loader="staying").exists, seconds=120)
        wait_until(ScanRun.objects.exclude(ended_at=None).exists, seconds=120)
        lives = worker.poll() is None

    assert lives
    assert ScanRun.objects.get().faults["leaving"] == "EndedError: It tried to end the program: SystemExit: 3"
