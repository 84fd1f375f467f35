"""Names of requests: unique for ever, safe in addresses, proposed when not given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count, islice

from django.db import connection
from django.utils.translation import gettext as _

from dispatch.models import SLUG_PATTERN, AnalysisRequest
from polyphemus_site.errors import InvalidInputError

#: Leaves room for `-` and a number within the hundred characters of a name.
LONGEST_STEM = 90
BLOCK = 50


def slug(value: object, *, field: str) -> str:
    """The value if it is safe in an address; InvalidInputError names the field."""
    if isinstance(value, str) and re.fullmatch(SLUG_PATTERN, value, re.ASCII) and not value.endswith("\n"):
        return value
    raise InvalidInputError(
        _("%(field)s must be 1 to 100 of the characters A-Z a-z 0-9 . _ ~ -, and not . or .. alone.")
        % {"field": field},
        code=f"invalid_{field}",
    )


def stem(*, project: str, record: str, analysis: str) -> str:
    """What a name begins with: `dt_lung_DTL001_exome_pipe`. Unsafe characters become underscores."""
    words = "_".join(word for word in (project, record, analysis) if word)
    return re.sub(r"[^A-Za-z0-9._~-]+", "_", words)[:LONGEST_STEM]


def propose(stem: str) -> str:
    """The first name of this stem that was never used: the stem itself, then `-2`, `-3`, and so on."""
    names = _names(stem)
    while True:
        block = list(islice(names, BLOCK))
        taken = AnalysisRequest.objects.names_taken(block)
        for name in block:
            if name.lower() not in taken:
                return name


def take_turns(stem: str) -> None:
    """Wait for whoever is choosing a name of this stem, until the end of the transaction.

    Without it rivals choose the same free name, and all but one must look again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"name of request {stem.lower()}"]
        )


def _names(stem: str) -> Iterator[str]:
    yield stem
    for number in count(2):
        yield f"{stem}-{number}"
