"""A warehouse of a million records that is never the bottleneck: `python -m tests.bench.large_warehouse`.

It speaks Magma's protocol as far as a scan does: templates, pages, named records, counts, identifiers,
filters by `updated_at`, digests. Beside it stand four calls of its own: /control/touch, /control/disconnect,
/control/pace and /control/account.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.bench.large_model import LargeModel
from tests.bench.large_records import (
    ATTRIBUTES,
    NAMES,
    PROJECT,
    SPECIMEN,
    SPECIMENS_PER_SUBJECT,
    SUBJECT,
    Made,
    digests,
    number_of,
    templates,
)

ROOT = Path(__file__).parents[2]
PATIENCE = 60


class RefusedError(Exception):
    """What Magma would answer with a 4xx; the status and the body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class LargeWarehouse:
    """The models, and the answers to Magma's two questions."""

    def __init__(self, records: int) -> None:
        self.models = {
            SPECIMEN: LargeModel(SPECIMEN, records),
            SUBJECT: LargeModel(SUBJECT, -(-records // SPECIMENS_PER_SUBJECT)),
        }
        self.calls = 0
        #: How long each answer takes at least, in seconds: a real Magma computes.
        self.pace = 0.0

    def model(self, body: dict[str, Any], name: object) -> LargeModel:
        """The model asked about."""
        if body.get("project_name") != PROJECT:
            raise RefusedError(403, {"error": "You are forbidden from performing this action."})
        if name not in self.models:
            raise RefusedError(404, {"error": "That project or model does not exist."})
        return self.models[str(name)]

    # --- /retrieve ----------------------------------------------------------------------------------------

    def retrieve(self, body: dict[str, Any]) -> bytes:
        """Templates, a page, or named records."""
        time.sleep(self.pace)
        if body["model_name"] == "all":
            return json.dumps(templates()).encode()
        model = self.model(body, body["model_name"])
        numbers, count = self._retrieved(model, body)
        documents = model.documents(numbers, _attributes(model, body["attribute_names"]))
        counted = f',"count":{count}'.encode() if count is not None else b""
        return b'{"models":{"%s":{"documents":{%s}%s}}}' % (model.name.encode(), documents, counted)

    def _retrieved(self, model: LargeModel, body: dict[str, Any]) -> tuple[Sequence[int], int | None]:
        is_disconnected = bool(body.get("show_disconnected"))
        if body["record_names"] != "all":
            named = sorted({number_of(str(name)) for name in body["record_names"]})
            return [one for one in named if _is_seen(model, one, disconnected=is_disconnected)], None
        filters = body.get("filter") or []
        numbers = _connected(model, disconnected=is_disconnected)
        for term in [filters] if isinstance(filters, str) else filters:
            numbers = model.changed_after(_since(term), disconnected=is_disconnected)
        return paged(numbers, body)

    # --- /query -------------------------------------------------------------------------------------------

    def query(self, body: dict[str, Any]) -> bytes:
        """`[model, filters..., verb, what]`, for the verbs and filters that a scan uses."""
        name, *rest = body["query"]
        model = self.model(body, name)
        filters = [step for step in rest if isinstance(step, list) and step is not rest[-1]]
        steps = [step for step in rest if step not in filters]
        numbers = _connected(model, disconnected=bool(body.get("show_disconnected")))
        for one in filters:
            numbers = filtered(model, numbers, one, disconnected=bool(body.get("show_disconnected")))
        if steps == ["::count"]:
            return json.dumps({"answer": len(numbers), "type": "Numeric", "format": "Numeric"}).encode()
        numbers, _ = paged(numbers, body)
        answer = [[NAMES[name](number), column(model, number, steps[1:])] for number in numbers]
        return json.dumps({"answer": answer, "type": "String", "format": [name, name]}).encode()

    # --- our own ------------------------------------------------------------------------------------------

    def touch(self, body: dict[str, Any]) -> bytes:
        """Write `numbers` of `model` at `stamp`."""
        self.models[body["model"]].touch(body["numbers"], body["stamp"])
        return b"{}"

    def disconnect(self, body: dict[str, Any]) -> bytes:
        """Disconnect `numbers` of `model`."""
        self.models[body["model"]].disconnect(body["numbers"])
        return b"{}"

    def set_pace(self, body: dict[str, Any]) -> bytes:
        """Take `seconds` for every answer to /retrieve from now on."""
        self.pace = float(body["seconds"])
        return b"{}"

    def account(self, _body: dict[str, Any]) -> bytes:
        """How often it was asked, and the time its process has computed."""
        return json.dumps({"calls": self.calls, "cpu_seconds": time.process_time()}).encode()


def _connected(model: LargeModel, *, disconnected: bool) -> Sequence[int]:
    return sorted(model.gone) if disconnected else model.live


def _is_seen(model: LargeModel, number: int, *, disconnected: bool) -> bool:
    return 0 <= number < model.size and (number in model.gone) is disconnected


def _attributes(model: LargeModel, names: object) -> tuple[str, ...]:
    known = [*ATTRIBUTES[model.name], "updated_at"]
    if names == "all":
        return tuple(known)
    wanted = {"name", *(names if isinstance(names, list) else ())}
    return tuple(name for name in known if name in wanted)


def _since(term: str) -> str:
    attribute, _, instant = term.partition(">")
    if attribute != "updated_at":
        raise RefusedError(422, {"errors": [f"{attribute} is not an attribute"]})
    return instant


def paged(numbers: Sequence[int], body: dict[str, Any]) -> tuple[Sequence[int], int | None]:
    """The page, and the count on the first; 422 past the end, as Magma has it."""
    page, size = body.get("page"), body.get("page_size")
    if not page or not size:
        return numbers, None
    found = numbers[(page - 1) * size : page * size]
    if not found:
        said = f"Page {page} not found" if len(numbers) else "No results found"
        raise RefusedError(422, {"errors": [said]})
    return found, len(numbers) if page == 1 else None


def filtered(
    model: LargeModel, numbers: Sequence[int], one: list[Any], *, disconnected: bool
) -> Sequence[int]:
    """The numbers that pass one filter of /query."""
    if one[0] == "updated_at":
        changed = model.changed_after(one[2], disconnected=disconnected)
        return changed if numbers is model.live else sorted({*changed} & {*numbers})
    if one[0] == "::identifier":
        wanted = one[2] if one[1] == "::in" else [one[2]]
        return [n for n in sorted(map(number_of, wanted)) if _is_seen(model, n, disconnected=disconnected)]
    if one[0] in {"::has", "::lacks"}:
        is_empty = one[0] == "::lacks"
        return [n for n in numbers if _is_empty(model, ATTRIBUTES[model.name][one[1]], n) is is_empty]
    raise RefusedError(422, {"errors": [f"{one[0]} is not a valid argument to Magma::RecordPredicate"]})


def _is_empty(model: LargeModel, made: Made, number: int) -> bool:
    """A disconnected record has no parent."""
    is_orphan = made.type == "parent" and number in model.gone
    return is_orphan or made.value(number, model.versions.get(number, 0)) == "null"


def column(model: LargeModel, number: int, steps: list[Any]) -> Any:
    """The value at the end of a path, or a list of them for a table."""
    if steps and isinstance(steps[0], list):
        return [column(model, number, one if isinstance(one, list) else [one]) for one in steps[0]]
    if steps[0] == "::identifier":
        return NAMES[model.name](number)
    if steps[0] == "updated_at":
        return model.stamp(number)
    if steps[-1] == "::md5":
        return digests(steps[0], number, model.versions.get(number, 0))
    return json.loads(ATTRIBUTES[model.name][steps[0]].value(number, model.versions.get(number, 0)))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    warehouse: LargeWarehouse


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        warehouse = self.server.warehouse
        answers: dict[str, Callable[[dict[str, Any]], bytes]] = {
            "/retrieve": warehouse.retrieve,
            "/query": warehouse.query,
            "/control/touch": warehouse.touch,
            "/control/disconnect": warehouse.disconnect,
            "/control/pace": warehouse.set_pace,
            "/control/account": warehouse.account,
        }
        warehouse.calls += 1
        try:
            self._send(200, answers[self.path](body))
        except RefusedError as refused:
            self._send(refused.status, json.dumps(refused.body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Running:
    """A large warehouse in a process of its own."""

    url: str
    process_id: int

    def control(self, call: str, **body: Any) -> dict[str, Any]:
        """One of its own calls: touch, disconnect, pace, account."""
        answer: dict[str, Any] = httpx.post(f"{self.url}/control/{call}", json=body, timeout=PATIENCE).json()
        return answer


@contextmanager
def large_warehouse(records: int) -> Iterator[Running]:
    """Start one, stop it at the end."""
    with TemporaryDirectory() as folder:
        address = Path(folder) / "url"
        command = [sys.executable, "-m", "tests.bench.large_warehouse", "--records", str(records)]
        process = subprocess.Popen([*command, "--url-file", str(address)], cwd=ROOT)  # noqa: S603 — our own program
        try:
            yield Running(_written(address, process), process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _written(address: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while not address.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The large warehouse did not start.")
        time.sleep(0.01)
    return address.read_text()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large_warehouse")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--url-file", type=Path)
    options = parser.parse_args()
    server = _Server(("127.0.0.1", options.port), _Answering)
    server.warehouse = LargeWarehouse(options.records)
    url = f"http://127.0.0.1:{server.server_port}"
    if options.url_file:
        draft = options.url_file.with_suffix(".draft")
        draft.write_text(url)
        draft.replace(options.url_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
