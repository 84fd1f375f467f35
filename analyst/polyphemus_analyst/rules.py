"""Rules that a server or a client keeps or breaks: each is a function whose first sentence is the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx

Subject = TypeVar("Subject")


class BrokenRuleError(Exception):
    """What was seen instead."""


@dataclass(frozen=True)
class Finding:
    """One rule and what became of it; no fault means that it is kept."""

    rule: str
    fault: str = ""


def expect(kept: object, fault: str) -> None:
    """Fail the rule unless it is kept."""
    if not kept:
        raise BrokenRuleError(fault)


def findings(rules: Sequence[Callable[[Subject], None]], subject: Subject) -> Iterator[Finding]:
    """Every rule in turn; one that fails does not keep the next from being tried."""
    for rule in rules:
        sentence = (rule.__doc__ or rule.__name__).strip()
        try:
            rule(subject)
        except BrokenRuleError as fault:
            yield Finding(sentence, str(fault))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            yield Finding(sentence, f"{type(error).__name__}: {error}")
        else:
            yield Finding(sentence)
