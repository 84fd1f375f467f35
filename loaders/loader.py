"""What a loader is: a lab writes the first block, everything else is inherited."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _

from loaders import fingerprints
from loaders.checks import Check, Custom, Finding, Quiet, simple, within
from loaders.pages import Page
from loaders.shapes import Shapes, Special, split
from loaders.sources.base import Source


@dataclass(frozen=True)
class Config:
    """What a request starts from: record names and parameters, for the requester to look over."""

    inputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    #: The same inputs as rows of the pipeline's sample sheet, for an analysis that takes one.
    rows: tuple[Mapping[str, Any], ...] = ()


#: What a spelling says besides the checks, where it isn't the default.
SPELLED = (
    "name",
    "version",
    "title",
    "author",
    "model",
    "analysis",
    "projects",
    "everywhere",
    "inputs",
    "every_hours",
    "batch_by",
    "shadow_of",
    "ready",
    "lacking",
    "changed",
)


#: Where classes are that a new release may mend without any loader being written otherwise.
BASES = ("loaders.loader", "loaders.declared")


#: What is asked of a loader to explain it, besides its checks.
ANSWERED = ("explain", "fingerprint", "turn")


class Loader:
    """When records of one model are ready for one analysis.

    Subclass implementation: the attributes below, as class attributes; `config` where the default won't do.
    """

    #: The loader's name, for ever; letters, digits, `_`.
    name: str = ""
    #: Raise it when a rerun of everything is wanted; part of every fingerprint.
    version: str = "1"
    #: One line for people.
    title: str = ""
    #: The mail address of whoever wrote it: told once a week how its suggestions were taken.
    author: str = ""
    #: The model whose records are its anchors.
    model: str = ""
    #: Where its anchors come from when they are no records of Magma; `model` is then a name of our own.
    source: Source | None = None
    #: What is asked of the analysts.
    analysis: str = ""
    #: Only these projects; empty means every project that has the model.
    projects: tuple[str, ...] = ()
    #: Judge as this other loader would be judged, and tell nobody: to try a new version on live data.
    shadow_of: str = ""
    #: Passed over in silence in projects whose templates lack what it reads; else that is an error.
    everywhere: bool = False
    #: Which anchors it is about at all; the others are passed over in silence.
    scope: Check | None = None
    #: What must be there. Failing it is waiting: somebody has to bring something.
    needs: Check | None = None
    #: What must be right about what is there. Failing it is being blocked: somebody has to mend something.
    wellformed: Check | None = None
    #: What the fingerprint covers: attribute paths.
    inputs: tuple[str, ...] = ()
    #: Passes when the expected output is there.
    outputs: Check
    #: Where nothing visible tells of changes: due again at each multiple of so many hours of UTC; 0 is never.
    every_hours: int = 0
    #: A link of the anchor; the due anchors that share its record make one suggestion.
    batch_by: str = ""
    #: The two halves of the reason a suggestion gives.
    ready: str = _("All inputs are there")
    lacking: str = _("the output is missing")
    changed: str = _("the inputs changed since the last completed request")

    #: Further paths that `config` takes values from.
    config_reads: frozenset[str] = frozenset()

    def config(self, page: Page, index: int) -> Config:
        """What a request about this anchor starts from; by default the anchor itself."""
        return Config(inputs=(page.names[index],))

    def fitted(self, shapes: Shapes) -> Loader:  # noqa: ARG002 — for those that ask more where there is more
        """The loader for a project's templates: itself, or one that asks for what only some of them have."""
        return self

    # --- inherited as it stands ----------------------------------------------------------------------------

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every attribute path it looks at, from the anchor on."""
        checks = [check.reads() for check in self.checks.values()]
        links = {self.batch_by} if self.batch_by else set()
        return frozenset(self.inputs).union(*checks) | links | self.config_reads

    @cached_property
    def checks(self) -> dict[str, Check]:
        """Its checks by the question they answer, in the order they are asked."""
        asked = {
            "scope": self.scope,
            "needs": self.needs,
            "wellformed": self.wellformed,
            "outputs": self.outputs,
        }
        return {question: check for question, check in asked.items() if check is not None}

    @cached_property
    def simple_checks(self) -> dict[Any, Check]:
        """What its checks are composed of, by what the answers are kept under."""
        return {part.key: part for check in self.checks.values() for part in simple(check)}

    @property
    def is_shadow(self) -> bool:
        """Whether it only tries out what another would do."""
        return bool(self.shadow_of)

    @property
    def identity(self) -> str:
        """Whose requests and fingerprints count as its own."""
        return self.shadow_of or self.name

    @cached_property
    def runs_code(self) -> frozenset[str]:
        """The questions that a lab's own code answers."""
        return frozenset(
            question
            for question, check in self.checks.items()
            if any(isinstance(part, Custom) or not _is_ours(part) for part in within(check))
        )

    @cached_property
    def is_foreign(self) -> bool:
        """Whether judging runs code that isn't ours, which may never come back."""
        answered = any(getattr(type(self), name) is not getattr(Loader, name) for name in ANSWERED)
        return answered or not all(map(_is_ours, self._parts))

    @cached_property
    def is_settled_by_inputs(self) -> bool:
        """Whether its fingerprint stays while its inputs do: not with turns, nor with one of a lab's own."""
        return not self.every_hours and type(self).fingerprint is Loader.fingerprint

    @property
    def _parts(self) -> Iterator[Check]:
        return (part for check in self.checks.values() for part in within(check))

    @cached_property
    def is_timed(self) -> bool:
        """Whether any check's answer changes by the mere passing of time."""
        return any(map(_is_timed, self._parts))

    def turn(self, now: datetime) -> int | None:
        """Which of its turns has come, for a loader that has them."""
        return int(now.timestamp() // (self.every_hours * 3600)) if self.every_hours else None

    def next_turn(self, now: datetime) -> datetime | None:
        """When the next comes."""
        turn = self.turn(now)
        return None if turn is None else datetime.fromtimestamp((turn + 1) * self.every_hours * 3600, UTC)

    def fingerprint(self, page: Page, index: int) -> str:
        """The digest of an anchor's inputs."""
        return fingerprints.fingerprint(
            page,
            index,
            loader=self.identity,
            version=str(self.version),
            inputs=self.inputs,
            turn=self.turn(page.now),
        )

    def explain(self, page: Page, index: int) -> dict[str, Finding]:
        """The whole tree: each question's finding for one anchor."""
        return {question: check.explained(page, index) for question, check in self.checks.items()}

    @cached_property
    def spelling(self) -> dict[str, Any]:
        """The loader as JSON, the way a YAML file spells it."""
        plain = {
            key: list(value) if isinstance(value, tuple) else value
            for key in SPELLED
            if (value := getattr(self, key)) and value != getattr(Loader, key)
        }
        return plain | {question: check.as_json() for question, check in self.checks.items()}

    @cached_property
    def mark(self) -> str:
        """Another when the loader is written otherwise, whether or not its version was raised."""
        code = [_code(kind.__module__) for kind in type(self).__mro__[:-1]]
        return fingerprints.digest([self.spelling, sorted(self.config_reads), code])

    @cached_property
    def output_key(self) -> str:
        """Equal for loaders that make the same output: they are alternatives."""
        foreign = [
            f"{type(one).__module__}.{type(one).__qualname__}"
            for one in within(self.outputs)
            if not _is_ours(one)
        ]
        return fingerprints.digest([self.model, self.outputs.as_json(), *foreign])

    @cached_property
    def links(self) -> frozenset[tuple[str, ...]]:
        """Every path of links it follows; what changes at their ends can change its verdicts."""
        paths = {split(path)[:length] for path in self.reads for length in range(1, len(split(path)))}
        return frozenset(paths)


@lru_cache
def _code(module: str) -> str:
    """A digest of what a module of loaders holds; "" of our own bases and where there is no file."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if module in BASES or file is None or not Path(file).is_file():
        return ""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _is_timed(check: Check) -> bool:
    """Whether it tells of an instant of its own, not only of those of the checks in it."""
    own = type(check).ripens is not Check.ripens
    return isinstance(check, Quiet) or (own and not _is_ours(check))


def _is_ours(check: Check) -> bool:
    """Whether all its code comes with Polyphemus: judging by it comes to an end."""
    where = check.function if isinstance(check, Custom) else type(check).__module__
    return where.partition(".")[0] == "loaders"


__all__ = ["Config", "Loader", "Special"]
