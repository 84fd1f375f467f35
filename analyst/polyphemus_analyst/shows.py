"""What people see: tables on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyphemus_analyst.documents import Message, Request
from polyphemus_analyst.journal import Job
from polyphemus_analyst.rules import Finding


def requests(found: Sequence[Request]) -> None:
    """The open requests."""
    rows = ((one.name, one.project, str(one.document.get("request-date", ""))) for one in found)
    _table(("request", "project", "since"), rows, otherwise="Nothing is open.")


def jobs(found: Sequence[Job]) -> None:
    """The journal."""
    rows = ((job.name, job.analysis, job.state.value, job.note) for job in found)
    _table(("request", "analysis", "state", "note"), rows, otherwise="There are no jobs.")


def messages(found: Sequence[Message]) -> None:
    """A thread; each message on a line."""
    rows = ((one.at, one.author, " ".join(one.text.split())) for one in found)
    _table(("at", "from", "message"), rows, otherwise="Nothing was said.")


def document(answer: Mapping[str, Any]) -> None:
    """An answer, as JSON."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")


def findings(found: Sequence[Finding]) -> None:
    """What a server or a client keeps of the contract."""
    rows = (("broken" if one.fault else "kept", one.rule, one.fault) for one in found)
    _table(("", "rule", "seen instead"), rows)


def warning(words: str) -> None:
    """What a person should know, on standard error."""
    sys.stderr.write(f"polyphemus-analyst: {words}\n")
    sys.stderr.flush()


def progress() -> Callable[[str, str], None]:
    """Says what becomes of a request, on standard error."""
    console = Console(stderr=True, highlight=False)

    def say(name: str, words: str) -> None:
        if console.is_terminal:
            console.print(Text.assemble((name, "bold"), "  ", words))
        else:
            sys.stderr.write(f"{name} {words}\n")
            sys.stderr.flush()

    return say


def _table(heads: Sequence[str], found: Iterable[Sequence[str]], *, otherwise: str = "") -> None:
    """The rows; that there are none is told on standard error, so that a program still reads no line."""
    rows = list(found)
    if not rows and otherwise:
        sys.stderr.write(f"{otherwise}\n")
        return
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(*heads)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
