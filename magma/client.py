"""The client of the warehouse: it reads, and has no call that writes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count as counting
from itertools import islice, takewhile
from typing import Any

import msgspec
from django.conf import settings
from msgspec import UNSET

from magma.errors import MagmaGarbled, MagmaNotConfigured
from magma.forks import ForkedLock
from magma.janus_login import JanusLogin
from magma.pages import Answer, Documents, Orphan, Page, Retrieved
from magma.questions import (
    QueryQuestion,
    Question,
    ReadPath,
    RetrieveQuestion,
    changed_after,
    is_one_of,
    lacks,
    term,
)
from magma.reading import FLAGS, Understood, read_json, understand
from magma.refusals import refusal
from magma.rows import RowShape
from magma.templates import Template
from magma.tokens import StaticToken, Token, TokenSource
from magma.walks import Walk
from magma.wire import Patience, Wire
from polyphemus_site.sentences import say as _

PAGE_SIZE = 1000
UPDATED_AT = "updated_at"
#: What a client is built from.
SETTINGS = (
    "POLYPHEMUS_MAGMA_URL",
    "POLYPHEMUS_MAGMA_TOKEN",
    "POLYPHEMUS_PROJECTS",
    "POLYPHEMUS_JANUS_URL",
    "POLYPHEMUS_JANUS_EMAIL",
    "POLYPHEMUS_JANUS_PRIVATE_KEY",
)
#: By process and settings. A fork leaves its parent's client alone: those connections are not its own.
_clients: dict[tuple[object, ...], Magma] = {}
_connecting = ForkedLock()


class Magma:
    """One warehouse as one token sees it. Safe to share between threads, not across a fork."""

    def __init__(
        self,
        *,
        url: str,
        token: TokenSource | str,
        projects: Sequence[str] = (),
        patience: Patience | None = None,
    ) -> None:
        source = StaticToken(token) if isinstance(token, str) else token
        self.wire = Wire(url, source, patience or Patience())
        self._projects = tuple(projects)

    def close(self) -> None:
        """Give the connections back."""
        self.wire.close()

    # --- who we are to Magma -----------------------------------------------------------------------------

    def token(self) -> Token:
        """The token that the next question would carry."""
        return self.wire.token.current()

    def sees_restricted(self, project: str) -> bool:
        """Whether restricted data is shown; if not, "restricted" and "gone" look the same to us."""
        return self.token().sees_restricted(project)

    def projects(self) -> list[str]:
        """The projects named in the settings, or else those the token names: Magma has no list of its own."""
        return list(self._projects) or sorted(set(self.token().roles) - {"administration"})

    # --- questions as they are ---------------------------------------------------------------------------

    def ask(self, question: Question, rows: RowShape | None = None) -> Understood:
        """Any question at all; the calls below are this one with a narrower answer."""
        path = ReadPath.RETRIEVE if isinstance(question, RetrieveQuestion) else ReadPath.QUERY
        return understand(question, self.wire.send(path, question.to_body()), _asked(path, question), rows)

    def _retrieve(self, question: RetrieveQuestion, rows: RowShape | None = None) -> Retrieved:
        answer = self.ask(question, rows)
        if not isinstance(answer, Retrieved):
            raise TypeError(f"Documents were not asked for as {type(answer).__name__}.")
        return answer

    def alive(self) -> str:
        """Magma's own word that it is there and knows the token."""
        reply = self.wire.send(ReadPath.ALIVE)
        if reply.status != 200:  # noqa: PLR2004 — OK
            raise refusal("/", reply)
        return reply.body.decode("utf-8", "replace")

    def flags(self, project: str) -> dict[str, Any]:
        """The project's switches."""
        reply = self.wire.send(ReadPath.FLAGS, below=project)
        if reply.status != 200:  # noqa: PLR2004 — OK
            raise refusal(f"/flags/{project}", reply)
        return read_json(reply, FLAGS.decode, f"/flags/{project}").flags

    def query(
        self,
        project: str,
        query: Any,
        *,
        page: int | None = None,
        page_size: int | None = None,
        order: str | None = None,
        show_disconnected: bool = False,
    ) -> Answer:
        """One question to /query; a page past the end is an empty answer that says so."""
        answer = self.ask(
            QueryQuestion(
                project_name=project,
                query=query,
                page=page or UNSET,
                page_size=page_size or UNSET,
                order=order or UNSET,
                show_disconnected=show_disconnected or UNSET,
            )
        )
        if not isinstance(answer, Answer):
            raise TypeError(f"An answer was not asked for as {type(answer).__name__}.")
        return answer

    # --- models ------------------------------------------------------------------------------------------

    def templates(self, project: str) -> dict[str, Template]:
        """Every model of the project by its name."""
        question = RetrieveQuestion(
            project_name=project, model_name="all", record_names=(), attribute_names="all"
        )
        models = self._retrieve(question).models
        templates = {name: model.template for name, model in models.items()}
        if not models:
            raise MagmaGarbled(
                _("Magma gave no model at all of %(project)s; every project has one.") % {"project": project}
            )
        missing = [name for name, template in templates.items() if template is UNSET]
        if missing:
            raise MagmaGarbled(
                _("Magma gave no template for %(models)s of %(project)s.")
                % {"models": ", ".join(missing), "project": project}
            )
        return {name: template for name, template in templates.items() if isinstance(template, Template)}

    # --- documents ---------------------------------------------------------------------------------------

    def page(
        self,
        project: str,
        model: str,
        attributes: Sequence[str] | str,
        *,
        page: int,
        page_size: int = PAGE_SIZE,
        order: str | None = None,
        filters: Sequence[str] = (),
        show_disconnected: bool = False,
    ) -> Page:
        """One page (from 1); `ending` tells why it is empty. Between two pages a record can be lost."""
        selection = selected(
            project, model, attributes, filters=filters, order=order, show_disconnected=show_disconnected
        )
        return self._page(selection, page, page_size)

    def _page(
        self, selection: RetrieveQuestion, page: int, page_size: int, rows: RowShape | None = None
    ) -> Page:
        question = msgspec.structs.replace(selection, page=page, page_size=page_size)
        return Page.of(self._retrieve(question, rows), str(selection.model_name), page)

    def pages(
        self,
        project: str,
        model: str,
        attributes: Sequence[str] | str,
        *,
        page_size: int = PAGE_SIZE,
        order: str | None = None,
        filters: Sequence[str] = (),
        show_disconnected: bool = False,
    ) -> Iterator[Page]:
        """Pages until Magma says that there is no other; `walk` is the one that vouches for completeness."""
        selection = selected(
            project, model, attributes, filters=filters, order=order, show_disconnected=show_disconnected
        )
        every = (self._page(selection, number, page_size) for number in counting(1))
        return takewhile(lambda page: page.ending is None, every)

    def walk(
        self,
        project: str,
        model: str,
        attributes: Sequence[str] | str,
        *,
        page_size: int = PAGE_SIZE,
        filters: Sequence[str] = (),
        show_disconnected: bool = False,
        rows: RowShape | None = None,
    ) -> Walk:
        """Every record that is there from the first page to the last, exactly once (`magma.walks`).

        With `rows` (a shape for this model) no more of the records is decoded than was asked for.
        """

        def fetch(wanted: Sequence[str] | str, page: int, size: int) -> Page:
            selection = selected(project, model, wanted, filters=filters, show_disconnected=show_disconnected)
            return self._page(selection, page, size, rows)

        return Walk(fetch, attributes=attributes, page_size=page_size)

    def records(
        self,
        project: str,
        model: str,
        names: Iterable[str | int],
        attributes: Sequence[str] | str,
        *,
        show_disconnected: bool = False,
        rows: RowShape | None = None,
    ) -> Documents:
        """The named records that can be seen; Magma never says why one is missing."""
        selection = selected(project, model, attributes, show_disconnected=show_disconnected)
        documents: Documents = {}
        for chunk in _chunks(names):
            question = msgspec.structs.replace(selection, record_names=chunk)
            documents |= Page.of(self._retrieve(question, rows), model, 1).documents
        return documents

    def changed_since(
        self,
        project: str,
        model: str,
        since: datetime,
        attributes: Sequence[str],
        *,
        page_size: int = PAGE_SIZE,
        show_disconnected: bool = False,
    ) -> Iterator[Page]:
        """Records written at or after the second of `since`; some from the second before may come along."""
        filters = (term(UPDATED_AT, ">", since - timedelta(seconds=1)),)
        return iter(
            self.walk(
                project,
                model,
                _with_updated_at(attributes),
                page_size=page_size,
                filters=filters,
                show_disconnected=show_disconnected,
            )
        )

    # --- identifiers, counts, files, orphans -------------------------------------------------------------

    def identifiers(
        self, project: str, model: str, *, filters: Sequence[Any] = (), show_disconnected: bool = False
    ) -> list[str]:
        """Every identifier at one instant, in one answer; table rows by their numbers."""
        query = [model, *filters, "::all", "::identifier"]
        answer = self.query(project, query, show_disconnected=show_disconnected)
        return [identifier for identifier, _ in answer.pairs()]

    def walk_identifiers(
        self, project: str, model: str, *, filters: Sequence[Any] = (), page_size: int = PAGE_SIZE
    ) -> Walk:
        """Every identifier that passes /query filters from the first page to the last, exactly once."""
        query = [model, *filters, "::all", "::identifier"]

        def fetch(_wanted: Sequence[str] | str, page: int, size: int) -> Page:
            answer = self.query(project, query, page=page, page_size=size)
            return Page(page, {name: {} for name, _ in answer.pairs()}, ending=answer.ending)

        return Walk(fetch, attributes="identifier", page_size=page_size)

    def count(
        self, project: str, model: str, *, filters: Sequence[Any] = (), show_disconnected: bool = False
    ) -> int:
        """How many records there are."""
        query = [model, *filters, "::count"]
        return self.query(project, query, show_disconnected=show_disconnected).number()

    def file_digests(
        self, project: str, model: str, attribute: str, names: Iterable[str]
    ) -> dict[str, list[str] | None]:
        """The MD5 of each file by record, for file and file_collection attributes; None: no file."""
        digests: dict[str, list[str] | None] = {}
        for chunk in _chunks(names):
            query = [model, is_one_of(chunk), "::all", attribute, "::md5"]
            for identifier, found in self.query(project, query).pairs():
                digests[identifier] = [found] if isinstance(found, str) else found
        return digests

    def orphans(
        self, project: str, model: str, parent: str, *, since: datetime | None = None
    ) -> list[Orphan]:
        """Records whose own parent is empty; `parent` is the attribute (`Template.parent_attribute`)."""
        recent = [changed_after(since)] if since else []
        query = [model, lacks(parent), *recent, "::all", [UPDATED_AT]]
        pairs = self.query(project, query, show_disconnected=True).pairs()
        return [Orphan.of(identifier, values) for identifier, values in pairs]


def token_source() -> TokenSource:
    """Our own login where there is a key for it, since that renews itself; else the token given."""
    if settings.POLYPHEMUS_JANUS_EMAIL and settings.POLYPHEMUS_JANUS_PRIVATE_KEY:
        return JanusLogin(
            url=settings.POLYPHEMUS_JANUS_URL,
            email=settings.POLYPHEMUS_JANUS_EMAIL,
            private_key=settings.POLYPHEMUS_JANUS_PRIVATE_KEY,
        )
    if settings.POLYPHEMUS_MAGMA_TOKEN:
        return StaticToken(settings.POLYPHEMUS_MAGMA_TOKEN)
    raise MagmaNotConfigured(_("Neither POLYPHEMUS_MAGMA_TOKEN nor a key for a login at Janus is set."))


def connect() -> Magma:
    """The one client of this worker; another one after a fork, and when the settings have changed."""
    if not settings.POLYPHEMUS_MAGMA_URL:
        raise MagmaNotConfigured(
            _("POLYPHEMUS_MAGMA_URL is not set: Polyphemus does not know where Magma is.")
        )
    key = (os.getpid(), *(str(getattr(settings, name)) for name in SETTINGS))
    with _connecting.lock:
        if key not in _clients:
            disconnect()
            _clients[key] = Magma(
                url=settings.POLYPHEMUS_MAGMA_URL,
                token=token_source(),
                projects=settings.POLYPHEMUS_PROJECTS,
            )
        return _clients[key]


def disconnect() -> None:
    """Give back what `connect` holds in this process."""
    for key in [key for key in _clients if key[0] == os.getpid()]:
        old = _clients.pop(key)
        old.close()
        old.wire.token.close()


def selected(
    project: str,
    model: str,
    attributes: Sequence[str] | str,
    *,
    filters: Sequence[str] = (),
    order: str | None = None,
    show_disconnected: bool = False,
) -> RetrieveQuestion:
    """What records of a model to ask for, without templates; the page is still to be said."""
    return RetrieveQuestion(
        project_name=project,
        model_name=model,
        record_names="all",
        attribute_names=attributes if isinstance(attributes, str) else tuple(attributes),
        filter=tuple(filters) or UNSET,
        order=order or UNSET,
        hide_templates=True,
        show_disconnected=show_disconnected or UNSET,
    )


def _asked(path: ReadPath, question: Question) -> str:
    about = question.model_name if isinstance(question, RetrieveQuestion) else None
    return f"{path.value} about {' '.join(str(word) for word in (question.project_name, about) if word)}"


def _with_updated_at(attributes: Sequence[str]) -> tuple[str, ...]:
    """Magma filters only by what is also asked for."""
    return tuple(dict.fromkeys([*attributes, UPDATED_AT]))


def _chunks(names: Iterable[str | int]) -> Iterator[tuple[str | int, ...]]:
    """No more names in one question than Magma answers quickly."""
    remaining = iter(names)
    while chunk := tuple(islice(remaining, PAGE_SIZE)):
        yield chunk
