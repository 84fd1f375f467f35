"""What requests speak of a record, for whoever is about to remove it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop as _

from dispatch.models import Subject
from dispatch.states import RequestStatus
from polyphemus_site.prefix import below
from polyphemus_site.references import Mention
from polyphemus_site.sentences import Sentence


def of_records(project: str, model: str, records: Sequence[str]) -> dict[str, list[Mention]]:
    """Requests about these records; one that isn't archived is work in flight and blocks a removal."""
    rows = Subject.objects.filter(request__project=project, model=model, record__in=records)
    found: dict[str, list[Mention]] = {}
    for row in rows.select_related("request").order_by("pk"):
        is_open = row.request.status != RequestStatus.ARCHIVED
        stage = Sentence(RequestStatus(row.request.status).label)
        said = Sentence(_("Request %(name)s is about it: %(stage)s."), name=row.request.name, stage=stage)
        found.setdefault(row.record, []).append(
            Mention(said, below(f"/api/v1/requests/{row.request.name}"), blocks=is_open)
        )
    return found
