"""The pure core: from a loader, a page and what we know of past requests to one verdict an anchor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from loaders.loader import Loader
from loaders.pages import Page
from loaders.states import DueReason, Verdict

#: Fingerprints of the anchors at these indexes; asked only where one decides: file digests cost a request.
Fingerprints = Callable[[Sequence[int]], Mapping[int, str]]


@dataclass(frozen=True)
class Past:
    """What requests say about the anchors of a page."""

    in_progress: frozenset[str] = frozenset()
    #: anchor -> the fingerprint at its last completed request.
    completed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """One anchor's verdict, and why it is due when it is."""

    anchor: str
    index: int
    verdict: Verdict
    due: DueReason | None = None


def judge(
    loader: Loader, page: Page, past: Past, fingerprints: Fingerprints | None = None
) -> list[Judgement]:
    """The verdict for every anchor, in the page's order.

    The order of questions: scope, needs, well-formedness, an open request, the output, the fingerprint.
    What a later question reads can't change an earlier one's answer, so each is asked only of those left.
    """
    verdicts: dict[int, tuple[Verdict, DueReason | None]] = {}
    left = list(range(len(page)))
    for check, failing in (
        (loader.scope, Verdict.OUT_OF_SCOPE),
        (loader.needs, Verdict.WAITING),
        (loader.wellformed, Verdict.BLOCKED),
    ):
        if check is not None and left:
            answers = check.judge(_part(page, left))
            verdicts |= {index: (failing, None) for index, ok in zip(left, answers, strict=True) if not ok}
            left = [index for index, ok in zip(left, answers, strict=True) if ok]
    verdicts |= _ready(loader, page, left, past, fingerprints or _computed(loader, page))
    return [Judgement(name, index, *verdicts[index]) for index, name in enumerate(page.names)]


def _ready(
    loader: Loader, page: Page, left: list[int], past: Past, fingerprints: Fingerprints
) -> dict[int, tuple[Verdict, DueReason | None]]:
    busy = {index for index in left if page.names[index] in past.in_progress}
    idle = [index for index in left if index not in busy]
    made = dict(zip(idle, loader.outputs.judge(_part(page, idle)) if idle else [], strict=True))
    compared = [index for index in idle if made[index] and page.names[index] in past.completed]
    now = fingerprints(compared) if compared else {}
    changed = {index for index in compared if now[index] != past.completed[page.names[index]]}
    return {index: _verdict(index, busy, made, changed) for index in left}


def _verdict(
    index: int, busy: set[int], made: Mapping[int, bool], changed: set[int]
) -> tuple[Verdict, DueReason | None]:
    if index in busy:
        return Verdict.IN_PROGRESS, None
    if not made[index]:
        return Verdict.DUE, DueReason.MISSING
    return (Verdict.DUE, DueReason.CHANGED) if index in changed else (Verdict.FRESH, None)


def _part(page: Page, indexes: Sequence[int]) -> Page:
    return page if len(indexes) == len(page) else page.only(*(page.names[index] for index in indexes))


def _computed(loader: Loader, page: Page) -> Fingerprints:
    return lambda indexes: {index: loader.fingerprint(page, index) for index in indexes}


#: The question that decided, and how its complaint starts.
COMPLAINTS: dict[Verdict, tuple[str, str]] = {
    Verdict.WAITING: ("needs", "Waiting for "),
    Verdict.BLOCKED: ("wellformed", "Malformed: "),
    Verdict.OUT_OF_SCOPE: ("scope", "Not for this loader: "),
}
PLAIN: dict[Verdict, str] = {
    Verdict.IN_PROGRESS: "A request for it is open.",
    Verdict.FRESH: "The output is there and belongs to the inputs as they are.",
    Verdict.ERROR: "The loader failed.",
}


def reason(loader: Loader, page: Page, judgement: Judgement) -> str:
    """The verdict's one reason, in words."""
    if judgement.verdict is Verdict.DUE:
        half = loader.changed if judgement.due is DueReason.CHANGED else loader.lacking
        return f"{loader.ready}; {half}."
    if judgement.verdict not in COMPLAINTS:
        return PLAIN[judgement.verdict]
    question, start = COMPLAINTS[judgement.verdict]
    finding = loader.checks[question].explain(page, judgement.index)
    return f"{start}{finding.why_not()}."
