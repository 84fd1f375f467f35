"""A language nobody speaks: every text of the German catalogue with strange letters in place of ours.

What a page shows in it with plain letters is data, or a sentence that no catalogue holds. The places that are
filled in stay as they are, so that a filled sentence shows plain letters exactly where data stand.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from django.utils.translation import trans_real

LANGUAGE = "de"
STRANGE = str.maketrans(string.ascii_letters, "âƀçđéƒĝĥîĵķļɱñöþɋŕšţûṽŵẋýžÂƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞɊŔŠŢÛṼŴẊÝŽ")
#: What a text fills in, or is marked up with: left alone.
KEPT = re.compile(r"%\(\w+\)[-.\d]*[a-z]|%%|%[-.\d]*[sdrfi]|\{\w*\}|<[^>]+>|&\w+;")
#: Attributes that somebody reads, or hears.
SPOKEN = ("title", "aria-label", "aria-description", "placeholder", "alt", "data-confirm")
#: What holds documents and programs.
UNREAD = ("script", "style", "code", "pre", "textarea", "samp", "kbd")
#: Addresses, names with digits or underscores, files: data by their looks.
ADDRESS = re.compile(r"\S+@\S+|https?:\S+|(?<!\w)/[\w/.{}=?&-]+")
LOOKS_LIKE_DATA = re.compile(r"^[{\[].*[}\]]$|[\w-]*[_\d][\w-]*|\b[\w-]+\.(?:csv|txt|json)\b")
WORD = re.compile(r"[A-Za-z]{2,}")


def marked(text: str) -> str:
    """The text in strange letters, its places as they are."""
    ends = [0, *(end for found in KEPT.finditer(text) for end in found.span()), len(text)]
    pieces = [text[start:end] for start, end in pairwise(ends)]
    return "".join(piece if number % 2 else piece.translate(STRANGE) for number, piece in enumerate(pieces))


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """German is spoken in strange letters, Django's own catalogues included."""
    spoken = trans_real.DjangoTranslation(LANGUAGE)
    for table in spoken._catalog._catalogs:  # type: ignore[attr-defined]  # Django's own dictionary of messages
        for key, said in table.items():
            if key != "":
                table[key] = marked(said)
    spoken_before = trans_real._translations  # type: ignore[attr-defined]  # what is loaded already
    monkeypatch.setitem(spoken_before, LANGUAGE, spoken)


class Text(HTMLParser):
    """Everything of a page that is read or heard."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.found: list[str] = []
        self._unread = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An attribute that is spoken; a button's own word."""
        told = dict(attrs)
        self._unread += tag in UNREAD
        is_button = tag == "input" and told.get("type") in {"submit", "button", "reset"}
        self.found += [told[name] or "" for name in SPOKEN if name in told]
        self.found += [told.get("value") or ""] if is_button else []

    def handle_endtag(self, tag: str) -> None:
        """Out of a document again."""
        self._unread -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self._unread and data.strip():
            self.found.append(" ".join(data.split()))


def sentences(document: object) -> Iterator[str]:
    """Every text in an answer of the API, the names of its members left out."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from sentences(one)
    elif isinstance(document, str):
        yield document


def plain_words(texts: Iterable[str], data: Iterable[str]) -> list[str]:
    """The texts that hold words in plain letters which are no data."""
    known = re.compile(
        "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(data, key=len, reverse=True))
    )
    return [
        text
        for text in texts
        if WORD.search(LOOKS_LIKE_DATA.sub(" ", known.sub(" ", ADDRESS.sub(" ", text))))
    ]


def read(body: bytes, media: str) -> list[str]:
    """What somebody reads of an answer."""
    if "html" in media:
        return Text(body.decode()).found
    return list(sentences(json.loads(body))) if "json" in media else []
