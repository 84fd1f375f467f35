"""The inputs of a form: names with a box each, or a table with the columns of the sample sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from dispatch.configuring.fields import Field, Kind
from dispatch.configuring.values import spelled, text_of, value_of

#: Beyond this many cells a table is no help: the rows are shown as text.
MOST_CELLS = 2000
#: Empty rows added by a click, and the most rows a form may say it has.
BLANK_ROWS = 3
MOST_ROWS = 10_000
#: The column that names the thing, in nf-core's sheets.
NAMING = ("sample", "id", "name")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row as it is typed."""

    name: str
    column: Field
    text: str
    #: Shown although the column is seldom used.
    is_rare: bool = False

    @property
    def choices(self) -> list[str]:
        """What can be picked; empty where it is typed."""
        if self.column.kind is Kind.SWITCH:
            return ["true", "false"]
        return [spelled(option) for option in self.column.options]


@dataclass(frozen=True, slots=True)
class Row:
    """One input, in the request or left out."""

    number: int
    is_used: bool
    cells: tuple[Cell, ...] = ()
    #: Of an input that is only a name.
    name: str = ""
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class Inputs:
    """What stands in the part of the form about inputs."""

    columns: Sequence[Field] = ()
    #: What was offered, and which of it is ticked.
    offered: list[Any] = field(default_factory=list)
    used: list[bool] = field(default_factory=list)
    #: Rows or names typed or pasted in addition.
    more: str = ""

    @property
    def is_sheet(self) -> bool:
        """Whether inputs are rows of a sample sheet."""
        return bool(self.columns)

    def chosen(self) -> list[Any]:
        """The inputs of the request: what is ticked and not empty, then what was added."""
        ticked = [one for one, used in zip(self.offered, self.used, strict=True) if used and one]
        return ticked + (pasted(self.columns, self.more) if self.is_sheet else named(self.more))

    def settled(self) -> Inputs:
        """The same with what was added among what is offered; a table too large to show stays text."""
        offered = [*self.offered, *(pasted(self.columns, self.more) if self.is_sheet else named(self.more))]
        used = [*self.used, *[True] * (len(offered) - len(self.used))]
        if len(offered) * max(1, len(self.columns)) > MOST_CELLS:
            chosen = [one for one, is_used in zip(offered, used, strict=True) if is_used and one]
            return Inputs(self.columns, [], [], self.as_text(chosen))
        return Inputs(self.columns, offered, used)

    def as_text(self, inputs: Sequence[Any]) -> str:
        """Inputs as they can be pasted."""
        if not self.is_sheet:
            return "\n".join(map(str, inputs))
        names = list(dict.fromkeys(name for row in inputs for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: spelled(value) for name, value in row.items()} for row in inputs)
        return text.getvalue()

    def with_blanks(self, count: int = BLANK_ROWS) -> Inputs:
        """The same with empty rows to fill in."""
        blank: list[Any] = [{} for _ in range(count)]
        return Inputs(self.columns, self.offered + blank, self.used + [True] * count)

    def rows(self, faults: Mapping[str, Sequence[str]]) -> list[Row]:
        """What the table shows; `faults` by the pointer's first step."""
        common = {name for row in self.offered for name in row} if self.is_sheet else set()
        return [self._row(number, one, common, faults) for number, one in enumerate(self.offered)]

    def _row(self, number: int, one: Any, common: set[str], faults: Mapping[str, Sequence[str]]) -> Row:
        told = tuple(faults.get(str(self.place_of(number)), ())) if self.used[number] and one else ()
        if not self.is_sheet:
            return Row(number, self.used[number], name=one, faults=told)
        cells = tuple(
            Cell(
                f"row.{number}.{place}",
                column,
                text_of(column, one.get(column.name)),
                is_rare=not (column.is_required or column.name in common),
            )
            for place, column in enumerate(self.columns)
        )
        return Row(number, self.used[number], cells, faults=told)

    def place_of(self, number: int) -> int:
        """Where an offered input stands among the chosen."""
        pairs = zip(self.offered[:number], self.used[:number], strict=True)
        return sum(1 for one, used in pairs if used and one)


def prefilled(columns: Sequence[Field], inputs: Sequence[Any]) -> Inputs:
    """The inputs a form starts with, all ticked. A name becomes the row it names."""
    offered = [_as_row(columns, one) for one in inputs] if columns else [spelled(one) for one in inputs]
    found = Inputs(columns, offered, [True] * len(offered)).settled()
    return found if offered or not columns else found.with_blanks()


def sent(columns: Sequence[Field], form: QueryDict) -> Inputs:
    """The inputs as a form sent them."""
    if not columns:
        ticked = set(form.getlist("input"))
        offered = form.getlist("offered")
        return Inputs((), offered, [name in ticked for name in offered], form.get("more") or "")
    count = form.get("rows") or "0"
    numbers = range(min(int(count), MOST_ROWS) if count.isascii() and count.isdigit() else 0)
    offered_rows = [_row_sent(columns, form, number) for number in numbers]
    used = [f"row.{number}.use" in form for number in numbers]
    return Inputs(columns, offered_rows, used, form.get("more") or "")


def _row_sent(columns: Sequence[Field], form: QueryDict, number: int) -> dict[str, Any]:
    values = {
        column.name: value_of(column, form.get(f"row.{number}.{place}") or "")
        for place, column in enumerate(columns)
    }
    return {name: value for name, value in values.items() if value is not None}


def _as_row(columns: Sequence[Field], one: Any) -> dict[str, Any]:
    if isinstance(one, Mapping):
        return dict(one)
    known = {column.name for column in columns}
    first = next((column.name for column in columns if column.is_required), columns[0].name)
    return {next((name for name in NAMING if name in known), first): spelled(one)}


def named(text: str) -> list[str]:
    """Names typed one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def pasted(columns: Sequence[Field], text: str) -> list[dict[str, Any]]:
    """Rows pasted as csv, or as a spreadsheet copies them; the first line names the columns."""
    if not text.strip():
        return []
    by_name = {column.name: column for column in columns}
    first = text.strip().splitlines()[0]
    mark = max("\t,;", key=first.count)
    table = csv.reader(io.StringIO(text.strip(), newline=""), delimiter=mark)
    try:
        header, *lines = [line for line in table if any(cell.strip() for cell in line)]
    except (csv.Error, ValueError):
        return [{first[:100]: text[:100]}]
    rows = []
    for line in lines[: MOST_ROWS + 1]:  # one too many is refused, not cut off
        cells = [*line, *[""] * (len(header) - len(line))]
        named_cells = dict(zip([*header, *[""] * (len(cells) - len(header))], cells, strict=True))
        rows.append({n.strip(): v for n, v in _meant(by_name, named_cells).items() if v is not None})
    return rows


def _meant(columns: Mapping[str, Field], cells: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: value_of(columns[name.strip()], cell) if name.strip() in columns else cell or None
        for name, cell in cells.items()
    }
