"""What a person decides on a review. Of two who decide at once the first is heard and the second is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from orphans.errors import BlockedError, NotConfirmedError, SamePersonError
from orphans.models import Orphan, Review, ReviewItem
from orphans.services.moves import By, already_decided, move_orphans, move_review
from orphans.signals import removal_approved, removal_proposed
from orphans.states import DECIDABLE, Decision, Fate, OrphanStatus, ReviewStatus
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.janus.errors import ForbiddenError
from polyphemus_site.sentences import in_a_row
from polyphemus_site.sentences import say as _

MOST_NAMED = 100


@dataclass(frozen=True)
class Said:
    """A decision as it was said. `parents` gives the parent of each orphan by its id, for an adoption."""

    decision: Decision
    reason: str = ""
    until: datetime | None = None
    parents: Mapping[int, str] = field(default_factory=dict)
    #: Whether each of the others is adopted by its likeliest parent, where that is more than a hint.
    likeliest: bool = False
    sees_restricted: bool = False
    confirm: str = ""
    #: Whether the person administers the project; everybody who gets here may edit it.
    is_admin: bool = False


def decide(review: Review, said: Said, *, by: By) -> Review:
    """Carry out the decision, whole or not at all; AlreadyDecidedError when the review has moved on."""
    if review.status not in DECIDABLE[said.decision]:
        raise already_decided(review)
    by = By(by.actor, by.now, note=said.reason, review=review)
    with transaction.atomic():
        return DECIDERS[said.decision](review, said, by)


def _keep(review: Review, said: Said, by: By) -> Review:
    if not said.reason.strip():
        raise InvalidInputError(_("Say why these are kept."), code="reason_missing")
    items = list(review.items.pending())
    return _settle(review, said, by, items, to=OrphanStatus.KEPT, fate=Fate.KEPT)


def _later(review: Review, said: Said, by: By) -> Review:
    if said.until is None or said.until <= by.now:
        raise InvalidInputError(_("Say until when, in the future."), code="until_missing")
    items = list(review.items.pending())
    return _settle(review, said, by, items, to=OrphanStatus.LATER, fate=Fate.LATER, later_until=said.until)


def _settle(
    review: Review,
    said: Said,
    by: By,
    items: Sequence[ReviewItem],
    *,
    to: OrphanStatus,
    fate: Fate,
    **fields: Any,
) -> Review:
    done = _decided(review, said, by, to=ReviewStatus.DONE)
    claim(items, to=to, by=by, reason=said.reason, decided_by=by.actor, **fields)
    review.items.pending().update(fate=fate)
    return done


def _adopt(review: Review, said: Said, by: By) -> Review:
    """Note the parents; the person's own update does it, and the next look at Magma sees it."""
    items = list(review.items.pending())
    for item in items:
        item.parent = said.parents.get(item.orphan_id) or _likeliest(item, said)
        item.fate = Fate.ADOPTED if item.parent else Fate.SPARED
        item.fate_note = "" if item.parent else _("No parent was named.")
    if not any(item.parent for item in items):
        raise InvalidInputError(_("Name a parent for at least one of these orphans."), code="parents_missing")
    done = _decided(review, said, by, to=ReviewStatus.DONE)
    ReviewItem.objects.bulk_update(items, ["fate", "fate_note", "parent"], batch_size=500)
    return done


def _likeliest(item: ReviewItem, said: Said) -> str:
    """The first proposal, if it is asked for, likely, and for these eyes."""
    first = item.proposals[0] if said.likeliest and item.proposals else None
    if first is None or not first["likely"] or (first["restricted"] and not said.sees_restricted):
        return ""
    return str(first["parent"])


def _remove(review: Review, said: Said, by: By) -> Review:
    _require_confirmation(review, said)
    needs_second = settings.POLYPHEMUS_REMOVAL_NEEDS_TWO or not said.is_admin
    _spare_blocked(review)
    if needs_second:
        review = _decided(review, said, by, to=ReviewStatus.PROPOSED)
        removal_proposed.send(Review, review=review, now=by.now)
        return review
    review = _decided(review, said, by, to=ReviewStatus.APPROVED, approved_by=by.actor, approved_at=by.now)
    return _approve_all(review, by)


def _approve(review: Review, said: Said, by: By) -> Review:
    if not said.is_admin:
        raise ForbiddenError(_("Only an admin may agree to a removal."))
    if review.decided_by == by.actor:
        raise SamePersonError(_("Somebody else must agree: you proposed this removal yourself."))
    _require_confirmation(review, said)
    fields = {"approved_by": by.actor, "approved_at": by.now}
    review = move_review(review, to=ReviewStatus.APPROVED, by=by, sources={ReviewStatus.PROPOSED}, **fields)
    return _approve_all(review, by)


def _approve_all(review: Review, by: By) -> Review:
    claim(list(review.items.pending()), to=OrphanStatus.LEAVING, by=by)
    transaction.on_commit(partial(removal_approved.send_robust, Review, review_id=review.pk))
    return review


def _reject(review: Review, said: Said, by: By) -> Review:
    del said
    fields = {"decision": "", "decided_by": "", "decided_at": None}
    return move_review(review, to=ReviewStatus.OPEN, by=by, sources={ReviewStatus.PROPOSED}, **fields)


def _cancel(review: Review, said: Said, by: By) -> Review:
    """Possible until the commit: a batch already told to commit ends by itself, the others never begin."""
    if not said.is_admin and review.status not in (
        ReviewStatus.OPEN,
        ReviewStatus.GATHERING,
        ReviewStatus.PROPOSED,
    ):
        raise ForbiddenError(_("Only an admin may call off a removal."))
    review = move_review(
        review, to=ReviewStatus.CANCELLED, by=by, trouble="", trouble_code="", try_again_at=None
    )
    spare(
        review, list(review.items.pending().filter(strike=None)), note=_("The review was called off."), by=by
    )
    return review


def _retry(review: Review, said: Said, by: By) -> Review:
    if not said.is_admin:
        raise ForbiddenError(_("Only an admin may go on with a removal."))
    fields = {"trouble": "", "trouble_code": "", "attempts": 0, "try_again_at": None}
    review = move_review(review, to=ReviewStatus.APPROVED, by=by, sources={ReviewStatus.STOPPED}, **fields)
    transaction.on_commit(partial(removal_approved.send_robust, Review, review_id=review.pk))
    return review


DECIDERS: Mapping[Decision, Callable[[Review, Said, By], Review]] = {
    Decision.KEEP: _keep,
    Decision.LATER: _later,
    Decision.ADOPT: _adopt,
    Decision.REMOVE: _remove,
    Decision.APPROVE: _approve,
    Decision.REJECT: _reject,
    Decision.CANCEL: _cancel,
    Decision.RETRY: _retry,
}


def _decided(review: Review, said: Said, by: By, *, to: ReviewStatus, **fields: Any) -> Review:
    fields |= {
        "decision": said.decision,
        "reason": said.reason,
        "decided_by": by.actor,
        "decided_at": by.now,
    }
    return move_review(review, to=to, by=by, sources={ReviewStatus.OPEN}, **fields)


def _require_confirmation(review: Review, said: Said) -> None:
    if not review.records:
        raise BlockedError(_("None of these can be removed; each says why."), review=review.pk)
    if said.confirm.strip() != review.confirmation:
        raise NotConfirmedError(
            _("Type “%(confirmation)s” to have exactly that many records removed.")
            % {"confirmation": review.confirmation},
            expected=review.confirmation,
        )


def _spare_blocked(review: Review) -> None:
    """What can't be removed is left out before anything is promised; the reasons stay on the item."""
    blocked = [item for item in review.items.pending() if item.blockers]
    for item in blocked:
        item.fate, item.fate_note = Fate.SPARED, in_a_row(item.blockers)
    ReviewItem.objects.bulk_update(blocked, ["fate", "fate_note"], batch_size=500)


def claim(items: Sequence[ReviewItem], *, to: OrphanStatus, by: By, **fields: Any) -> None:
    """Move every orphan of the items or none: one decided otherwise since the review began refuses all."""
    ids = [item.orphan_id for item in items]
    rows = {row.pk: row for row in Orphan.objects.filter(pk__in=ids).select_for_update().order_by("pk")}
    taken = [rows[item.orphan_id] for item in items if rows[item.orphan_id].status != item.seen_status]
    if taken:
        first = taken[0]
        raise BlockedError(
            _(
                "Some of these were decided on elsewhere meanwhile (%(number)s); the first, %(model)s "
                "%(record)s, is “%(status)s”. Begin a new review."
            )
            % {
                "number": len(taken),
                "model": first.model,
                "record": first.record,
                "status": _(OrphanStatus(first.status).label),
            },
            code="already_decided",
            orphans=[row.pk for row in taken[:MOST_NAMED]],
        )
    moved = move_orphans(ids, to=to, by=by, **fields)
    if len(moved) != len(ids):
        raise BlockedError(_("Some of these can't be moved there; begin a new review."))


def spare(review: Review, items: Sequence[ReviewItem], *, note: str | Mapping[int, str], by: By) -> None:
    """Leave these where they are, each with its reason, and let them wait for a decision again."""
    for item in items:
        item.fate, item.fate_note = Fate.SPARED, note if isinstance(note, str) else note[item.pk]
    with transaction.atomic():
        ReviewItem.objects.bulk_update(items, ["fate", "fate_note"], batch_size=500)
        ids = [item.orphan_id for item in items]
        spared = By(
            by.actor, by.now, note=note if isinstance(note, str) else _("Left by the removal."), review=review
        )
        move_orphans(ids, to=OrphanStatus.OPEN, by=spared, sources={OrphanStatus.LEAVING})
