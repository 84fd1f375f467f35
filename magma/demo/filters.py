"""The ends of /query's filters: what each type of column can be asked."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import re2

from magma.demo.answers import RefusalError, refused, server_error
from magma.demo.store import DATES
from magma.demo.values import FILES, date_in, number_in

#: A text that is a number to Magma's comparisons: unsigned, without an exponent.
DIGITS = re.compile(r"[0-9]+(\.[0-9]+)?")
#: A question about a column's value that is answered with yes or no.
Judgement = Callable[[Any], bool]

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "::<": operator.lt,
    "::<=": operator.le,
    "::>": operator.gt,
    "::>=": operator.ge,
}
COMPARISONS = ORDER | {"::=": operator.eq, "::!=": operator.ne}
PREDICATES = {
    "boolean": "Boolean",
    "integer": "Number",
    "float": "Number",
    "file": "File",
    "image": "File",
    "file_collection": "FileCollection",
    "match": "Match",
    "matrix": "Matrix",
} | dict.fromkeys(DATES, "DateTime")


def predicate(kind: str) -> str:
    """The class Magma names when such a column can't be asked that."""
    return f"Magma::{PREDICATES.get(kind, 'String')}Predicate"


def unfit(argument: object, asked: str) -> RefusalError:
    """Magma's refusal of an argument, or of there being none."""
    if argument is None:
        return refused(f"Expected an argument to {asked}")
    return refused(f"{argument} is not a valid argument to {asked}")


def matches(pattern: str) -> Judgement:
    """A regular expression found anywhere in the text, in time linear in it."""
    try:
        expression = re2.compile(pattern)
    except re2.error as error:
        raise server_error() from error
    return lambda value: value is not None and expression.search(str(value)) is not None


def compares(verb: str, read: Callable[[Any], Any], operand: Any) -> Judgement:
    """Before, after, equal; a missing value is none of them."""
    limit, compare = read(operand), COMPARISONS[verb]
    return lambda value: value is not None and compare(value, limit)


def compares_text(verb: str, operand: str) -> Judgement:
    """Magma compares texts as numbers: of its own only digits are one, the other's beginning is enough."""
    compare, limit = ORDER[verb], number_in(operand)

    def judge(value: Any) -> bool:
        is_number = value is not None and DIGITS.fullmatch(str(value)) is not None
        return is_number and compare(float(value), limit)

    return judge


def is_among(verb: str, operand: Any) -> Judgement | None:
    """Membership, which texts and numbers share."""
    if verb == "::in" and isinstance(operand, list):
        return lambda value: value in operand
    if verb in {"::not", "::notin"} and isinstance(operand, list):
        return lambda value: value is not None and value not in operand
    return None


def about_text(verb: str, operand: Any) -> Judgement | None:
    """What a text can be asked."""
    if not isinstance(operand, str):
        return is_among(verb, operand)
    if verb == "::equals":
        return lambda value: value == operand
    if verb == "::not":
        return lambda value: value is not None and value != operand
    if verb == "::matches":
        return matches(operand)
    return compares_text(verb, operand) if verb in ORDER else None


def about_number(verb: str, operand: Any) -> Judgement | None:
    """What a number can be asked."""
    is_number = isinstance(operand, int | float) and not isinstance(operand, bool)
    if verb in COMPARISONS and is_number:
        return compares(verb, float, operand)
    return is_among(verb, operand)


def about_date(verb: str, operand: Any) -> Judgement | None:
    """What a date can be asked."""
    if verb not in COMPARISONS or not isinstance(operand, str):
        return None
    try:
        return compares(verb, date_in, operand)
    except ValueError as error:
        raise refused("invalid date") from error


def about_truth(verb: str | None) -> Judgement | None:
    """What a yes-or-no column can be asked."""
    judgements: dict[str | None, Judgement] = {
        None: lambda _value: True,  # nothing is asked
        "::true": lambda value: value is True,
        "::false": lambda value: value is False,
        "::untrue": lambda value: value is not True,
        "::nil": lambda value: value is None,
    }
    return judgements.get(verb)


def about_file(verb: str, operand: Any) -> Judgement | None:
    """What a file can be asked: the name it is kept under."""
    judge = about_text(verb, operand) if verb in {"::equals", "::not"} else None
    return judge and (lambda value: judge((value or {}).get("filename")))


def judgement(kind: str, arguments: list[Any]) -> Judgement:
    """The question the rest of a filter asks of a column of this type."""
    verb, operand = (*arguments, None, None)[:2]
    if kind == "boolean":
        found = about_truth(verb)
    elif kind in {"integer", "float"}:
        found = about_number(verb, operand)
    elif kind in DATES:
        found = about_date(verb, operand)
    else:
        found = about_file(verb, operand) if kind in FILES else about_text(verb, operand)
    if found is None:
        raise unfit(verb, predicate(kind))
    return found
