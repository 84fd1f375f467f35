"""The pure core: from a loader, a page and what we know of past requests to one verdict an anchor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from django.utils.translation import gettext_noop as _

from loaders.kinds import Kinds
from loaders.loader import Loader
from loaders.pages import Page
from loaders.states import DueReason, Verdict
from polyphemus_site.sentences import Sentence

#: The verdicts on what passes scope, needs and well-formedness, as long as no request is looked at.
READY = frozenset({Verdict.DUE, Verdict.FRESH})
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


class Judgement(msgspec.Struct, frozen=True):
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
    #: How the anchors were sorted, where those of a kind were judged together, and the verdict on each kind.
    kinds: Kinds | None = None
    told: Sequence[Verdict] = ()
    #: Whom requests set apart.
    apart: frozenset[int] = frozenset()

    def at(self, index: int) -> Judgement:
        """One anchor's."""
        return Judgement(self.page.names[index], index, self.verdicts[index], self.due.get(index))

    @property
    def counts(self) -> Counter[str]:
        """Verdict -> how many anchors have it."""
        if self.kinds is None:
            return Counter(verdict.value for verdict in self.verdicts)
        counts: Counter[str] = Counter()
        for verdict, members in zip(self.told, self.kinds.members, strict=True):
            counts[verdict.value] += len(members)
        for index in self.apart:
            counts[self.told[self.kinds.codes[index]].value] -= 1
            counts[self.verdicts[index].value] += 1
        return +counts

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


def verdicts(
    loader: Loader,
    page: Page,
    past: Past,
    fingerprints: Fingerprints | None = None,
    kinds: Kinds | None = None,
) -> Verdicts:
    """The verdicts of a page; `kinds` as they were sorted for all its loaders.

    The order of questions: scope, needs, well-formedness, an open request, the output, the fingerprint.
    What a later question reads can't change an earlier one's answer. An open request, which the checks know
    nothing of, comes before the output all the same, since it takes the place of what that says.
    """
    kinds = kinds or Kinds.of(page, [loader])
    are_together = kinds.covers(loader)
    told = _by_checks(loader, kinds.examples if are_together else page)
    found = kinds.spread(told) if are_together else told
    apart = _busy(page, past, found)
    for index in apart:
        found[index] = Verdict.IN_PROGRESS
    ready = kinds.where(told, Verdict.DUE) if are_together else range(len(page))
    due = {index: DueReason.MISSING for index in ready if found[index] is Verdict.DUE}
    changed = _changed(loader, page, found, past, fingerprints or _computed(loader, page))
    for index in changed:
        found[index], due[index] = Verdict.DUE, DueReason.CHANGED
    apart_from_kind = frozenset([*apart, *changed])
    if not are_together:
        return Verdicts(page, found, due, apart=apart_from_kind)
    return Verdicts(page, found, due, kinds, told, apart_from_kind)


def _by_checks(loader: Loader, page: Page) -> list[Verdict]:
    """What the checks alone say: what nothing is said against is there already, and fresh."""
    found = [Verdict.FRESH] * len(page)
    left = list(range(len(page)))
    for question, failing in (*ORDER, ("outputs", Verdict.DUE)):
        if question in loader.checks and left:
            answers = _answers(loader, question, page, left)
            failed = [index for index in left if not answers[index]]
            for index in failed:
                found[index] = failing
            if failed:
                left = [index for index in left if answers[index]]
    return found


def _busy(page: Page, past: Past, found: list[Verdict]) -> list[int]:
    """Those ready, done or not, about whom a request is open."""
    if not past.in_progress:
        return []
    busy = (index for index, name in enumerate(page.names) if name in past.in_progress)
    return [index for index in busy if found[index] in READY]


def _changed(
    loader: Loader, page: Page, found: list[Verdict], past: Past, fingerprints: Fingerprints
) -> list[int]:
    """Of those whose output is there: whose inputs aren't as they were when it was asked for.

    Of a loader with turns also what was never ours: nobody knows how old an output is that was merely found.
    """
    completed = past.completed
    if not completed and not loader.every_hours:
        return []
    made = [index for index, verdict in enumerate(found) if verdict is Verdict.FRESH]
    compared = [index for index in made if page.names[index] in completed]
    now = fingerprints(compared) if compared else {}
    changed = [index for index in compared if now[index] != completed[page.names[index]]]
    never = [index for index in made if page.names[index] not in completed] if loader.every_hours else []
    return [*changed, *never]


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
    told = finding.why_not() if question == "needs" else finding.whats_wrong()
    return Sentence(complaint, what=told)
