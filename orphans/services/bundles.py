"""The copy made before anything is removed: written, read back, and compared with a fresh look at Magma."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction

from magma.client import Magma
from magma.disconnected import Templates, read_trees
from magma.errors import MagmaError
from magma.removal.adapters import Removal
from magma.removal.witness import Witness
from magma.trees import Name, Tree, canonical, tree_from_json
from orphans.errors import CopyDiffersError
from orphans.models import Bundle, Review, ReviewItem
from orphans.querysets import ReviewItemQuerySet
from orphans.services import storage
from orphans.services.decisions import spare
from orphans.services.moves import By, note_review
from orphans.services.sights import sights
from orphans.services.standing import batches, judge
from orphans.states import BundleStatus
from polyphemus_site.sentences import in_a_row
from polyphemus_site.sentences import say as _

FORMAT = "polyphemus-bundle/1"
#: Records in one copy, and so in one transaction: what deletes well within a second.
MOST_RECORDS = 2000

Trees = dict[int, Tree]
#: What copying and removing read of an item; what was seen of it stays where it is.
NEEDED = (
    "fate",
    "fate_note",
    "mark",
    "records",
    "group",
    "review",
    "bundle",
    "orphan__model",
    "orphan__record",
)


@dataclass(frozen=True)
class Tools:
    """What copying and removing work with."""

    magma: Magma
    adapter: Removal


def plan(review: Review) -> None:
    """Share the review's pending orphans out among bundles, small enough to be removed at a stroke."""
    items = {item.pk: item for item in review.items.pending().filter(bundle=None)}
    sizes = {pk: item.records for pk, item in items.items()}
    number = review.bundles.count()
    for batch in batches({pk: item.group for pk, item in items.items()}, sizes, most=MOST_RECORDS):
        number += 1
        bundle = Bundle.objects.create(review=review, number=number)
        ReviewItem.objects.filter(pk__in=batch).update(bundle=bundle)


def pending(bundle: Bundle) -> dict[int, ReviewItem]:
    """The items of the bundle still to be removed, by id."""
    rows = _pending(bundle).select_related("orphan").only(*NEEDED).order_by("pk")
    return {item.pk: item for item in rows}


def is_spent(bundle: Bundle) -> bool:
    """Whether every item of it is decided."""
    return not _pending(bundle).exists()


def _pending(bundle: Bundle) -> ReviewItemQuerySet:
    return ReviewItem.objects.pending().filter(bundle=bundle)


def write(bundle: Bundle, tools: Tools, *, by: By) -> Bundle:
    """Copy every tree that is still what the person saw; leave the others."""
    review = bundle.review
    templates = tools.magma.templates(review.project)
    trees = _unchanged(review, pending(bundle), tools.magma, templates, by=by)
    if not trees:
        return spend(bundle)
    examination = tools.adapter.examine(review.project, list(trees.values()))
    trees = _agreeing(review, pending(bundle), trees, examination.disagreements, by=by)
    if not trees:
        return spend(bundle)
    content = canonical(
        {
            "format": FORMAT,
            "project": review.project,
            "review": review.pk,
            "bundle": bundle.number,
            "written_at": by.now.isoformat(),
            "approved_by": review.approved_by,
            "magma": settings.POLYPHEMUS_MAGMA_URL,
            "templates": _templates_of(templates, trees.values()),
            "trees": [{"item": pk, "mark": tree.mark, "nodes": tree.as_json()} for pk, tree in trees.items()],
            "files": files_of(tools.magma, review.project, templates, trees.values()),
            "rows": examination.stored,
            "witness": examination.witness.as_json(),
        }
    )
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"{review.project}/review-{review.pk}/bundle-{bundle.number}-{sha256[:16]}.json.gz"
    kept = storage.keep(name, content)
    return _written(bundle, trees, name=kept, sha256=sha256, size=len(content), by=by)


def _written(bundle: Bundle, trees: Trees, *, name: str, sha256: str, size: int, by: By) -> Bundle:
    fields = {
        "status": BundleStatus.WRITTEN,
        "name": name,
        "sha256": sha256,
        "size": size,
        "records": sum(len(tree) for tree in trees.values()),
        "written_at": by.now,
        "keep_until": by.now + timedelta(days=settings.POLYPHEMUS_BUNDLE_KEEP_DAYS),
    }
    with transaction.atomic():
        Bundle.objects.filter(pk=bundle.pk, status=BundleStatus.PLANNED).update(**fields)
        note_review(bundle.review, action="bundle written", by=_with(by, sha256, name))
    bundle.refresh_from_db()
    return bundle


def verify(bundle: Bundle, tools: Tools, *, by: By) -> Bundle:
    """Read the copy back, compare its hash, and hold it against Magma as it is now."""
    review = bundle.review
    kept = read(bundle)
    templates = tools.magma.templates(review.project)
    items = {pk: item for pk, item in pending(bundle).items() if pk in kept.trees}
    trees = _unchanged(review, items, tools.magma, templates, by=by, against=kept.marks)
    if not trees:
        return spend(bundle)
    examination = tools.adapter.examine(review.project, list(trees.values()))
    before = kept.witness()
    changed = {
        tree.top.name: _("Its rows changed while the copy was made.")
        for tree in trees.values()
        if tree.top.name not in examination.disagreements and not _same(before, examination.witness, tree)
    }
    _agreeing(review, items, trees, {**examination.disagreements, **changed}, by=by)
    fields = {
        "status": BundleStatus.VERIFIED,
        "verified_at": by.now,
        "witness": examination.witness.as_json(),
    }
    with transaction.atomic():
        Bundle.objects.filter(pk=bundle.pk, status=BundleStatus.WRITTEN).update(**fields)
        note_review(review, action="bundle verified", by=_with(by, bundle.sha256, bundle.name))
    bundle.refresh_from_db()
    return spend(bundle) if is_spent(bundle) else bundle


def _same(before: Witness, after: Witness, tree: Tree) -> bool:
    if not before.rows and not after.rows:
        return True  # no database behind the adapter: the documents are all there is
    return all(
        before.rows.get(name.model, {}).get(name.record) == after.rows.get(name.model, {}).get(name.record)
        for name in tree.names
    )


@dataclass(frozen=True)
class Copy:
    """A bundle as it was read back: the whole document and its trees by item."""

    document: Mapping[str, Any]
    trees: Trees

    @property
    def marks(self) -> dict[int, str]:
        """The digest of each tree, as it was when written; the file's own hash vouches for them."""
        return {entry["item"]: entry["mark"] for entry in self.document["trees"]}

    def witness(self) -> Witness:
        """The rows behind it when it was written."""
        return Witness.from_json(self.document["witness"])


def read(bundle: Bundle) -> Copy:
    """The copy as it lies in the storage; CopyDiffersError when it is not what was written."""
    document = json.loads(content(bundle))
    return Copy(document, {entry["item"]: tree_from_json(entry["nodes"]) for entry in document["trees"]})


def content(bundle: Bundle) -> bytes:
    """The canonical JSON as it lies in the storage, compared with its hash."""
    kept = storage.fetch(bundle.name)
    if hashlib.sha256(kept).hexdigest() != bundle.sha256:
        raise CopyDiffersError(
            _("%(bundle)s is not what was written: its hash differs. Nothing was removed.")
            % {"bundle": bundle.name}
        )
    return kept


def again(bundle: Bundle) -> Bundle:
    """Have the copy made anew: what it holds is no longer to be relied on.

    A copy that stands for removed records stays as it is; what is left of it goes to another bundle.
    """
    if bundle.items.removed().exists():
        _pending(bundle).update(bundle=None)
        return spend(bundle)
    Bundle.objects.filter(pk=bundle.pk, status__in=[BundleStatus.WRITTEN, BundleStatus.VERIFIED]).update(
        status=BundleStatus.PLANNED
    )
    bundle.refresh_from_db()
    return bundle


def spend(bundle: Bundle) -> Bundle:
    """Every record of it is decided."""
    Bundle.objects.filter(pk=bundle.pk).exclude(status=BundleStatus.SPENT).update(status=BundleStatus.SPENT)
    bundle.refresh_from_db()
    return bundle


def _unchanged(
    review: Review,
    items: Mapping[int, ReviewItem],
    magma: Magma,
    templates: Templates,
    *,
    by: By,
    against: Mapping[int, str] | None = None,
) -> Trees:
    """The trees that are still what was seen (or copied), read afresh; the others are left with a reason."""
    trees: Trees = {}
    left: dict[int, str] = {}
    for model, named in _by_model(items.values()).items():
        if model not in templates:
            left |= {
                item.pk: _("Magma has no model %(model)s any more.") % {"model": model}
                for item in named.values()
            }
            continue
        forest = read_trees(magma, review.project, templates, model, list(named))
        for record, item in named.items():
            tree = forest.trees.get(record)
            if tree is None:
                left[item.pk] = forest.unreadable[record]
            elif tree.mark != (item.mark if against is None else against[item.pk]):
                left[item.pk] = _("It has changed since it was reviewed: look at it again.")
            else:
                trees[item.pk] = tree
    blocked = judge(sights(review.project, trees, templates)).blockers
    left |= {pk: in_a_row(said) for pk, said in blocked.items()}
    if left:
        spare(review, [items[pk] for pk in left], note=left, by=by)
    return {pk: tree for pk, tree in trees.items() if pk not in left}


def _by_model(items: Iterable[ReviewItem]) -> dict[str, dict[str, ReviewItem]]:
    groups: dict[str, dict[str, ReviewItem]] = {}
    for item in items:
        groups.setdefault(item.orphan.model, {})[item.orphan.record] = item
    return groups


def _agreeing(
    review: Review,
    items: Mapping[int, ReviewItem],
    trees: Trees,
    disagreements: Mapping[Name, str],
    *,
    by: By,
) -> Trees:
    left = {pk: disagreements[tree.top.name] for pk, tree in trees.items() if tree.top.name in disagreements}
    if left:
        spare(review, [items[pk] for pk in left], note=left, by=by)
    return {pk: tree for pk, tree in trees.items() if pk not in left}


def _templates_of(templates: Templates, trees: Iterable[Tree]) -> dict[str, Any]:
    models = {name.model for tree in trees for name in tree.names}
    return {model: msgspec.to_builtins(templates[model]) for model in sorted(models)}


def files_of(magma: Magma, project: str, templates: Templates, trees: Iterable[Tree]) -> list[dict[str, Any]]:
    """Every file the trees name, with where it came from, its size and MD5 as far as Magma tells."""
    holders: dict[tuple[str, str], list[str]] = {}
    for tree in trees:
        for node in tree:
            for attribute in templates[node.name.model].attributes.values():
                if attribute.is_file and node.document.get(attribute.name):
                    holders.setdefault((node.name.model, attribute.name), []).append(node.name.record)
    return [
        {"model": model, "attribute": attribute, "record": record} | found
        for (model, attribute), records in sorted(holders.items())
        for record, found in _file_facts(magma, project, templates, model, attribute, records).items()
    ]


def _file_facts(
    magma: Magma, project: str, templates: Templates, model: str, attribute: str, records: Sequence[str]
) -> dict[str, dict[str, Any]]:
    names = [int(record) if templates[model].is_table else record for record in records]
    facts: dict[str, dict[str, Any]] = {record: {} for record in records}
    for fact, verb in (("stored", "::all"), ("md5", "::md5"), ("size", "::size")):
        query = [model, ["::identifier", "::in", names], "::all", attribute, verb]
        for record, value in _ask(magma, project, query):
            if str(record) in facts:
                facts[str(record)][fact] = value
    return facts


def _ask(magma: Magma, project: str, query: list[Any]) -> list[Any]:
    """The answer's pairs; none where this Magma doesn't know the verb for this kind of attribute."""
    try:
        answer = magma.query(project, query, show_disconnected=True).answer
    except MagmaError as error:
        if error.passing:
            raise
        return []
    return list(answer or [])


def _with(by: By, sha256: str, note: str) -> By:
    return By(by.actor, by.now, note=note, review=by.review, bundle_sha256=sha256)
