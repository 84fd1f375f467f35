"""The kinds of mail: one folder entry each, `templates/mail/KIND.txt` with `KIND.json` beside it.

The JSON holds `label`, what people choose by, and `example`, a context to try the templates with; and
`can_wait` where nobody has to do anything about it, so that a daily digest may tell it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.template.utils import get_app_template_dirs


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mail."""

    name: str
    label: str
    example: Mapping[str, Any]
    can_wait: bool = False


@cache
def kinds() -> dict[str, Kind]:
    """Every kind an app brings, by name."""
    texts = sorted(
        path for folder in get_app_template_dirs("templates") for path in (folder / "mail").glob("*.txt")
    )
    return {path.stem: _read(path) for path in texts}


def _read(text: Path) -> Kind:
    described = text.with_suffix(".json")
    if not described.exists():
        return Kind(text.stem, text.stem.replace("_", " ").capitalize(), {})
    words = json.loads(described.read_text(encoding="utf-8"))
    return Kind(text.stem, words["label"], words["example"], words.get("can_wait", False))
