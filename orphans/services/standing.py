"""Which trees can go together: no record that stays may refer to one that goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from magma.disconnected import Templates, links_into, what_is_hidden
from magma.trees import Name, Tree
from polyphemus_site.sentences import say as _


@dataclass(frozen=True)
class Sight:
    """What matters of a tree here: its records, the links into it, and what already blocks it."""

    names: tuple[Name, ...]
    links: tuple[tuple[Name, Name], ...] = ()
    blockers: tuple[str, ...] = ()


@dataclass
class Standing:
    """Why some trees must stay, by key; and for each tree the group it can only go with."""

    blockers: dict[int, list[str]] = field(default_factory=dict)
    groups: dict[int, int] = field(default_factory=dict)


def sight(tree: Tree, templates: Templates, *, further: Iterable[str] = ()) -> Sight:
    """Look at one tree; `further` are reasons found elsewhere why it must stay."""
    hidden = what_is_hidden(templates, tree)
    unseen = (
        [_("The token may not see %(what)s: no copy could be whole.") % {"what": ", ".join(hidden)}]
        if hidden
        else []
    )
    return Sight(tree.names, tuple(links_into(templates, tree)), (*unseen, *further))


def judge(sights: Mapping[int, Sight]) -> Standing:
    """Block what is referred to from outside, then what the blocked refer to, until nothing moves."""
    owner = {name: key for key, seen in sights.items() for name in seen.names}
    standing = Standing(blockers={key: list(seen.blockers) for key, seen in sights.items() if seen.blockers})
    going = set(sights) - set(standing.blockers)
    while blocked := {key: said for key in going if (said := _said(sights[key], owner, going))}:
        standing.blockers |= blocked
        going -= set(blocked)
    standing.groups = _groups(sights, owner, going)
    return standing


def _said(seen: Sight, owner: Mapping[Name, int], going: set[int]) -> list[str]:
    return [
        _("%(referrer)s refers to %(target)s.") % {"referrer": str(referrer), "target": str(target)}
        for referrer, target in seen.links
        if owner.get(referrer) not in going
    ]


def _groups(sights: Mapping[int, Sight], owner: Mapping[Name, int], going: set[int]) -> dict[int, int]:
    """Trees joined by links carry the smallest key among them."""
    group = {key: key for key in going}

    def root(key: int) -> int:
        while group[key] != key:
            group[key] = group[group[key]]
            key = group[key]
        return key

    for key in sorted(going):
        for referrer, _target in sights[key].links:
            one, other = sorted((root(key), root(owner[referrer])))
            group[other] = one
    return {key: root(key) for key in going}


def batches(groups: Mapping[int, int], sizes: Mapping[int, int], *, most: int) -> list[list[int]]:
    """Keys in batches of at most `most` records that no group is split over; a larger group stands alone."""
    members: dict[int, list[int]] = {}
    for key in sorted(groups):
        members.setdefault(groups[key], []).append(key)
    filled: list[list[int]] = []
    room = 0
    for together in members.values():
        size = sum(sizes[key] for key in together)
        if not filled or size > room:
            filled.append([])
            room = most
        filled[-1].extend(together)
        room -= size
    return filled


def halves(keys: Sequence[int], groups: Mapping[int, int]) -> tuple[list[int], list[int]]:
    """The keys in two parts that no group is split over; the second is empty when they are all one group."""
    ordered = sorted(keys, key=lambda key: (groups[key], key))
    cuts = [at for at in range(1, len(ordered)) if groups[ordered[at]] != groups[ordered[at - 1]]]
    cut = min(cuts, key=lambda at: abs(at - len(ordered) // 2), default=len(ordered))
    return ordered[:cut], ordered[cut:]
