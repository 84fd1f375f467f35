"""JSON as Ruby's `JSON.generate` writes it, byte for byte: what Etna's signatures are made over."""

from __future__ import annotations

import json
from typing import Any, Final

#: Made once: `json.dumps` would make one at each call.
_text: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def dumps(value: Any) -> str:
    """Compact, characters as they are, floats as `1.0e-07`; `ValueError` for what JSON can't say."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(key)}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(item) for item in value) + "]"
    if isinstance(value, float):
        return _float(value)
    return _text(value)


def _float(value: float) -> str:
    """Both write the shortest digits and change to exponents at the same sizes; Ruby keeps a point."""
    mantissa, e, exponent = _text(value).partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else mantissa + e + exponent
