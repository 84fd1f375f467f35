"""Which parents an orphan may have had: ranked, each with its reasons. Adopting is cheaper than deleting."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from magma.client import Magma
from magma.disconnected import Templates
from orphans.models import Orphan

MOST_PROPOSALS = 5
#: What each kind of evidence is worth; the journal saw it, names only hint.
JOURNAL, PREFIX, SIBLINGS = 100, 60, 40
LIKELY = 60

Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A likely parent and why."""

    parent: str
    score: int
    reasons: tuple[str, ...]

    @property
    def likely(self) -> bool:
        """More than a hint."""
        return self.score >= LIKELY


@dataclass
class Family:
    """The connected records of a model and the parents there are, arranged for look-ups by name."""

    parents: frozenset[str]
    #: How often the children that begin with these tokens stand under each parent.
    under: dict[Tokens, Counter[str]] = field(default_factory=dict)
    by_tokens: dict[Tokens, str] = field(default_factory=dict)
    #: Parents that can hold no other child.
    full: frozenset[str] = frozenset()

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


def rank(record: str, family: Family, *, former: str = "") -> list[Proposal]:
    """The likeliest parents first; none without a reason."""
    reasons: dict[str, dict[str, int]] = defaultdict(dict)
    if former in family.parents:
        reasons[former][f"The journal last saw it under {former}."] = JOURNAL
    words = tokens(record)
    for length in range(len(words), 0, -1):
        if (parent := family.by_tokens.get(words[:length])) is not None:
            reasons[parent][f"Its name begins with {parent}."] = PREFIX + 10 * length // len(words)
            break
    for parent, share, siblings in _siblings(words, family):
        said = f"{siblings} of its nearest siblings by name stand under {parent}."
        reasons[parent][said] = int(SIBLINGS * share)
    proposals = [
        Proposal(parent, sum(found.values()), tuple(found))
        for parent, found in reasons.items()
        if parent not in family.full
    ]
    return sorted(proposals, key=lambda one: (-one.score, one.parent))[:MOST_PROPOSALS]


def _siblings(words: Tokens, family: Family) -> list[tuple[str, float, str]]:
    """(parent, share, how many) among the children that share the longest beginning of the name."""
    for length in range(len(words) - 1, 0, -1):
        if (found := family.under.get(words[:length])) is not None:
            total = found.total()
            return [
                (parent, count / total * length / len(words), f"{count} of {total}")
                for parent, count in found.most_common(MOST_PROPOSALS)
            ]
    return []


def family_of(magma: Magma, project: str, templates: Templates, model: str) -> Family:
    """Two requests: the parents there are, and where every connected record of the model stands."""
    template = templates[model]
    attribute = template.attributes[template.parent_attribute or ""]
    above = templates[attribute.link_model or ""]
    parents = magma.identifiers(project, above.name)
    answer = magma.query(project, [model, "::all", attribute.name, "::identifier"]).answer
    pairs = [(str(child), str(parent)) for child, parent in answer if parent is not None]
    far = above.attributes.get(attribute.link_attribute or "")
    return Family.of(parents, pairs, single=far is not None and far.type == "child")


def propose(magma: Magma, project: str, orphans: Sequence[Orphan]) -> dict[int, list[Proposal]]:
    """Proposals for each of these orphans of one project, by id."""
    templates = magma.templates(project)
    found: dict[int, list[Proposal]] = {}
    for model in sorted({orphan.model for orphan in orphans} & set(templates)):
        family = family_of(magma, project, templates, model)
        for orphan in orphans:
            if orphan.model == model:
                found[orphan.pk] = rank(
                    "" if orphan.is_row else orphan.record, family, former=orphan.former_parent
                )
    return found


def update_body(project: str, parents: Mapping[Orphan, str]) -> dict[str, Any]:
    """The body a person posts to Magma's /update, under their own token."""
    revisions: dict[str, dict[str, dict[str, str]]] = {}
    for orphan, parent in parents.items():
        revisions.setdefault(orphan.model, {})[orphan.record] = {orphan.parent_attribute: parent}
    return {"project_name": project, "revisions": revisions}
