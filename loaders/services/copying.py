"""Values as PostgreSQL's COPY and its array literals spell them: what goes by the thousand goes this way."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What a field of COPY escapes. PostgreSQL's texts know no NUL.
FIELD = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": "\ufffd"})
#: What a quoted element of an array escapes.
ELEMENT = str.maketrans({"\\": r"\\", '"': r"\"", "\0": "\ufffd"})
SPECIAL = frozenset('\\"\0')
#: A NUL as JSON spells it: not where the backslash itself is what is spelled.
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def field(text: str) -> str:
    """A text as a field of a line."""
    return text if text.isprintable() and "\\" not in text else text.translate(FIELD)


def flag(value: bool) -> str:  # noqa: FBT001 — the value is what is spelled
    """A truth as a field of a line."""
    return "t" if value else "f"


def json_field(spelled: bytes) -> str:
    """JSON as a field of a line."""
    return without_nul(spelled).decode().replace("\\", r"\\")


def without_nul(spelled: bytes) -> bytes:
    """JSON that PostgreSQL can keep: a mark in place of each NUL."""
    return NUL.sub(b"\\1\xef\xbf\xbd", spelled) if rb"\u0000" in spelled else spelled


def array(texts: Iterable[str]) -> str:
    """Texts as an array's literal."""
    elements = list(texts)
    if not SPECIAL.isdisjoint("".join(elements)):
        elements = [text.translate(ELEMENT) for text in elements]
    return '{"' + '","'.join(elements) + '"}' if elements else "{}"
