"""The demo warehouse itself: its projects, its routes, and one lock around every call."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from magma.demo import cross_origin, questions, retrieval, revisions
from magma.demo.answers import (
    RefusalError,
    Reply,
    as_json,
    as_text,
    forbidden,
    no_such_model,
    server_error,
    unauthorized,
)
from magma.demo.journal import Entry, Journal
from magma.demo.naming import Naming
from magma.demo.people import Visitor, letters_of, visitor_of
from magma.demo.questions import Reader
from magma.demo.signing import Signer
from magma.demo.store import Project, project_of

log = logging.getLogger(__name__)

SEED = Path(__file__).parent / "seed"
#: Open to everyone who signs its code of conduct at Janus; nobody here has.
COMMUNITY_PROJECTS = frozenset({"cc_atlas"})
COMMUNITY = (
    "You are forbidden from performing this action, "
    "but you can visit the project home page and request access."
)
#: What /update_model can be asked to do at a real Magma.
MODEL_ACTIONS = frozenset(
    {"add_project", "add_model", "add_attribute", "add_link", "add_dictionary", "update_attribute"}
    | {"rename_attribute", "remove_attribute", "remove_link", "remove_model", "reparent_model"}
    | {"set_date_shift_root", "set_model_template"}
)
ROUTES = (
    ("OPTIONS", "/", ""),
    ("POST", "/retrieve", "retrieve"),
    ("POST", "/query", "query"),
    ("POST", "/update", "update"),
    ("POST", "/update_model", "update_model_action"),
    ("GET", "/flags/:project_name", "flags_get"),
    ("GET", "/gnomon/:project_name", "gnomon_get"),
    ("GET", "/gnomon/:project_name/decompose/*identifier", "gnomon_decompose"),
    ("GET", "/", ""),
)


def utc_now() -> datetime:
    """This machine's clock: the demo warehouse has a time of its own, as a real one has."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Request:
    """An HTTP request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass
class Warehouse:
    """Answers requests; knows nothing of sockets."""

    public_key: str
    clock: Callable[[], datetime] = utc_now
    cookie: str = "JANUS_TOKEN"
    siblings: tuple[Signer, ...] = ()
    journal: Journal | None = None
    projects: dict[str, Project] = field(default_factory=dict)
    naming: Naming = field(default_factory=Naming)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def seed(self, folder: Path = SEED) -> None:
        """Take the models from their templates and replay the recorded updates, unheard by the journal."""
        for path in sorted(folder.glob("templates_*.json")):
            name = path.stem.removeprefix("templates_")
            self.projects[name] = project_of(name, json.loads(path.read_text(encoding="utf-8")))
        self.naming = Naming.read(folder)
        loader = Visitor("loader@example.org", "Loader", letters_of(f"A:{','.join(self.projects)}"))
        for call in json.loads((folder / "updates.json").read_text(encoding="utf-8")):
            revisions.update(self.projects[call["body"]["project_name"]], loader, call["body"], self.clock())

    def snapshot(self) -> bytes:
        """Everything that is stored."""
        with self.lock:
            return pickle.dumps(self.projects)

    def restore(self, snapshot: bytes) -> None:
        """Go back to a snapshot of one's own making."""
        with self.lock:
            self.projects = pickle.loads(snapshot)  # noqa: S301 - it comes from snapshot(), never from outside

    def answer(self, request: Request) -> Reply:
        """Answer any request, a page's of a sibling host too."""
        return cross_origin.answered(request, self.answer_plainly)

    def answer_plainly(self, request: Request) -> Reply:
        """Answer; a fault of ours looks like one of Magma's."""
        try:
            if request.method == "OPTIONS" and request.path == "/":
                return as_json([route_document(*route) for route in ROUTES])
            return self.route(request, self.visitor(request))
        except RefusalError as refusal:
            return refusal.reply
        except Exception:
            log.exception("%s %s", request.method, request.path)
            return server_error().reply

    def visitor(self, request: Request) -> Visitor | None:
        """Who calls: a person with a token, or nobody in particular, with a sibling service's signature."""
        if "X-Etna-Signature" in request.headers:
            known = (sibling for sibling in self.siblings if sibling.id == request.headers.get("X-Etna-Id"))
            if not any(self.is_signed(sibling, request) for sibling in known):
                raise unauthorized()
            return None
        return visitor_of(request.headers, public_key=self.public_key, cookie=self.cookie)

    def is_signed(self, sibling: Signer, request: Request) -> bool:
        """Whether a sibling signed this for the host it was sent to."""
        url = f"http://{request.headers.get('Host', '')}{request.path}"
        return sibling.holds(request.method, url, request.headers, now=self.clock())

    def route(self, request: Request, visitor: Visitor | None) -> Reply:
        """Find what answers."""
        calls = {"/retrieve": self.retrieve, "/query": self.query, "/update": self.update}
        calls["/update_model"] = self.update_model
        if request.method == "POST" and request.path in calls:
            body = body_of(request)
            with self.lock:
                return calls[request.path](visitor, body)
        if request.method == "GET" and request.path == "/":
            return as_text("Magma is available.")
        if request.method == "GET" and request.path.startswith("/flags/"):
            self.admit(visitor, request.path.removeprefix("/flags/"), Visitor.can_view)
            return as_json({"flags": {}})
        if request.method == "GET" and request.path.startswith("/gnomon/"):
            project, _, below = unquote(request.path.removeprefix("/gnomon/")).partition("/")
            self.admit(visitor, project, Visitor.can_view)
            with self.lock:
                return self.naming.answer(project, below, self.projects.get(project))
        return as_text(f"There is no such path '{request.path}'", 404)

    def admit(self, visitor: Visitor | None, project: object, may: Callable[[Visitor, str], bool]) -> Visitor:
        """Let a person with the right role in; a signature alone is nobody's role."""
        if visitor is not None and may(visitor, str(project)):
            return visitor
        is_open = project in COMMUNITY_PROJECTS and visitor is not None and "external" not in visitor.flags
        raise forbidden(COMMUNITY) if is_open else forbidden()

    def reader(self, visitor: Visitor, project: Project) -> Reader:
        """What this visitor may read in a project."""
        return Reader(project, not visitor.can_see_restricted(project.name), self.clock())

    def retrieve(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /retrieve."""
        name = body.get("project_name")
        person = self.admit(visitor, name, Visitor.can_view)
        if name not in self.projects:
            raise RefusalError(as_json(f"Project {name} does not exist.", 404))
        return retrieval.answer(self.reader(person, self.projects[name]), body)

    def query(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /query."""
        person = self.admit(visitor, body.get("project_name"), Visitor.can_view)
        return as_json(questions.answer(self.reader(person, self.project(body)), body))

    def update(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /update; the journal is told after it, of a dry run as well."""
        person = self.admit(visitor, body.get("project_name"), Visitor.can_edit)
        project = self.project(body)
        answer = revisions.update(project, person, body, self.clock())
        if self.journal is not None:
            self.journal.write(Entry(project.name, person.email, answer))
        return as_json(answer)

    def update_model(self, visitor: Visitor | None, body: dict[str, Any]) -> Reply:
        """POST /update_model: refused as Magma refuses it; models can't be changed here."""
        self.admit(visitor, body.get("project_name"), Visitor.is_admin)
        names = [str(action.get("action_name")) for action in body.get("actions", [])]
        messages = [
            "Models can't be changed here" if name in MODEL_ACTIONS else "Invalid action type"
            for name in names
        ]
        pairs = zip(names, messages, strict=True)
        return as_json(
            {"errors": [{"message": text, "source": name, "reason": None} for name, text in pairs]}, 422
        )

    def project(self, body: dict[str, Any]) -> Project:
        """The project a body names."""
        name = body.get("project_name")
        if name not in self.projects:
            raise no_such_model()
        return self.projects[name]


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object sent; Magma's own server stumbles over anything malformed."""
    params = dict(parse_qsl(request.target.partition("?")[2]))
    media = request.headers.get("Content-Type", "")
    if media.startswith("multipart/"):  # not a 500: Etna's client would send it again and again
        raise RefusalError(as_text("The demo warehouse takes no forms in parts: send JSON.", 415))
    if media.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode(errors="replace"))) | params
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        sent = request.body.decode(errors="replace")
        text = f"Puma caught this error: unexpected token at '{sent}' (JSON::ParserError)\n"
        raise RefusalError(as_text(text, 500)) from error
    return body | params if isinstance(body, dict) else {}


def route_document(method: str, route: str, name: str) -> dict[str, Any]:
    """A route as Etna lists it."""
    params = [part[1:] for part in route.split("/") if part.startswith((":", "*"))]
    return {"method": method, "route": route, "name": name, "params": params}
