"""Patterns: always RE2, which takes linear time, since they may come from people who are not us."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any
from unicodedata import category

import re2

#: A backslash with what follows it, and what may follow it where letters keep to their kinds.
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
KINDS = frozenset("dDwWsSbBAz")
#: Flags; and classes by names that tell apart more than the categories do.
TOO_MUCH = re.compile(r"\(\?(?!:|<|P<)|\[:")
#: The signs that kinds are made of: what prints, of ASCII.
SIGNS = [chr(code) for code in range(32, 127)]
#: Fewer texts are asked about one by one.
FEW = 8

Fits = Callable[[str | bytes], bool]


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Callable[[str | bytes], Any]:
    """Whole-string matching in linear time: patterns may come from people who are not us."""
    match: Callable[[str | bytes], Any] = _compiled(pattern).fullmatch
    return match


@lru_cache(maxsize=1024)
def fits(pattern: str) -> Fits:
    """Whether the whole text matches: the same answer as `matcher` gives, in a fraction of the time.

    A set of patterns knows no match where RE2 runs out of memory. This one has a second pattern that matches
    whatever there is: where not even that is found, RE2 itself is asked once more.
    """
    surely, quickly = matcher(pattern), re2.Set.FullMatchSet(_quiet())
    try:
        wanted = quickly.Add(pattern)
        quickly.Add("(?s:.*)")
        quickly.Compile()
    except re2.error:  # too large for a set
        return lambda text: surely(text) is not None
    found = quickly.Match

    def answer(text: str | bytes) -> bool:
        matched = found(text)
        return wanted in matched if matched else surely(text) is not None

    return answer


@lru_cache(maxsize=1024)
def fits_each(pattern: str) -> Callable[[Sequence[str]], list[bool]]:
    """What `fits` says of each of many texts: of those that differ in nothing the pattern looks at, once."""
    one, alike = fits(pattern), _alike(pattern)
    if alike is None:
        return lambda texts: list(map(one, texts))
    return partial(_fits_each, one, alike)


def _fits_each(one: Fits, alike: bytes, texts: Sequence[str]) -> list[bool]:
    if len(texts) < FEW:
        return list(map(one, texts))
    joined = "\n".join(texts)
    if joined.count("\n") >= len(texts):  # some have lines of their own
        return list(map(one, texts))
    forms = joined.encode().translate(alike).split(b"\n")
    known = {form: one(form) for form in set(forms)}
    return list(map(known.__getitem__, forms))


def _alike(pattern: str) -> bytes | None:
    """For each byte one that the pattern can't tell from it; None where that isn't sure.

    What a pattern says of a sign is said by the sign itself, by a range between two signs, by Perl's classes,
    or by the dot. So signs that aren't in it are alike where they are of one category and, if there may be
    ranges, between the same two of its signs. Lines, what doesn't print, and what is no ASCII, stay.
    """
    if not {one for one in ESCAPED.findall(pattern) if one.isalnum()} <= KINDS or TOO_MUCH.search(pattern):
        return None
    own = sorted(set(pattern))
    has_ranges = "-" in own
    firsts: dict[object, str] = {}
    for sign in SIGNS:
        kind = sign if sign in own else (category(sign), has_ranges and bisect(own, sign))
        firsts.setdefault(kind, sign)
        firsts[sign] = firsts[kind]
    return bytes.maketrans("".join(SIGNS).encode(), "".join(firsts[sign] for sign in SIGNS).encode())


@lru_cache(maxsize=1024)
def groups_of(pattern: str) -> frozenset[str]:
    """The names of a pattern's groups."""
    return frozenset(_compiled(pattern).groupindex)


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, _quiet())
    except re2.error as error:
        raise ValueError(f"The pattern {pattern!r} can't be used: {_told(error)}.") from error


def _told(error: Exception) -> str:
    """RE2's own words, which come as bytes."""
    (said,) = error.args or ("",)
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
