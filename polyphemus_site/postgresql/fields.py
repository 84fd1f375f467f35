"""Columns PostgreSQL has and Django does not."""

from __future__ import annotations

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, JSONField
from psycopg.types.json import Json


def compact(value: Any) -> str:
    """JSON as the API writes it: no blanks, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class VerbatimJSONField(JSONField):
    """A `json` column: keeps the text as written, and so the order of keys, which `jsonb` would sort.

    A published document shows its config as it was asked for, a form its fields as the schema has them. It is
    never searched by content.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 — Django's signature
        """PostgreSQL's text-keeping type."""
        return "json"

    def from_db_value(self, value: Any, expression: Expression, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002 — Django's signature
        """The driver has decoded it: it does so for `json`, as Django forbids it to for `jsonb`."""
        return value

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 — Django's signature
        """Hand the value to the driver as `json`: a detour through `jsonb` would sort its keys."""
        if value is None or prepared or hasattr(value, "as_sql"):
            return value
        return Json(value, dumps=compact)
