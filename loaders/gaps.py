"""What is waited for, counted by what is missing and who brings it: a loader's other answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from loaders import restriction
from loaders.checks import All, Check, Named
from loaders.judging import Verdicts
from loaders.loader import Loader
from loaders.sights import Sights
from loaders.states import Verdict

#: How many names of each gap are kept to be shown.
SHOWN = 500
QUESTIONS = {Verdict.WAITING: "needs", Verdict.BLOCKED: "wellformed"}


@dataclass(frozen=True)
class What:
    """One thing somebody must bring or mend."""

    loader: str
    verdict: str
    label: str
    whom: str


@dataclass
class Count:
    """How many anchors lack it, and some of their names; restricted ones apart."""

    restricted_loader: bool = False
    count: int = 0
    restricted: int = 0
    anchors: list[str] = field(default_factory=list)
    restricted_anchors: list[str] = field(default_factory=list)

    def note(self, name: str, *, restricted: bool) -> None:
        """One more."""
        names = self.restricted_anchors if restricted else self.anchors
        if restricted:
            self.restricted += 1
        else:
            self.count += 1
        if len(names) < SHOWN:
            names.append(name)

    def add(self, other: Count) -> None:
        """Another page's."""
        self.restricted_loader |= other.restricted_loader
        self.count += other.count
        self.restricted += other.restricted
        self.anchors = (self.anchors + other.anchors)[:SHOWN]
        self.restricted_anchors = (self.restricted_anchors + other.restricted_anchors)[:SHOWN]


Gaps = dict[What, Count]


def plain(gaps: Gaps) -> list[list[dict[str, Any]]]:
    """As JSON, to be added to other workers' later."""
    return [[asdict(what), asdict(count)] for what, count in gaps.items()]


def merged(forms: Iterable[list[list[dict[str, Any]]]]) -> Gaps:
    """Several workers' counts as one."""
    gaps: Gaps = {}
    for form in forms:
        for what, count in form:
            gaps.setdefault(What(**what), Count()).add(Count(**count))
    return gaps


def counted(loader: Loader, sights: Sights, judged: Verdicts) -> Gaps:
    """What the waiting and blocked anchors of a page lack, each part of the question for itself."""
    found: Gaps = {}
    page = sights.page
    is_restricted = restriction.reads_restricted(loader, page.store.shapes)
    hidden = {name for name, marked in zip(page.names, sights.restricted, strict=True) if marked}
    for verdict, question in QUESTIONS.items():
        stuck = judged.anchors(verdict)
        check = loader.checks.get(question)
        if not stuck or check is None:
            continue
        part = page.only(*stuck)
        for asked in asked_of(check):
            what = What(loader.name, verdict.value, label_of(asked), whom_of(asked))
            for name, there in zip(stuck, asked.judge(part), strict=True):
                if not there:
                    count = found.setdefault(what, Count(is_restricted))
                    count.note(name, restricted=is_restricted or name in hidden)
    return found


def asked_of(check: Check) -> tuple[Check, ...]:
    """The parts that must each hold."""
    return check.checks if isinstance(check, All) else (check,)


def label_of(check: Check) -> str:
    """What people call it; for want of a name, the check and what it looks at."""
    if isinstance(check, Named):
        return check.label
    place = getattr(check, "attribute", "") or getattr(check, "path", "")
    return f"{check.id} {place}".strip()


def whom_of(check: Check) -> str:
    """Who brings it, where that is said."""
    return check.whom if isinstance(check, Named) else ""
