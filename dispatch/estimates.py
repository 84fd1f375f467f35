"""Lengths of time as analysts give them, and the waits that follow from them."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils.translation import gettext as _

from polyphemus_site.errors import InvalidInputError

#: Seconds as a string of ASCII digits: the founding text's form. Eight digits are three years.
SECONDS = re.compile(r"[1-9][0-9]{0,7}", re.ASCII)
TENTH = 10


def seconds(value: object) -> int:
    """Seconds from a string of digits, or a JSON integer; InvalidInputError for anything else.

    JSON knows one kind of number, and JSON Schema calls 3600.0 an integer too: so some programs write it.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and SECONDS.fullmatch(value):
        return int(value)
    raise InvalidInputError(
        _("time must be whole seconds, 1 to 99999999, as a string of digits."), code="invalid_time"
    )


def tenth(estimate_seconds: int) -> timedelta:
    """A tenth of the estimate, to the microsecond."""
    return timedelta(seconds=estimate_seconds) / TENTH


def grace(estimate_seconds: int, *, percent: int, minimum: timedelta) -> timedelta:
    """The longer wait after the extension: a share of the estimate, and no less than the minimum."""
    return max(timedelta(seconds=estimate_seconds) * percent / 100, minimum)
