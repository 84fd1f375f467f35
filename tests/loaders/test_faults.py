"""What goes wrong costs what it must and no more, and everybody can see what it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from loaders import registry
from loaders.checks import Custom, Present
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.limits import TooSlowError, time_limit
from loaders.loader import Config, Loader
from loaders.models import ScanCursor, ScanRun, Suggestion
from loaders.pages import Page
from loaders.probes import scans as probe
from loaders.registry import Registry
from loaders.services import scans, verdicts
from loaders.services.verdicts import Engine, Tally
from loaders.states import Verdict
from magma.client import Magma
from magma.errors import MagmaError
from polyphemus_site.health import Level
from tests.loaders.conftest import PATIENT, now, only_suggestion, upload_normal
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


def crash(page: Page) -> list[str]:
    raise ZeroDivisionError("a lab's own mistake")


def never_return(page: Page) -> list[str]:
    while True:
        pass


class Crashing(ExomePipe):
    name = "crashing"
    needs = Custom("tests.loaders.test_faults:crash", ("physician",))


class Endless(ExomePipe):
    name = "endless"
    needs = Custom("tests.loaders.test_faults:never_return", ("physician",))


class Brooding(ExomePipe):
    name = "brooding"

    def config(self, page: Page, index: int) -> Config:
        while True:
            pass


class Misreading(ExomePipe):
    name = "misreading"
    needs = Present("shoe_size")


class Misleading(ExomePipe):
    name = "misleading"
    needs = Present("sample.tumor_type")


def judge(magma: Magma, *loaders: Loader) -> Tally:
    return Engine.of(magma, "dt_lung", loaders).judge_names("patient", [PATIENT], now=now())


class MuteError(Exception):
    """Can't say what it is."""

    def __str__(self) -> str:
        raise ValueError("nor this")


FAILURES: dict[str, Exception] = {
    "nul": ValueError("a\0b"), "surrogate": ValueError("\ud800"),
    "mute": MuteError(), "long": ValueError("x" * 10**6),
}  # fmt: skip


def fail(page: Page) -> list[str]:
    raise FAILURES["now"]


class Failing(ExomePipe):
    name = "failing"
    needs = Custom("tests.loaders.test_faults:fail", ("physician",))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("nul", "ValueError: a\ufffdb"),
        ("surrogate", "ValueError: ?"),
        ("mute", "MuteError: it can't say what"),
        ("long", f"ValueError: {'x' * 1988}"),
    ],
)
def test_an_error_that_can_not_be_kept_as_it_is_costs_its_loader_only(
    magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch, kind: str, told: str
) -> None:
    monkeypatch.setitem(FAILURES, "now", FAILURES[kind])
    monkeypatch.setattr(
        registry, "current", lambda: Registry({"failing": Failing(), "exome_pipe": ExomePipe()})
    )
    upload_normal(warehouse)

    scans.scan_all(magma, "dt_lung", clock=now)

    run = ScanRun.objects.get()
    assert (run.error, run.faults) == ("", {"failing": told})
    assert only_suggestion().loader == "exome_pipe"


class TestOneBadLoader:
    @pytest.mark.parametrize(
        ("bad", "cause"),
        [
            (Crashing(), "ZeroDivisionError: a lab's own mistake"),
            (Misreading(), "Model patient has no attribute 'shoe_size'"),
            (Misleading(), "ask with `linked`"),
        ],
    )
    def test_it_costs_itself_only(
        self, magma: Magma, warehouse: RunningWarehouse, bad: Loader, cause: str
    ) -> None:
        upload_normal(warehouse)

        tally = judge(magma, bad, ExomePipe())

        assert tally.plain() == {bad.name: {"error": 1}, "exome_pipe": {"due": 1}}
        assert cause in tally.faults[bad.name]

    def test_one_that_never_returns_is_stopped(
        self, magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verdicts, "SECONDS_A_PAGE", 0.2)
        upload_normal(warehouse)

        tally = judge(magma, Endless(), ExomePipe())

        assert tally.plain() == {"endless": {"error": 1}, "exome_pipe": {"due": 1}}
        assert tally.faults["endless"].startswith("TooSlowError")

    def test_one_whose_prefill_never_returns_is_stopped_too(
        self, magma: Magma, warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verdicts, "SECONDS_A_PAGE", 0.2)
        upload_normal(warehouse)

        tally = judge(magma, Brooding(), ExomePipe())

        assert tally.plain() == {"brooding": {"error": 1}, "exome_pipe": {"due": 1}}

    def test_its_suggestions_stay_while_it_fails(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        upload_normal(warehouse)
        judge(magma, ExomePipe())

        class Broken(ExomePipe):
            needs = Crashing.needs

        judge(magma, Broken())

        assert only_suggestion().status == "open"

    def test_the_operator_sees_it(self, magma: Magma) -> None:
        ScanRun.objects.create(
            kind="full",
            project="dt_lung",
            model="patient",
            started_at=now(),
            faults={
                "crashing": "ValueError: 17 is no age",
                "misreading": "UnknownAttributeError: no 'shoe_size'",
            },
        )

        mine = [finding for finding in probe(now()) if finding.name == "loaders"]

        assert [finding.level for finding in mine] == [Level.WARN, Level.WARN]
        assert [finding.whole.partition(" failed on ")[2] for finding in mine] == [
            "dt_lung: ValueError 17 is no age",
            "dt_lung: UnknownAttributeError: no 'shoe_size'",
        ]
        assert [finding.as_json()["found"].rpartition(":")[2] for finding in mine] == [
            " ValueError",
            " no 'shoe_size'",
        ]


def test_a_time_limit_ends_with_its_block() -> None:
    with pytest.raises(TooSlowError), time_limit(0.05):
        never_return(None)  # type: ignore[arg-type]  # it looks at nothing

    with time_limit(0.05):
        pass


def test_an_attribute_that_is_gone_between_two_scans_is_an_error_until_it_is_back(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    engine = Engine.of(magma, "dt_lung", [ExomePipe()])
    exome = engine.shapes["exome"]
    traits = {name: trait for name, trait in exome.traits.items() if name != "vcf"}
    poorer = replace(engine.shapes, models={**engine.shapes.models, "exome": replace(exome, traits=traits)})

    tally = replace(engine, shapes=poorer).judge_names("patient", [PATIENT], now=now())

    assert tally.plain() == {"exome_pipe": {Verdict.ERROR: 1}}
    assert "has no attribute 'vcf'" in tally.faults["exome_pipe"]


def test_a_project_without_the_model_is_passed_over(magma: Magma) -> None:
    assert Engine.of(magma, "labors").models == []


class Answer(BaseHTTPRequestHandler):
    """Says the same to every question."""

    status, kind, body = 200, "application/json", b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def saying(status: int, kind: str, body: bytes) -> Iterator[Magma]:
    """A Magma that answers nothing else."""
    handler = type("Saying", (Answer,), {"status": status, "kind": kind, "body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    magma = Magma(url=f"http://127.0.0.1:{server.server_port}", token="x")
    yield magma
    magma.close()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "kind", "body", "code"),
    [
        (401, "text/html", b"You are unauthorized", "magma_unauthorized"),
        (
            403,
            "application/json",
            b'{"error":"You are forbidden from performing this action."}',
            "magma_forbidden",
        ),
        (500, "text/plain", b"Puma caught this error: x", "magma_failed"),
        (200, "application/json", b'{"models": {"patient": {"docu', "magma_garbled"),
        (200, "text/html", b"<html>a proxy's page</html>", "magma_garbled"),
    ],
)
@pytest.mark.parametrize("scan", [scans.scan_changes, scans.scan_all])
def test_a_magma_that_fails_is_written_down_and_its_cursors_stay(
    scan: Any, status: int, kind: str, body: bytes, code: str
) -> None:
    cursor = ScanCursor.objects.create(
        project="dt_lung", model="exome", disconnected=False, since=now(), read_at=now()
    )

    with saying(status, kind, body) as magma, pytest.raises(MagmaError):
        scan(magma, "dt_lung", clock=now)

    run = ScanRun.objects.get()
    assert (run.error_code, run.ended_at is not None) == (code, True)
    assert ScanCursor.objects.get() == cursor
    assert probe(now())[0].level == Level.WARN
    assert not Suggestion.objects.exists()
