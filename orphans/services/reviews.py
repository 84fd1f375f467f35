"""A review: gathering what there is to see, and the decisions on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation

from magma.client import Magma
from magma.disconnected import Templates, read_trees
from magma.errors import MagmaError
from magma.trees import Node, Tree, digest
from orphans.errors import AlreadyDecidedError
from orphans.models import Review, ReviewItem
from orphans.querysets import OrphanQuerySet
from orphans.services.advice import Advisor
from orphans.services.moves import By, move_review, note_review
from orphans.services.sights import mentions, sights
from orphans.services.standing import Sight, judge
from orphans.signals import large_review_created
from orphans.states import Fate, OrphanStatus, ReviewStatus
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.sentences import say as _

#: Trees read from Magma in one go.
CHUNK = 500
#: A review larger than this is a mistake, or needs a DBA.
MOST_ORPHANS = 50_000
#: A review of up to this many orphans is read while its person waits; a larger one by a worker.
AT_ONCE = 100
#: From so many orphans on a review is a load in bulk, of which the planner must be told.
IN_BULK = 1_000
AGAIN = timedelta(seconds=30)
#: What gathering writes down of each tree.
SEEN_FIELDS = (
    "mark",
    "records",
    "shape",
    "document",
    "restricted_attributes",
    "seen",
    "holds_restricted",
    "mentions",
    "proposals",
)


def create(*, project: str, orphans: OrphanQuerySet, by: By) -> Review:
    """Begin a review of these orphans of one project; their records are read next (`gather`)."""
    rows = list(orphans.live().exclude(status=OrphanStatus.LEAVING).order_by("pk")[: MOST_ORPHANS + 1])
    if not rows:
        raise InvalidInputError(_("None of these is an orphan that waits for a decision."), code="no_orphans")
    if len(rows) > MOST_ORPHANS:
        raise InvalidInputError(
            _("A review holds at most %(most)s orphans.") % {"most": MOST_ORPHANS}, code="too_many_orphans"
        )
    with transaction.atomic():
        review = Review.objects.create(
            project=project, created_by=by.actor, created_at=by.now, orphans=len(rows)
        )
        items = [ReviewItem(review=review, orphan=row, seen_status=row.status) for row in rows]
        ReviewItem.objects.bulk_create(items, batch_size=2000)
        if review.orphans >= IN_BULK:
            _tell_the_planner()
        note_review(review, action="review begun", by=by, target=ReviewStatus.GATHERING)
        if review.orphans > AT_ONCE:
            transaction.on_commit(partial(large_review_created.send_robust, Review, review_id=review.pk))
    return review


def _tell_the_planner() -> None:
    """Have PostgreSQL count both tables now: until autovacuum has, it may join them as if each held one row.

    Measured with 10,000 orphans after a count of emptied tables: 10 s a statement instead of 40 ms.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orphans_orphan, orphans_reviewitem")


@translation.override(settings.LANGUAGE_CODE)  # what is kept is in one language, whoever began the review
def gather(review: Review, *, magma: Magma, by: By) -> Review:
    """Read every tree and keep what was seen of it; the review is then ready for a decision.

    May run twice, or be cut off: it writes what it saw and only the last step moves the review.
    """
    try:
        templates = magma.templates(review.project)
        advisor = Advisor(magma, review.project, templates)
        seen: dict[int, Sight] = {}
        for model, items in _by_model(review.items.pending().select_related("orphan")):
            for start in range(0, len(items), CHUNK):
                seen |= _gather_some(review, advisor, model, items[start : start + CHUNK])
        _keep_standing(review, seen)
    except MagmaError as error:
        trouble = {"trouble": error.message, "trouble_code": error.code, "try_again_at": by.now + AGAIN}
        Review.objects.filter(pk=review.pk, status=ReviewStatus.GATHERING).update(**trouble)
        review.refresh_from_db()
        return review
    removable = [item for item in review.items.pending() if item.is_removable]
    records = sum(item.records for item in removable)
    clear = {"records": records, "trouble": "", "trouble_code": "", "try_again_at": None}
    try:
        return move_review(review, to=ReviewStatus.OPEN, by=by, sources={ReviewStatus.GATHERING}, **clear)
    except AlreadyDecidedError:
        return review  # another worker read the same and was first, or it was called off


def _by_model(items: Iterable[ReviewItem]) -> list[tuple[str, list[ReviewItem]]]:
    groups: dict[str, list[ReviewItem]] = {}
    for item in items:
        groups.setdefault(item.orphan.model, []).append(item)
    return sorted(groups.items())


def _gather_some(
    review: Review, advisor: Advisor, model: str, items: Sequence[ReviewItem]
) -> dict[int, Sight]:
    magma, templates = advisor.magma, advisor.templates
    if model not in templates:
        _leave(
            items,
            dict.fromkeys(
                (item.orphan.record for item in items), _("Magma has no model %(model)s.") % {"model": model}
            ),
        )
        return {}
    records = [item.orphan.record for item in items]
    forest = read_trees(magma, review.project, templates, model, records)
    readable = [item for item in items if item.orphan.record in forest.trees]
    trees = {item.pk: forest.trees[item.orphan.record] for item in readable}
    said = mentions(review.project, trees)
    for item in readable:
        _keep_sight(item, trees[item.pk], templates)
        item.mentions = [one.sentence for one in said[item.pk]]
        item.proposals = [one.as_json() for one in advisor.advise(item.orphan)]
    ReviewItem.objects.bulk_update(readable, SEEN_FIELDS, batch_size=500)
    _leave([item for item in items if item.orphan.record in forest.unreadable], forest.unreadable)
    return sights(review.project, trees, templates)


def _keep_sight(item: ReviewItem, tree: Tree, templates: Templates) -> None:
    item.mark, item.records = tree.mark, len(tree)
    item.shape = dict(Counter(name.model for name in tree.names))
    item.document = dict(tree.top.document)
    item.restricted_attributes = sorted(templates[tree.top.name.model].restricted_attributes)
    item.seen = [
        [*node.name, digest(dict(node.document)), list(node.above) if node.above else None] for node in tree
    ]
    item.holds_restricted = any(_is_restricted(node, templates) for node in tree)


def _is_restricted(node: Node, templates: Templates) -> bool:
    """Whether the record, or a value of it, is for upper-case roles only."""
    template = templates[node.name.model]
    closed = template.restricted_attributes | ({"restricted"} if template.holds_restricted_records else set())
    return any(node.document.get(name) not in (None, False, []) for name in closed)


def _keep_standing(review: Review, sights: Mapping[int, Sight]) -> None:
    """Write down what can't go and why, and what can only go together."""
    standing = judge(sights)
    items = list(review.items.filter(pk__in=sights))
    for item in items:
        item.blockers = standing.blockers.get(item.pk, [])
        item.group = standing.groups.get(item.pk, 0)
    ReviewItem.objects.bulk_update(items, ["blockers", "group"], batch_size=1000)


def _leave(items: Sequence[ReviewItem], reasons: Mapping[str, str]) -> None:
    for item in items:
        item.fate, item.fate_note = Fate.SPARED, reasons[item.orphan.record]
    ReviewItem.objects.bulk_update(items, ["fate", "fate_note"], batch_size=500)
