"""Adoption: the person's own browser writes to Magma; here it is only noted, looked after, and shown."""

from __future__ import annotations

from typing import Any

from magma.client import Magma
from orphans.errors import BlockedError
from orphans.models import Orphan, Review
from orphans.querysets import ReviewItemQuerySet
from orphans.services import adoption, decisions, discovery, reviews
from orphans.services.decisions import Said
from orphans.services.moves import By, note_review
from orphans.states import Decision, Fate, OrphanStatus, ReviewStatus, Source
from polyphemus_site.errors import InvalidInputError, MoveRefusedError, UnavailableError
from polyphemus_site.sentences import in_a_row
from polyphemus_site.sentences import say as _

#: What is kept of a refusal.
MOST_SAID = 500
OK = range(200, 300)


def adopt_one(orphan: Orphan, parent: str, *, magma: Magma, by: By) -> Review:
    """A review of this one orphan, decided at once; the update that does it is the person's to send."""
    if not parent.strip():
        raise InvalidInputError(_("Name the parent."), code="parents_missing")
    chosen = Orphan.objects.filter(pk=orphan.pk)
    review = reviews.gather(reviews.create(project=orphan.project, orphans=chosen, by=by), magma=magma, by=by)
    item = review.items.get()
    if review.status == ReviewStatus.OPEN and item.fate == Fate.PENDING:
        said = Said(Decision.ADOPT, parents={orphan.pk: parent.strip()})
        return decisions.decide(review, said, by=by)
    trouble, code = review.trouble, review.trouble_code
    decisions.decide(review, Said(Decision.CANCEL), by=by)
    if trouble:
        raise UnavailableError(trouble, code=code or "unavailable")
    raise BlockedError(item.fate_note, code="no_orphan_any_more")


def updates(items: ReviewItemQuerySet) -> list[dict[str, Any]]:
    """The bodies that give these orphans of a review their parents; none for those that have one by now."""
    waiting = items.filter(fate=Fate.ADOPTED).exclude(orphan__status=OrphanStatus.ADOPTED)
    parents = {item.orphan: item.parent for item in waiting.select_related("orphan").order_by("pk")}
    projects = {orphan.project for orphan in parents}
    return [
        piece for project in projects for piece in adoption.pieces(adoption.update_body(project, parents))
    ]


def sent(review: Review, *, status: int, said: str, magma: Magma, by: By) -> Review:
    """Keep what Magma answered to the person's browser, and look at once whether it is so."""
    if review.decision != Decision.ADOPT:
        raise MoveRefusedError(
            _("Review %(review)s is no adoption.") % {"review": review.pk}, code="no_adoption"
        )
    note = (
        _("Magma answered %(status)s.") % {"status": status}
        if status
        else _("The browser did not reach Magma.")
    )
    heard = said[:MOST_SAID].strip()
    told = By(by.actor, by.now, note=in_a_row([note, heard] if heard else [note]), review=review)
    note_review(review, action="update sent" if status in OK else "update refused", by=told)
    models = set(review.items.exclude(parent="").values_list("orphan__model", flat=True))
    discovery.searched(magma, review.project, source=Source.COMMAND, now=by.now, models=models)
    return review
