"""The schemas of an analysis, kept as they were whenever they change."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dispatch.configuring.models import SchemaEdition
from dispatch.models import Analysis
from dispatch.services import configs, naming
from dispatch.services.configs import Contract
from polyphemus_analyst import schemas
from polyphemus_site.errors import InvalidInputError

#: A published schema is a tenth of a megabyte.
LARGEST_SCHEMA = 4 * 1024 * 1024
#: As many fields as one form is sent with.
MOST_FIELDS = 10_000


def digest_of(contract: Contract) -> str:
    """The name of an edition: the SHA-256 of both schemas; empty where there is none."""
    if contract.schema is None and contract.input_schema is None:
        return ""
    text = json.dumps([contract.schema, contract.input_schema], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_broken(schema: Any, *, field: str) -> None:
    """Raise unless requests can be held to the schema."""
    fault = configs.spoken(schemas.broken(schema))
    if not fault and len(json.dumps(schema)) > LARGEST_SCHEMA:
        fault = _("Larger than %(most)s MB.") % {"most": LARGEST_SCHEMA // 1024**2}
    names = set() if fault else schemas.known_names(schema) or schemas.known_names(schemas.columns_of(schema))
    if len(names or ()) > MOST_FIELDS:
        fault = _("More than %(most)s parameters.") % {"most": MOST_FIELDS}
    if odd := next((name for name in names or () if not configs.plain(name)), None):
        fault = _("The name %(name)s holds characters that can't be seen.") % {"name": ascii(odd)}
    if fault:
        raise InvalidInputError(
            _("%(field)s can't be used: %(fault)s") % {"field": field, "fault": fault[:500]},
            code=f"invalid_{field}",
        )


def publish(
    analysis: str,
    *,
    schema: dict[str, Any],
    input_schema: dict[str, Any] | None,
    title: str,
    source: str,
    author: str,
    now: datetime,
) -> SchemaEdition:
    """Hold requests of an analysis to these schemas from now on; its other settings stay.

    InvalidInputError: the name can't stand in an address, or a schema is none.
    """
    naming.slug(analysis, field="analysis")
    refuse_broken(schema, field="schema")
    if input_schema is not None:
        refuse_broken(input_schema, field="input_schema")
    changes: dict[str, Any] = {"schema": schema, "input_schema": input_schema}
    with transaction.atomic():
        row, is_new = Analysis.objects.get_or_create(name=analysis, defaults={**changes, "title": title})
        if not is_new:
            Analysis.objects.filter(pk=row.pk).update(**changes, title=row.title or title)
        return keep(analysis, Contract(schema, input_schema), source=source, author=author, now=now)


def keep(analysis: str, contract: Contract, *, source: str, author: str, now: datetime) -> SchemaEdition:
    """Write down what requests are held to now; the same content is kept once."""
    edition, _is_new = SchemaEdition.objects.get_or_create(
        analysis=analysis,
        digest=digest_of(contract),
        defaults={
            "schema": contract.schema,
            "input_schema": contract.input_schema,
            "source": source,
            "author": author,
            "at": now,
        },
    )
    return edition
