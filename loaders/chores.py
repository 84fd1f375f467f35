"""Tasks that are no loaders: nothing is judged record by record, and all the same an analyst is asked.

A chore looks at a project as a whole and says what there is to do; what that comes to is published as a
request like any other. No check can see that it is done, so it ends by ticket.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from loaders.fingerprints import digest
from magma.client import Magma


@dataclass(frozen=True)
class Work:
    """What there is to do: the records it is about, and what the analyst must know besides."""

    inputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)

    def fingerprint(self, chore: str, project: str) -> str:
        """Equal for equal work."""
        return digest(["chore", chore, project, list(self.inputs), dict(self.params)])


class Chore(ABC):
    """A task of a project.

    Subclass implementation: a frozen dataclass with `name`, `title`, `analysis` and `work`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    #: What is asked of the analysts.
    analysis: ClassVar[str]

    @abstractmethod
    def work(self, magma: Magma, project: str) -> Work | None:
        """What there is to do; None when there is nothing. MagmaError when it can't be told."""
