"""The pure core: from a loader, a page and what we know of past requests to one verdict an anchor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop as _

from loaders.loader import Loader
from loaders.pages import Page
from loaders.states import DueReason, Verdict
from polyphemus_site.sentences import Sentence

#: Fingerprints of the anchors at these indexes; asked only where one decides: file digests cost a request.
Fingerprints = Callable[[Sequence[int]], Mapping[int, str]]


@dataclass(frozen=True)
class Past:
    """What requests say about the anchors of a page."""

    in_progress: frozenset[str] = frozenset()
    #: anchor -> the fingerprint at its last completed request.
    completed: Mapping[str, str] = field(default_factory=dict)


#: Identity -> those whose requests are about the same output: its own, and its alternatives'.
Rivals = Mapping[str, frozenset[str]]


def rivals_of(loaders: Iterable[Loader]) -> Rivals:
    """Which loaders are alternatives of which."""
    known = list(loaders)
    sharing: dict[str, set[str]] = {}
    for loader in known:
        sharing.setdefault(loader.output_key, set()).add(loader.identity)
    found: dict[str, set[str]] = {}
    for loader in known:
        found.setdefault(loader.identity, set()).update({loader.identity} | sharing[loader.output_key])
    return {identity: frozenset(others) for identity, others in found.items()}


def with_rivals(identity: str, pasts: Mapping[str, Past], known: Rivals) -> Past:
    """What requests say: the completed ones of its own; open ones of its alternatives count as its own."""
    own = pasts.get(identity, Past())
    open_ones = own.in_progress.union(*(pasts[one].in_progress for one in known[identity] if one in pasts))
    return Past(open_ones, own.completed)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One anchor's verdict, and why it is due when it is."""

    anchor: str
    index: int
    verdict: Verdict
    due: DueReason | None = None


@dataclass(frozen=True)
class Verdicts:
    """A page's verdicts, in its order, and why the due ones are."""

    page: Page
    verdicts: list[Verdict]
    due: Mapping[int, DueReason]

    def at(self, index: int) -> Judgement:
        """One anchor's."""
        return Judgement(self.page.names[index], index, self.verdicts[index], self.due.get(index))

    @property
    def counts(self) -> Counter[str]:
        """Verdict -> how many anchors have it."""
        return Counter({one.value: count for one in Verdict if (count := self.verdicts.count(one))})

    def anchors(self, verdict: Verdict) -> list[str]:
        """The anchors with this verdict."""
        return [name for name, one in zip(self.page.names, self.verdicts, strict=True) if one is verdict]


def judge(
    loader: Loader, page: Page, past: Past, fingerprints: Fingerprints | None = None
) -> list[Judgement]:
    """The verdict for every anchor, in the page's order."""
    found = verdicts(loader, page, past, fingerprints)
    return [found.at(index) for index in range(len(page))]


#: Each question with the verdict of failing it, in the order they are asked.
ORDER = (
    ("scope", Verdict.OUT_OF_SCOPE),
    ("needs", Verdict.WAITING),
    ("wellformed", Verdict.BLOCKED),
)


def verdicts(loader: Loader, page: Page, past: Past, fingerprints: Fingerprints | None = None) -> Verdicts:
    """The verdicts of a page.

    The order of questions: scope, needs, well-formedness, an open request, the output, the fingerprint.
    What a later question reads can't change an earlier one's answer.
    """
    found = [Verdict.FRESH] * len(page)
    left = list(range(len(page)))
    for question, failing in ORDER:
        if question in loader.checks and left:
            answers = _answers(loader, question, page, left)
            failed = [index for index in left if not answers[index]]
            for index in failed:
                found[index] = failing
            if failed:
                left = [index for index in left if answers[index]]
    due = _due(loader, page, _idle(page, past, left, found), past, fingerprints or _computed(loader, page))
    for index in due:
        found[index] = Verdict.DUE
    return Verdicts(page, found, due)


def _idle(page: Page, past: Past, left: list[int], found: list[Verdict]) -> list[int]:
    if not past.in_progress:
        return left
    for index in left:
        if page.names[index] in past.in_progress:
            found[index] = Verdict.IN_PROGRESS
    return [index for index in left if found[index] is not Verdict.IN_PROGRESS]


def _due(
    loader: Loader, page: Page, idle: list[int], past: Past, fingerprints: Fingerprints
) -> dict[int, DueReason]:
    made = _answers(loader, "outputs", page, idle) if idle else {}
    due = {index: DueReason.MISSING for index in idle if not made[index]}
    completed = past.completed
    compared = (
        [index for index in idle if made[index] and page.names[index] in completed] if completed else []
    )
    now = fingerprints(compared) if compared else {}
    changed = [index for index in compared if now[index] != past.completed[page.names[index]]]
    return due | dict.fromkeys([*changed, *_never_turned(loader, page, made, idle, past)], DueReason.CHANGED)


def _never_turned(
    loader: Loader, page: Page, made: Mapping[int, bool] | Sequence[bool], idle: list[int], past: Past
) -> list[int]:
    """Of a loader with turns what was never ours: nobody knows how old an output is that was merely found."""
    if not loader.every_hours:
        return []
    return [index for index in idle if made[index] and page.names[index] not in past.completed]


def _answers(
    loader: Loader, question: str, page: Page, left: Sequence[int]
) -> Sequence[bool] | Mapping[int, bool]:
    """A question's answers by index: of the whole page, so that loaders share them.

    A lab's own code is only asked about the anchors that are left: it may rely on the questions before it.
    """
    check = loader.checks[question]
    if question not in loader.runs_code:
        return check.answers(page)
    part = page.only(*(page.names[index] for index in left))
    return dict(zip(left, check.judge(part), strict=True))


def _computed(loader: Loader, page: Page) -> Fingerprints:
    return lambda indexes: {index: loader.fingerprint(page, index) for index in indexes}


#: The question that decided, and its complaint.
COMPLAINTS: dict[Verdict, tuple[str, str]] = {
    Verdict.WAITING: ("needs", _("Waiting for %(what)s.")),
    Verdict.BLOCKED: ("wellformed", _("Malformed: %(what)s.")),
    Verdict.OUT_OF_SCOPE: ("scope", _("Not for this loader: %(what)s.")),
}
PLAIN: dict[Verdict, str] = {
    Verdict.IN_PROGRESS: _("A request for it is open."),
    Verdict.FRESH: _("The output is there and belongs to the inputs as they are."),
    Verdict.ERROR: _("The loader failed."),
}


def reason(loader: Loader, page: Page, judgement: Judgement) -> Sentence:
    """The verdict's one reason, in words."""
    if judgement.verdict is Verdict.DUE:
        half = loader.changed if judgement.due is DueReason.CHANGED else loader.lacking
        return Sentence(_("%(ready)s; %(half)s."), ready=Sentence(loader.ready), half=Sentence(half))
    if judgement.verdict not in COMPLAINTS:
        return Sentence(PLAIN[judgement.verdict])
    question, complaint = COMPLAINTS[judgement.verdict]
    finding = loader.checks[question].explain(page, judgement.index)
    return Sentence(complaint, what=finding.why_not())
