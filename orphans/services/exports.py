"""What leaves the program about a review: its bundles, the bodies that undo it, the script, the audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from magma.removal.handoff import script
from magma.trees import Tree
from orphans.errors import BlockedError
from orphans.models import AuditEntry, Bundle, Review
from orphans.services import bundles
from orphans.services.undo import Undo, undo
from orphans.states import Fate

AUDIT_FIELDS = (
    "at",
    "project",
    "actor",
    "action",
    "model",
    "record",
    "review",
    "source",
    "target",
    "note",
    "sha256",
)


@dataclass(frozen=True)
class Exported:
    """One bundle read back, with those of its trees that are asked about."""

    bundle: Bundle
    document: dict[str, Any]
    trees: list[Tree]


def copies(review: Review, *, fates: frozenset[Fate] = frozenset(Fate)) -> Iterator[Exported]:
    """The review's copies, each read from the storage and compared with its hash."""
    for bundle in review.bundles.exclude(name="").order_by("number"):
        copy = bundles.read(bundle)
        wanted = set(bundle.items.filter(fate__in=fates).values_list("pk", flat=True))
        yield Exported(bundle, dict(copy.document), [tree for pk, tree in copy.trees.items() if pk in wanted])


def holds_restricted(review: Review) -> bool:
    """Whether a copy holds a restricted record, or a value of a restricted attribute."""
    return any(_is_restricted(copy.document) for copy in copies(review))


def _is_restricted(document: dict[str, Any]) -> bool:
    closed = {
        (model, name)
        for model, template in document["templates"].items()
        for name, attribute in template["attributes"].items()
        if attribute.get("restricted") or name == "restricted"
    }
    return any(
        value and (node["model"], name) in closed
        for tree in document["trees"]
        for node in tree["nodes"]
        for name, value in node["document"].items()
    )


def as_update(review: Review) -> Undo:
    """The bodies that load the removed records again, over all the review's copies."""
    templates: dict[str, Any] = {}
    trees: list[Tree] = []
    files: list[Any] = []
    for copy in copies(review, fates=frozenset({Fate.REMOVED})):
        templates |= copy.document["templates"]
        trees += copy.trees
        files += copy.document["files"]
    if not trees:
        raise BlockedError(
            _("Review %(review)s has removed nothing that could be loaded again.") % {"review": review.pk},
            code="nothing_removed",
        )
    return undo(review.project, templates, trees, files)


def removal_script(review: Review) -> str:
    """The script for the administrator of Magma's database: one transaction a copy, of what is to go."""
    parts = [
        script(
            review.project,
            copy.trees,
            copy.document["templates"],
            sha256=copy.bundle.sha256,
            title=f"Polyphemus: review {review.pk} of {review.project}, bundle {copy.bundle.number}",
        )
        for copy in copies(review, fates=frozenset({Fate.PENDING}))
        if copy.trees
    ]
    if not parts:
        raise BlockedError(
            _("Review %(review)s has nothing left to hand over.") % {"review": review.pk},
            code="nothing_to_hand_over",
        )
    return "\n".join(parts)


def audit(project: str) -> Iterator[list[str]]:
    """The project's audit, oldest first, as rows of text; the first names the columns."""
    yield list(AUDIT_FIELDS)
    rows = AuditEntry.objects.filter(project=project).select_related("orphan").order_by("pk")
    for line in rows.iterator(chunk_size=2000):
        model, record = (line.orphan.model, line.orphan.record) if line.orphan else ("", "")
        review = str(line.review_id or "")
        yield [
            line.at.isoformat(), line.project, line.actor, line.action, model, record, review,
            line.source, line.target, line.note, line.bundle_sha256,
        ]  # fmt: skip
