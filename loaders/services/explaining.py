"""Why a loader says what it says about a record: judged now, with the whole tree; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loaders import judging, registry, restriction, seam
from loaders.checks import Finding
from loaders.gathering import Gatherer, ensure_readable, ensure_seen, shapes_of
from loaders.judging import Past
from loaders.loader import Loader
from loaders.proposing import Bench
from loaders.services import suggestions
from loaders.services.verdicts import applies
from magma.client import Magma
from polyphemus_site.errors import MissingError


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
        """For machines."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "findings"}
        return plain | {"checks": {question: found.as_json() for question, found in self.findings.items()}}


def explain(magma: Magma, project: str, name: str, record: str, *, now: datetime) -> Explanation:
    """Judge one record by one loader. MissingError when Magma doesn't show the record."""
    loader = registry.current().get(name)
    shapes = shapes_of(magma.templates(project))
    if not applies(loader, project, shapes):
        raise MissingError(f"{name} is not for {project}: its model {loader.model} is not there.")
    ensure_readable(loader, shapes)
    gatherer = Gatherer.for_loaders(magma, project, shapes, [loader])
    page = gatherer.page([record], now=now)
    if record not in page.names:
        raise MissingError(f"Magma shows no {loader.model} {record} in {project}.")
    ensure_seen(loader, page)
    past = seam.pasts(project, loader.model, page.names, [name]).get(name, Past())
    known = suggestions.known(project, loader.model, page.names, [name])[name]
    return _explained(project, Bench(gatherer, loader, page, past, known))


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
        restricted=restriction.reads_restricted(loader, page.store.shapes) or bench.sights.restricted[0],
        fingerprint=bench.fingerprints([0])[0],
        findings=loader.explain(page, 0),
    )


def projects_of(magma: Magma, loader: Loader) -> list[str]:
    """The projects a loader may be about, as far as we know of any."""
    return [project for project in magma.projects() if not loader.projects or project in loader.projects]
