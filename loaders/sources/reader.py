"""One reader for all models: Magma's own, and those whose rows come from elsewhere.

To whatever judges it is a Magma like any other: what it is asked about a model of ours it answers from the
source, in Magma's own terms, pages and endings; every other question goes on to Magma.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from msgspec import UNSET

from loaders.sources.base import Place, Source, back_of
from magma.client import Magma
from magma.pages import Answer, Documents, ModelAnswer, Retrieved
from magma.questions import Ending, QueryQuestion, Question, RetrieveQuestion

if TYPE_CHECKING:
    from loaders.loader import Loader
    from magma.reading import Understood
    from magma.rows import RowShape
    from magma.templates import Template

CHANGED = "updated_at>"


def reader_of(magma: Magma, project: str, loaders: Iterable[Loader]) -> Magma:
    """Magma, and beside it the sources of these loaders that have rows in the project."""
    place = Place(magma, project)
    here = (loader for loader in loaders if not loader.projects or project in loader.projects)
    sources = {loader.model: loader.source for loader in here if loader.source is not None}
    serving = {model: source for model, source in sources.items() if source.serves(place)}
    return Reader(magma, place, serving) if serving else magma


class Reader(Magma):
    """Magma with further models."""

    def __init__(self, magma: Magma, place: Place, sources: Mapping[str, Source]) -> None:
        self.wire = magma.wire
        self._magma, self._place, self._sources = magma, place, sources
        self._home = threading.get_ident()
        self._backs = {
            (attribute.link_model, back_of(model)): source
            for model, source in sources.items()
            for attribute in source.template(model).attributes.values()
            if attribute.is_link
        }

    def close(self) -> None:
        """The connections are Magma's."""

    def projects(self) -> list[str]:
        """Magma's."""
        return self._magma.projects()

    def templates(self, project: str) -> dict[str, Template]:
        """Magma's and ours; where both know a name it is Magma's."""
        ours = {model: source.template(model) for model, source in self._sources.items()}
        return ours | self._magma.templates(project)

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
        """Magma's; of the way back to our rows ours."""
        (only,) = attributes if len(attributes) == 1 and not isinstance(attributes, str) else ("",)
        if source := self._backs.get((model, only)):
            wanted = {str(name) for name in names}
            with self._asked():
                return {name: {only: found} for name, found in source.owners(self._place, wanted).items()}
        return super().records(
            project, model, names, attributes, show_disconnected=show_disconnected, rows=rows
        )

    def ask(self, question: Question, rows: RowShape | None = None) -> Understood:
        """Magma's answer, or ours in its form."""
        if isinstance(question, RetrieveQuestion) and question.model_name in self._sources:
            with self._asked():
                return self._retrieved(question, str(question.model_name), rows)
        if isinstance(question, QueryQuestion) and isinstance(question.query, list):
            model = question.query[0]
            if isinstance(model, str) and model in self._sources:
                with self._asked():
                    return self._answered(question, model)
        return self._magma.ask(question, rows)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Pages are read ahead in a thread that ends: the connection to the database it opened ends here."""
        try:
            yield
        finally:
            if threading.get_ident() != self._home:
                connection.close()

    def _retrieved(self, question: RetrieveQuestion, model: str, rows: RowShape | None) -> Understood:
        names = self._named(question, model)
        total, ending = len(names), None
        if question.is_paged:
            number, size = int(question.page), int(question.page_size)  # type: ignore[arg-type]  # `is_paged` says so
            names = names[(number - 1) * size : number * size]
            if not names:
                ending = Ending.NOTHING if number == 1 else Ending.PAST_END
        found = self._sources[model].documents(self._place, names) if names else {}
        documents = rows.given(found) if rows else dict(found)
        count = total if question.page == 1 else None
        return Retrieved(models={model: ModelAnswer(documents=documents, count=count)}, ending=ending)

    def _named(self, question: RetrieveQuestion, model: str) -> list[str]:
        if question.show_disconnected is not UNSET:
            return []
        if isinstance(question.record_names, tuple):
            return [str(name) for name in question.record_names]
        return self._sources[model].names(self._place, _since(question.filter))

    def _answered(self, question: QueryQuestion, model: str) -> Understood:
        hidden = question.show_disconnected is not UNSET
        names = [] if hidden else self._sources[model].names(self._place)
        answer: Any = len(names) if "::count" in question.query else [[name, name] for name in names]
        return Answer(answer=answer)


def _since(filters: Any) -> datetime | None:
    """The instant of the one filter that is asked for: `updated_at>…`, in UTC."""
    for one in () if filters is UNSET else filters:
        if isinstance(one, str) and one.startswith(CHANGED):
            return datetime.fromisoformat(one.removeprefix(CHANGED)).replace(tzinfo=UTC)
    return None
