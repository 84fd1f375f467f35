"""What the orphans' pages need of a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def of(found: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds under a key."""
    return found.get(key)


@register.filter(name="json")
def as_json(value: Any) -> str:
    """A value as JSON; the template escapes it."""
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict | list) else None)
