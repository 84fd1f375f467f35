"""Watching what was handed over: gone with all below it, under a parent again, or called otherwise now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from magma.client import Magma
from magma.disconnected import Templates, find, parents_now
from magma.trees import Name, Tree
from orphans.models import Orphan, Review, ReviewItem
from orphans.services import bundles
from polyphemus_site.sentences import Sentence

PARTLY = gettext_noop(
    "It is no longer there by its name, but %(name)s, which hung below it, is: "
    "renamed, or removed only in part."
)
RENAMED = gettext_noop(
    "It is no longer there by its name, but %(name)s, made in the same second, is new: "
    "renamed. Look at it again."
)


@dataclass
class Seen:
    """The orphans handed over, by what became of them; those in none are there still."""

    gone: list[ReviewItem] = field(default_factory=list)
    adopted: list[ReviewItem] = field(default_factory=list)
    #: Notes by item.
    elsewhere: dict[int, str] = field(default_factory=dict)


def look(review: Review, items: Sequence[ReviewItem], magma: Magma) -> Seen:
    """Ask Magma. A record that isn't seen counts as gone only if nothing of its tree is, by whatever name.

    A restricted one that isn't seen may be hidden from a token that has lost its upper-case role.
    """
    templates = magma.templates(review.project)
    seen = Seen()
    shown = magma.sees_restricted(review.project)
    hidden = {item.pk for item in items if item.orphan.restricted and not shown}
    for model in sorted({item.orphan.model for item in items} & set(templates)):
        mine = [item for item in items if item.orphan.model == model]
        records = [item.orphan.record for item in mine]
        parents = parents_now(magma, review.project, templates[model], records)
        seen.adopted += [item for item in mine if parents.get(item.orphan.record)]
        unseen = [item for item in mine if item.orphan.record not in parents and item.pk not in hidden]
        if unseen:
            _tell_apart(review, magma, templates, unseen, seen)
    return seen


def _tell_apart(
    review: Review, magma: Magma, templates: Templates, unseen: Sequence[ReviewItem], seen: Seen
) -> None:
    trees = _copied(unseen)
    below = _visible(review, magma, templates, trees.values())
    namesakes = _namesakes(review, magma, templates, unseen[0].orphan.model)
    for item in unseen:
        tree = trees[item.pk]
        left = next((name for name in tree.names if name in below), None)
        made = str(tree.top.document.get("created_at"))
        if left is not None:
            seen.elsewhere[item.pk] = Sentence(PARTLY, name=str(left))
        elif made in namesakes:
            seen.elsewhere[item.pk] = Sentence(RENAMED, name=namesakes[made])
        else:
            seen.gone.append(item)


def _copied(items: Sequence[ReviewItem]) -> dict[int, Tree]:
    """Their trees, as the copies hold them."""
    kept = {bundle: bundles.read(bundle).trees for bundle in {item.bundle for item in items} if bundle}
    return {item.pk: kept[item.bundle][item.pk] for item in items if item.bundle}


def _visible(review: Review, magma: Magma, templates: Templates, trees: Iterable[Tree]) -> set[Name]:
    """Those of the trees' records that can be seen, connected or not."""
    by_model: dict[str, list[str]] = {}
    for tree in trees:
        for name in tree.names:
            by_model.setdefault(name.model, []).append(name.record)
    return {
        Name(model, record)
        for model, records in by_model.items()
        if model in templates
        for record in parents_now(magma, review.project, templates[model], records)
    }


def _namesakes(review: Review, magma: Magma, templates: Templates, model: str) -> dict[str, str]:
    """Orphans of the model that nobody knew when the review began, by the instant they were made."""
    known = set(
        Orphan.objects.filter(
            project=review.project, model=model, found_at__lte=review.created_at
        ).values_list("record", flat=True)
    )
    return {
        one.created_at.isoformat(): f"{model} {one.record!r}"
        for one in find(magma, review.project, templates[model])
        if one.record not in known and one.created_at is not None
    }
