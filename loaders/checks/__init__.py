"""The vocabulary of checks: frozen values, composed with `&`, `|`, `~`, judged over a page."""

from __future__ import annotations

from loaders.checks.base import All, AnyOf, Check, Finding, Named, Not, within
from loaders.checks.conditions import Custom, When, simple
from loaders.checks.files import Files, Mates
from loaders.checks.forms import CHECKS, from_json
from loaders.checks.links import Linked, Rows
from loaders.checks.naming import NamedByRule
from loaders.checks.times import Quiet, UpdatedAfter
from loaders.checks.values import Matches, MatrixWidth, OneOf, Present, Range

__all__ = [
    "CHECKS",
    "All",
    "AnyOf",
    "Check",
    "Custom",
    "Files",
    "Finding",
    "Linked",
    "Matches",
    "Mates",
    "MatrixWidth",
    "Named",
    "NamedByRule",
    "Not",
    "OneOf",
    "Present",
    "Quiet",
    "Range",
    "Rows",
    "UpdatedAfter",
    "When",
    "from_json",
    "simple",
    "within",
]
