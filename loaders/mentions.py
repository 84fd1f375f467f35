"""What suggestions speak of a record, for whoever is about to remove it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop as _

from loaders.models import Suggestion
from loaders.states import SuggestionStatus
from polyphemus_site.references import Mention
from polyphemus_site.sentences import Sentence


def of_records(project: str, model: str, records: Sequence[str]) -> dict[str, list[Mention]]:
    """Open suggestions that were made from these records; they close themselves and block nothing.

    What is restricted is left out: whoever reviews a removal may have no right to it.
    """
    keys = {f"{model}/{record}": record for record in records}
    rows = Suggestion.objects.filter(
        project=project,
        status=SuggestionStatus.OPEN,
        records__overlap=list(keys),
        restricted=False,
        shadow=False,
    )
    found: dict[str, list[Mention]] = {}
    for row in rows.order_by("pk"):
        for key in keys.keys() & set(row.records):
            said = Sentence(
                _("Suggestion %(number)s of %(loader)s reads it."), number=row.pk, loader=row.loader
            )
            found.setdefault(keys[key], []).append(Mention(said))
    return found
