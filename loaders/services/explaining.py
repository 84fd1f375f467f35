"""Why a loader says what it says about a record: judged now, with the whole tree; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from loaders import judging, registry, restriction, seam
from loaders.checks import Finding
from loaders.errors import told
from loaders.gathering import Gatherer, applies, ensure_readable, ensure_seen, fitted, shapes_of
from loaders.limits import time_limit
from loaders.loader import Loader
from loaders.proposing import Bench
from loaders.services import suggestions
from loaders.sources.reader import reader_of
from loaders.states import Verdict
from magma.client import Magma
from magma.errors import MagmaError
from polyphemus_site.errors import MissingError
from polyphemus_site.sentences import Sentence, form_of, from_form
from polyphemus_site.sentences import told as in_words


@dataclass(frozen=True)
class Explanation:
    """A verdict with its reason and the tree it rests on."""

    project: str
    loader: str
    version: str
    model: str
    record: str
    verdict: str
    due: str
    reason: str
    restricted: bool
    fingerprint: str
    findings: dict[str, Finding]

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads, in whichever process."""
        checks = {question: found.as_json() for question, found in self.findings.items()}
        return self._plain() | {"reason": form_of(self.reason), "checks": checks}

    def as_told(self) -> dict[str, Any]:
        """In the language of whoever asks."""
        checks = {question: found.as_told() for question, found in self.findings.items()}
        return self._plain() | {"reason": in_words(self.reason), "checks": checks}

    @property
    def verdict_text(self) -> str:
        """The verdict as people call it."""
        return str(Verdict(self.verdict).label)

    def _plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "findings"}

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Explanation:
        """What `as_json` gave."""
        findings = {question: Finding.from_json(found) for question, found in form["checks"].items()}
        plain = {name: form[name] for name in cls.__dataclass_fields__ if name != "findings"}
        return cls(**plain | {"reason": from_form(plain["reason"])}, findings=findings)


def explain(magma: Magma, project: str, name: str, record: str, *, now: datetime) -> Explanation:
    """Judge one record by one loader; one that fails is explained by its failure.

    MissingError when Magma doesn't show the record.
    """
    loader = registry.current().get(name)
    magma = reader_of(magma, project, [loader])
    shapes = shapes_of(magma.templates(project))
    if loader.projects and project not in loader.projects:
        raise MissingError(
            _("%(name)s is not for %(project)s; its `projects` are %(projects)s.")
            % {"name": name, "project": project, "projects": ", ".join(loader.projects)}
        )
    if not applies(loader, project, shapes):
        raise MissingError(
            _("%(name)s is not for %(project)s: its model %(model)s is not there.")
            % {"name": name, "project": project, "model": loader.model}
        )
    loader = fitted(loader, shapes)
    try:
        ensure_readable(loader, shapes)
        gatherer = Gatherer.for_loaders(magma, project, shapes, [loader])
    except Exception as error:  # noqa: BLE001 — a lab's own class may fail in its own way
        return _failed(project, loader, record, told(error), restricted=False)
    page = gatherer.page([record], now=now)
    if record not in page.names:
        raise MissingError(
            _("Magma shows no %(model)s %(record)s in %(project)s.")
            % {"model": loader.model, "record": record, "project": project}
        )
    rivals = judging.rivals_of([loader, *(fitted(one, shapes) for one in registry.current())])
    found = seam.pasts(project, loader.model, page.names, sorted(rivals[loader.identity]))
    past = judging.with_rivals(loader.identity, found, rivals)
    known = suggestions.known(project, loader.model, page.names, [name])[name]
    return _judged(project, Bench(gatherer, loader, page, past, known))


def _judged(project: str, bench: Bench) -> Explanation:
    try:
        with time_limit(settings.POLYPHEMUS_EXPLAIN_SECONDS):
            ensure_seen(bench.loader, bench.page)
            return _explained(project, bench)
    except (MagmaError, DatabaseError):
        raise
    except Exception as error:  # noqa: BLE001 — a lab's code may raise anything; that is the explanation
        return _failed(
            project, bench.loader, bench.page.names[0], told(error), restricted=_is_restricted(bench)
        )


def _failed(project: str, loader: Loader, record: str, cause: str, *, restricted: bool) -> Explanation:
    return Explanation(
        project=project,
        loader=loader.name,
        version=str(loader.version),
        model=loader.model,
        record=record,
        verdict=str(Verdict.ERROR.value),
        due="",
        reason=Sentence(_("The loader failed: %(cause)s"), cause=cause),
        restricted=restricted,
        fingerprint="",
        findings={},
    )


def _is_restricted(bench: Bench) -> bool:
    reads = restriction.reads_restricted(bench.loader, bench.page.store.shapes)
    return reads or bench.sights.restricted[0]


def _explained(project: str, bench: Bench) -> Explanation:
    loader, page = bench.loader, bench.page
    (judgement,) = judging.judge(loader, page, bench.past, bench.fingerprints)
    return Explanation(
        project=project,
        loader=loader.name,
        version=str(loader.version),
        model=loader.model,
        record=judgement.anchor,
        verdict=str(judgement.verdict.value),
        due=str(judgement.due.value) if judgement.due else "",
        reason=judging.reason(loader, page, judgement),
        restricted=_is_restricted(bench),
        fingerprint=bench.fingerprints([0])[0],
        findings=loader.explain(page, 0),
    )


def projects_of(magma: Magma, loader: Loader) -> list[str]:
    """The projects a loader may be about: of those we know, or else those it names itself."""
    known = magma.projects()
    if not loader.projects:
        return known
    return [project for project in known if project in loader.projects] or list(loader.projects)
