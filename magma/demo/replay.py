"""Holds the demo warehouse against exchanges recorded with a real Magma, over real HTTP.

Recordings were made one after another, some after updates that no recording shows. So each is tried on a
fresh seed first, then at the moments of that session which `EARLIER` and the recorded updates describe. The
reason of an outcome names the moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from magma.demo.alike import differences
from magma.demo.journal import Journal
from magma.demo.receiver import Receiver
from magma.demo.server import serving
from magma.demo.signing import Signer
from magma.demo.tokens import KeyPair, make_keys, mint
from magma.demo.warehouse import MODEL_ACTIONS, Warehouse

#: The recorded session's day, so that filters on its instants mean the same.
SESSION = datetime(2026, 11, 23, 6, 37, 1, tzinfo=UTC)
ETNA_KEY = "replayed"
COOKIE = "JANUS_DEV_TOKEN"
PROJECTS = "labors,dt_lung,scratch"

#: Updates of the recorded session that other recordings show the effect of, and none shows the call of.
EARLIER: dict[str, dict[str, Any]] = {
    "an orphan made while trying autolink": {"victim": {"AUTO-1": {}}},
    "a treatment of a wound": {"treatment": {"::t": {"wound": "4", "note": "honey"}}},
    "more wounds": {"wound": {"::x": {"victim": "LABORS-VICTIM-010"}}},
}

#: Tokens by the labels recordings give them: what `perm` says, and whose they are.
PEOPLE: dict[str, tuple[str, str]] = {
    "admin": (f"A:{PROJECTS}", "hera@twelve-labors.org"),
    "editor": (f"E:{PROJECTS}", "eurystheus@twelve-labors.org"),
    "restricted_editor": (f"e:{PROJECTS}", "copreus@twelve-labors.org"),
    "privileged_viewer": (f"V:{PROJECTS}", "athena@twelve-labors.org"),
    "viewer": (f"v:{PROJECTS}", "hercules@twelve-labors.org"),
    "task": (f"v:{PROJECTS}", "hercules@twelve-labors.org"),
    "expired": (f"v:{PROJECTS}", "hercules@twelve-labors.org"),
    "guest": (f"g:{PROJECTS}", "sinon@troy.org"),
    "none": ("", "nessus@centaurs.org"),
    "superuser": ("A:administration", "super@twelve-labors.org"),
    "supereditor": ("E:administration", "supereditor@twelve-labors.org"),
    "superviewer": ("V:administration", "superviewer@twelve-labors.org"),
}


@dataclass(frozen=True)
class Outcome:
    """What came of replaying one recording."""

    name: str
    supported: bool
    understood: bool
    reason: str = ""


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer."""

    request: dict[str, Any]
    response: dict[str, Any]
    payload: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        """The path, without a query."""
        return str(self.request["path"]).partition("?")[0]

    @property
    def body(self) -> Any:
        """The body, decoded; a string is one that can't be."""
        return self.request.get("body")

    @property
    def is_push(self) -> bool:
        """Whether this is one that Magma sent, to the journal."""
        return self.path.startswith("/api/log/")


@dataclass(frozen=True)
class Recording:
    """A file: mostly one exchange, sometimes several in a row."""

    name: str
    exchanges: list[Exchange]

    @property
    def changes(self) -> bool:
        """Whether it is an update that was meant to be kept."""
        first = self.exchanges[0]
        return first.path == "/update" and not first.body.get("dry_run")


def read_recordings(folder: Path) -> list[Recording]:
    """Every recording of a folder, by name."""
    return [Recording(path.stem, list(exchanges_in(path))) for path in sorted(folder.glob("*.json"))]


def exchanges_in(path: Path) -> Iterator[Exchange]:
    """The exchanges of one file."""
    text = json.loads(path.read_text(encoding="utf-8"))
    for one in text if isinstance(text, list) else [text]:
        yield Exchange(one["request"], one["response"], one["request"].get("payload_decoded"))


def unsupported(exchange: Exchange) -> str:
    """Why the demo warehouse doesn't claim to answer a request like this; empty where it does."""
    body = exchange.body if isinstance(exchange.body, dict) else {}
    actions = {str(action.get("action_name")) for action in body.get("actions", [])}
    reasons = {
        "there is no gnomon grammar here": exchange.path.startswith("/gnomon"),
        "flags can't be set here": exchange.path.startswith("/flags") and exchange.request["method"] != "GET",
        "models can't be changed here": exchange.path == "/update_model"
        and bool(actions & MODEL_ACTIONS)
        and exchange.response["status"] == httpx.codes.OK,
        "only updates are told to the journal": exchange.is_push and body.get("event") != "update",
        "predicates are not listed here": body.get("query") == "::predicates",
        "matrices are not unfolded here": bool(body.get("expand_matrices") or body.get("transpose")),
        "whose token this is can't be told": not labels_in(exchange.request.get("headers", {}))
        <= PEOPLE.keys(),
        "names are not linked by their grammar here": bool(body.get("autolink")),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "")


def labels_in(headers: dict[str, str]) -> set[str]:
    """Whose tokens a recorded request carries."""
    return {label for value in headers.values() for label in re.findall(r"<token:([^>]*)>", value)}


class Stage:
    """A demo warehouse being served, and everything needed to take it back to a moment."""

    def __init__(self, warehouse: Warehouse, keys: KeyPair, http: httpx.Client, receiver: Receiver) -> None:
        """Remember the fresh seed."""
        self.warehouse = warehouse
        self.keys = keys
        self.receiver = receiver
        self.http = http
        self.seed = warehouse.snapshot()

    def moments(self, recordings: Iterable[Recording]) -> dict[str, bytes]:
        """States the recorded session may have been in, by what came before."""
        moments = {"": self.seed}
        updates = {one.name: one.exchanges[0].request for one in recordings if one.changes}
        for reason, revisions in EARLIER.items():
            updates[reason] = as_update(revisions)
        for name, request in updates.items():
            self.warehouse.restore(self.seed)
            self.send(request)
            moments[name] = self.warehouse.snapshot()
        return moments

    def send(self, request: dict[str, Any], *, resign: bool = True) -> httpx.Response:
        """Send a recorded request, with tokens and signatures of our own in place of the recorded ones."""
        headers = {name: self.with_tokens(value) for name, value in request.get("headers", {}).items()}
        if resign and "X-Etna-Signature" in headers:
            headers |= self.signature(request, headers)
        body = request.get("body")
        content = (
            body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        )
        return self.http.request(request["method"], request["path"], headers=headers, content=content)

    def with_tokens(self, value: str) -> str:
        """Put a token where the recording names one."""
        before, opening, rest = value.partition("<token:")
        if not opening:
            return value
        label, _, after = rest.partition(">")
        perm, email = PEOPLE[label]
        life, is_task = timedelta(hours=-1 if label == "expired" else 1), label == "task"
        token = mint(self.keys.private, email=email, perm=perm, life=life, task=is_task)
        return before + token + after

    def signature(self, request: dict[str, Any], headers: dict[str, str]) -> dict[str, str]:
        """Sign again: the recorded signature's key is not ours, and its life is over."""
        names = headers["X-Etna-Headers"].split(",")
        values = {name: headers[f"X-Etna-{name.replace('_', '-').title()}"] for name in names}
        expiration = (SESSION + timedelta(minutes=10)).isoformat(timespec="seconds")
        url = str(self.http.base_url.join(request["path"]))
        signed = Signer(headers["X-Etna-Id"], ETNA_KEY).signature(
            method=request["method"],
            url=url,
            nonce=headers["X-Etna-Nonce"],
            expiration=expiration,
            values=values,
        )
        return {"X-Etna-Expiration": expiration, "X-Etna-Signature": signed}

    def answered(self, exchanges: list[Exchange]) -> list[str]:
        """Replay exchanges from where things stand; what is different from the recorded answers."""
        found: list[str] = []
        for exchange in exchanges:
            resign = exchange.response["status"] != httpx.codes.UNAUTHORIZED
            found += differences(
                exchange.request, exchange.response, self.send(exchange.request, resign=resign)
            )
        return found

    def pushed(self, push: Exchange, updates: list[Exchange]) -> list[str]:
        """Replay the update a push told of; what is different in the push that follows."""
        cause = next(
            (one for one in updates if documents(one.response["body"]) == documents(push.payload)), None
        )
        if cause is None:
            return ["no recorded update has this payload"]
        self.receiver.requests.clear()
        self.warehouse.journal = Journal(self.receiver.url, Signer("magma", ETNA_KEY), self.warehouse.clock)
        self.send(cause.request)
        self.warehouse.journal.close()
        self.warehouse.journal = None
        return self.receiver.differences(push.request, push.payload or {})


def as_update(revisions: dict[str, Any]) -> dict[str, Any]:
    """Revisions of `labors` as a recorded request."""
    headers = {"Authorization": "Etna <token:admin>", "Content-Type": "application/json"}
    body = {"project_name": "labors", "revisions": revisions}
    return {"method": "POST", "path": "/update", "headers": headers, "body": body}


def documents(answer: Any) -> Any:
    """An update's answer without its templates."""
    models = answer.get("models", {}) if isinstance(answer, dict) else {}
    return {name: model.get("documents") for name, model in models.items()} or None


def outcome(
    stage: Stage, recording: Recording, moments: dict[str, bytes], updates: list[Exchange]
) -> Outcome:
    """Replay one recording at one moment after another, until one fits."""
    reason = next((why for why in map(unsupported, recording.exchanges) if why), "")
    if reason:
        return Outcome(recording.name, supported=False, understood=False, reason=reason)
    found: list[str] = []
    for moment, state in moments.items():
        stage.warehouse.restore(state)
        first = recording.exchanges[0]
        found = stage.pushed(first, updates) if first.is_push else stage.answered(recording.exchanges)
        if not found:
            return Outcome(
                recording.name, supported=True, understood=True, reason=moment and f"after {moment}"
            )
        reason = reason or "; ".join(found[:3])
    return Outcome(recording.name, supported=True, understood=False, reason=reason)


def replay(directory: Path) -> list[Outcome]:
    """Replay every recording of a directory, each on its own, against a freshly seeded warehouse."""
    keys, recordings = make_keys(), read_recordings(directory)
    siblings = (Signer("polyphemus", ETNA_KEY),)
    warehouse = Warehouse(keys.public, clock=lambda: SESSION, cookie=COOKIE, siblings=siblings)
    warehouse.seed()
    receiver = Receiver()
    updates = [one for recording in recordings for one in recording.exchanges if one.path == "/update"]
    with ExitStack() as stack:
        receiver.url = stack.enter_context(serving(receiver.answer)).url
        url = stack.enter_context(serving(warehouse.answer)).url
        http = stack.enter_context(httpx.Client(base_url=url, timeout=30))
        stage = Stage(warehouse, keys, http, receiver)
        moments = stage.moments(recordings)
        return [outcome(stage, recording, moments, updates) for recording in recordings]
