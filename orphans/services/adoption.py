"""Which parents an orphan may have had: ranked, each with its reasons. Adopting is cheaper than deleting."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orphans.models import Orphan
from polyphemus_site.sentences import form_of
from polyphemus_site.sentences import say as _

MOST_PROPOSALS = 5
#: What each kind of evidence is worth: rules are meant, the journal saw it, likenesses only hint.
GRAMMAR, JOURNAL, PREFIX, SIBLINGS = 110, 100, 60, 40
LIKELY = 60
#: Siblings of whom fewer stand under a parent say nothing of it: a prefix may be all of a project's names.
TELLING_SHARE = 0.25
#: Revisions in one update.
MOST_REVISIONS = 500

Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A likely parent and why."""

    parent: str
    score: int
    reasons: tuple[str, ...]
    #: The parent itself is for upper-case roles only.
    restricted: bool = False

    @property
    def likely(self) -> bool:
        """More than a hint."""
        return self.score >= LIKELY

    def as_json(self) -> dict[str, Any]:
        """For keeping and for answers."""
        return {
            "parent": self.parent,
            "score": self.score,
            "likely": self.likely,
            "reasons": form_of(self.reasons),
            "restricted": self.restricted,
        }


@dataclass
class Family:
    """The connected records of a model and the parents there are, arranged for look-ups by name."""

    parents: frozenset[str]
    #: How often the children that begin with these tokens stand under each parent.
    under: dict[Tokens, Counter[str]] = field(default_factory=dict)
    by_tokens: dict[Tokens, str] = field(default_factory=dict)
    #: Parents that can hold no other child.
    full: frozenset[str] = frozenset()
    #: Parents for upper-case roles only.
    closed: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, parents: Iterable[str], children: Iterable[tuple[str, str]], *, single: bool = False
    ) -> Family:
        """Arrange (child, parent) pairs; `single` where a parent holds one child only."""
        family = cls(frozenset(parents))
        under: dict[Tokens, Counter[str]] = defaultdict(Counter)
        pairs = list(children)
        for child, parent in pairs:
            words = tokens(child)
            for length in range(1, len(words) + 1):
                under[words[:length]][parent] += 1
        family.under = dict(under)
        family.by_tokens = {tokens(parent): parent for parent in family.parents}
        family.full = frozenset(parent for _, parent in pairs) if single else frozenset()
        return family


def tokens(name: str) -> Tokens:
    """A name's parts: runs of letters, runs of digits; case and what stands between don't count."""
    return tuple(re.findall(r"[^\W\d_]+|\d+", name.lower()))


def rank(record: str, family: Family, *, former: str = "", named: str = "") -> list[Proposal]:
    """The likeliest parents first; none without a reason. `named` is what the naming rules say."""
    reasons: dict[str, dict[str, int]] = defaultdict(dict)
    if named in family.parents:
        reasons[named][_("By the project's naming rules it belongs to %(parent)s.") % {"parent": named}] = (
            GRAMMAR
        )
    if former in family.parents:
        reasons[former][_("The journal last saw it under %(parent)s.") % {"parent": former}] = JOURNAL
    words = tokens(record)
    for length in range(len(words), 0, -1):
        if (parent := family.by_tokens.get(words[:length])) is not None:
            reasons[parent][_("Its name begins with %(parent)s.") % {"parent": parent}] = (
                PREFIX + 10 * length // len(words)
            )
            break
    for parent, share, siblings in _siblings(words, family):
        said = _("Of its %(all)s nearest siblings by name, those under %(parent)s: %(count)s.") % {
            "parent": parent,
            **siblings,
        }
        reasons[parent][said] = int(SIBLINGS * share)
    proposals = [
        Proposal(parent, sum(found.values()), tuple(found), restricted=parent in family.closed)
        for parent, found in reasons.items()
        if parent not in family.full
    ]
    return sorted(proposals, key=lambda one: (-one.score, one.parent))[:MOST_PROPOSALS]


def _siblings(words: Tokens, family: Family) -> list[tuple[str, float, dict[str, int]]]:
    """(parent, share, how many) among the children that share the longest beginning of the name."""
    for length in range(len(words) - 1, 0, -1):
        if (found := family.under.get(words[:length])) is not None:
            total = found.total()
            return [
                (parent, count / total * length / len(words), {"count": count, "all": total})
                for parent, count in found.most_common(MOST_PROPOSALS)
                if count / total >= TELLING_SHARE
            ]
    return []


def visible(proposals: Iterable[Mapping[str, Any]], *, privileged: bool) -> list[Mapping[str, Any]]:
    """Kept proposals without the parents that aren't for these eyes."""
    return [one for one in proposals if privileged or not one["restricted"]]


def update_body(project: str, parents: Mapping[Orphan, str]) -> dict[str, Any]:
    """The body a person posts to Magma's /update, under their own token."""
    revisions: dict[str, dict[str, dict[str, str]]] = {}
    for orphan, parent in parents.items():
        revisions.setdefault(orphan.model, {})[orphan.record] = {orphan.parent_attribute: parent}
    return {"project_name": project, "revisions": revisions}


def pieces(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same in bodies that Magma takes within seconds each."""
    records = [
        (model, record, revision)
        for model, named in body["revisions"].items()
        for record, revision in named.items()
    ]
    cut = [records[start : start + MOST_REVISIONS] for start in range(0, len(records), MOST_REVISIONS)]
    return [{"project_name": body["project_name"], "revisions": _joined(part)} for part in cut]


def _joined(part: Sequence[tuple[str, str, Any]]) -> dict[str, dict[str, Any]]:
    revisions: dict[str, dict[str, Any]] = {}
    for model, record, revision in part:
        revisions.setdefault(model, {})[record] = revision
    return revisions
