"""What a way of removing must offer, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from magma.removal.witness import Examination, Witness
from magma.trees import Name, Tree


@dataclass(frozen=True)
class Doomed:
    """One tree a person decided to remove; `key` is the caller's own."""

    key: int
    names: tuple[Name, ...]

    @property
    def top(self) -> Name:
        """The orphan."""
        return self.names[0]


@dataclass(frozen=True)
class Strike:
    """What one transaction is about to remove; `xid` is its number in the database."""

    xid: str
    keys: tuple[int, ...]
    records: int


@dataclass(frozen=True)
class Outcome:
    """What one call removed and what it left, with the reason for each."""

    removed: tuple[int, ...]
    spared: Mapping[int, str]
    records: int


class Verdict(Enum):
    """What the database says became of a transaction."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    RUNNING = "running"
    FORGOTTEN = "forgotten"


#: Asked at the last moment before the commit; False calls it off.
MayCommit = Callable[[Strike], bool]


class Removal(Protocol):
    """One way to remove. Subclass implementation: all five; every refusal is a RemovalError."""

    key: str
    #: Whether `remove` removes; otherwise the work is handed over and watched.
    immediate: bool

    def examine(self, project: str, trees: Sequence[Tree]) -> Examination:
        """Compare the trees with what lies behind the API, and take the witness."""
        ...

    def remove(
        self, project: str, doomed: Sequence[Doomed], *, witness: Witness, may_commit: MayCommit
    ) -> Outcome:
        """Prove everything again and remove what stands the proof, in one transaction."""
        ...

    def verdict(self, xid: str) -> Verdict:
        """What became of a transaction whose end nobody saw."""
        ...

    def remaining(self, project: str, doomed: Sequence[Doomed], *, witness: Witness) -> int:
        """How many of the trees' rows are there still, by their numbers: a rename hides none."""
        ...
