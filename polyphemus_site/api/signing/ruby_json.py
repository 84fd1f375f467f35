"""JSON as Ruby's `JSON.generate` writes it, byte for byte: what Etna's signatures are made over."""

from __future__ import annotations

import json
from typing import Any, Final

#: Made once: `json.dumps` would make one at each call.
_text: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

#: From 1e16 on both write an exponent; Ruby does for whole numbers of sixteen digits, too.
SIXTEEN_DIGITS: Final = 1e15
SEVENTEEN_DIGITS: Final = 1e16


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
    """The shortest digits, which both write; Ruby always with a point, and its exponents a little earlier."""
    early = SIXTEEN_DIGITS <= abs(value) < SEVENTEEN_DIGITS and value.is_integer()
    mantissa, e, exponent = (f"{value:.15e}" if early else _text(value)).partition("e")
    if not e:
        return mantissa
    whole, _, part = mantissa.partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}e{exponent}"
