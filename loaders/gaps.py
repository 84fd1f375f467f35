"""What is waited for, counted by what is missing and who brings it: a loader's other answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from loaders import restriction
from loaders.checks import All, Check, Named
from loaders.judging import Verdicts
from loaders.loader import Loader
from loaders.pages import Page
from loaders.sights import Sights
from loaders.states import Verdict

#: How many names of each gap are kept to be shown.
SHOWN = 500
QUESTIONS = {Verdict.WAITING: "needs", Verdict.BLOCKED: "wellformed"}


class What(NamedTuple):
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

    def note_many(self, names: list[str], count: int, *, restricted: bool) -> None:
        """Several more, of whom these are named."""
        if restricted:
            self.restricted += count
            self.restricted_anchors += names[: SHOWN - len(self.restricted_anchors)]
        else:
            self.count += count
            self.anchors += names[: SHOWN - len(self.anchors)]

    def add(self, other: Count) -> None:
        """Another page's."""
        self.restricted_loader |= other.restricted_loader
        self.count += other.count
        self.restricted += other.restricted
        self.anchors += other.anchors[: SHOWN - len(self.anchors)]
        self.restricted_anchors += other.restricted_anchors[: SHOWN - len(self.restricted_anchors)]


Gaps = dict[What, Count]


def plain(gaps: Gaps) -> list[list[dict[str, Any]]]:
    """As JSON, to be added to other workers' later."""
    return [[what._asdict(), asdict(count)] for what, count in gaps.items()]


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
    is_restricted = restriction.reads_restricted(loader, sights.page.store.shapes)
    for index, whats in sorted(lacking(loader, sights.page, judged).items()):
        name, hidden = sights.page.names[index], is_restricted or sights.restricted[index]
        for what in whats:
            found.setdefault(what, Count(is_restricted)).note(name, restricted=hidden)
    return found


def lacking(loader: Loader, page: Page, judged: Verdicts) -> dict[int, list[What]]:
    """Index -> the parts of the question that a waiting or blocked anchor fails."""
    found: dict[int, list[What]] = {}
    for verdict, question in QUESTIONS.items():
        stuck = [index for index, one in enumerate(judged.verdicts) if one is verdict]
        for asked, what in wanted(loader, verdict) if stuck else ():
            answers = _answers(asked, page, stuck, runs_code=question in loader.runs_code)
            for index, there in zip(stuck, answers, strict=True):
                if not there:
                    found.setdefault(index, []).append(what)
    return found


def wanted(loader: Loader, verdict: Verdict) -> list[tuple[Check, What]]:
    """The parts of the question that is failed with this verdict; none where nothing is waited for."""
    check = loader.checks.get(QUESTIONS.get(verdict, ""))
    if check is None:
        return []
    return [
        (asked, What(loader.name, verdict.value, label_of(asked), whom_of(asked)))
        for asked in asked_of(check)
    ]


def _answers(check: Check, page: Page, stuck: list[int], *, runs_code: bool) -> list[bool]:
    """A lab's own code is asked only about what it may expect to be asked about."""
    if runs_code:
        return check.judge(page.only(*(page.names[index] for index in stuck)))
    answers = check.answers(page)
    return [answers[index] for index in stuck]


def asked_of(check: Check) -> tuple[Check, ...]:
    """The parts that must each hold."""
    return check.checks if isinstance(check, All) else (check,)


def label_of(check: Check) -> str:
    """What people call it; for want of a name, the check and what it looks at."""
    if isinstance(check, Named):
        return check.label
    place = getattr(check, "attribute", "") or getattr(check, "path", "") or ", ".join(sorted(check.reads()))
    return f"{check.id} {place}".strip()


def whom_of(check: Check) -> str:
    """Who brings it, where that is said."""
    return check.whom if isinstance(check, Named) else ""
