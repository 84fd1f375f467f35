"""What a person may reach: rows of projects they see, restricted ones only with the role for it."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from orphans.models import Bundle, Review
from orphans.permissions import require_look
from orphans.services.exports import holds_restricted
from polyphemus_site.errors import MissingError
from polyphemus_site.janus.errors import ForbiddenError
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import require_admin, require_restricted


def no_such_review() -> MissingError:
    """The refusal of what is unknown, or not for these eyes."""
    return MissingError(_("There is no such review here, or it isn't yours to see."))


def review_for(person: Person, pk: int) -> Review:
    """The review, if its project's orphans are for these eyes; unknown and forbidden look the same."""
    review = Review.objects.filter(pk=pk).first()
    if review is None or not person.can_view(review.project):
        raise no_such_review()
    require_look(person, review.project)
    return review


def require_all_seen(person: Person, review: Review) -> None:
    """Nobody decides on what they may not see."""
    if review.items.filter(orphan__restricted=True).exists():
        require_restricted(person, review.project)


def is_partly_unseen(person: Person, review: Review) -> bool:
    """Whether something that may be removed holds a value or a record that is not for these eyes."""
    if person.can_see_restricted(review.project):
        return False
    return review.items.pending().filter(holds_restricted=True, blockers=[]).exists()


def require_nothing_unseen(person: Person, review: Review) -> None:
    """Nobody agrees to the removal of what they may not see."""
    if is_partly_unseen(person, review):
        raise ForbiddenError(
            _(
                "Some of these hold something restricted that you may not see: somebody with an upper-case "
                "role must agree to their removal."
            ),
            code="restricted_unseen",
        )


def require_copies(person: Person, review: Review) -> None:
    """Copies hold whole records: for admins, and with restricted content only for those who may see it."""
    require_admin(person, review.project)
    require_all_seen(person, review)
    if not person.can_see_restricted(review.project) and holds_restricted(review):
        require_restricted(person, review.project)


def rights(person: Person, review: Review) -> dict[str, bool]:
    """What the person may say of the review, and whether a removal of theirs waits for somebody else."""
    may_remove = person.is_admin(review.project) and not person.is_task
    alone = may_remove and not settings.POLYPHEMUS_REMOVAL_NEEDS_TWO and not is_partly_unseen(person, review)
    return {
        "may_decide": person.can_edit(review.project),
        "may_remove": may_remove,
        "needs_second": not alone,
    }


def bundle_for(person: Person, review: Review, number: int) -> Bundle:
    """One copy of the review."""
    require_copies(person, review)
    bundle = review.bundles.exclude(name="").filter(number=number).first()
    if bundle is None:
        raise MissingError(
            _("Review %(review)s has no bundle %(number)s.") % {"review": review.pk, "number": number}
        )
    return bundle
