"""/query: paths through the models, filters on the way, pages at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from magma.demo.answers import database_error, forbidden, no_such_model, refused, server_error
from magma.demo.filters import judgement, predicate, unfit
from magma.demo.store import DATES, POINTED_AT, POINTING, Model, Project, Row
from magma.demo.values import FILES, digest, download_url, shown, shown_date

RECORD = "Magma::RecordPredicate"
TYPES = {"integer": "Numeric", "float": "Numeric", "boolean": "TrueClass", "matrix": "Array"}
FILE_VERBS = frozenset({"::url", "::path", "::original_filename", "::md5", "::size", "::updated_at", "::all"})

Test = Callable[[Row | None], bool]


@dataclass(frozen=True)
class Reading:
    """The end of a path: what it gives of a row, its type and its format. `many`: that is a list of rows."""

    of: Callable[[Row | None], Any]
    type: str
    format: Any
    many: bool = False


@dataclass(frozen=True)
class Listing:
    """The end of a path over many rows: which of them count, and what they give together.

    `many`: it gives a list. `nested`: so does each row of it, which Magma only answers inside a table.
    """

    tests: list[Test]
    of: Callable[[list[Row]], Any]
    type: str
    format: Any
    many: bool = False
    nested: bool = False

    def keeps(self, row: Row) -> bool:
        """Whether the row passes every filter."""
        return all(test(row) for test in self.tests)


@dataclass(frozen=True)
class Filter:
    """`joined` narrows the whole question, wherever it is asked; only `plain` has part in an `::or`."""

    joined: list[Test]
    plain: list[Test]

    @classmethod
    def of(cls, test: Test) -> Filter:
        """A filter that joins nothing."""
        return cls([], [test])

    def seen_from(self, end: Callable[[Row | None], Row | None]) -> Filter:
        """The same of the row at the other end of a link."""
        return Filter([behind(end, test) for test in self.joined], [behind(end, test) for test in self.plain])


class UnknownOrderError(Exception):
    """Nothing to order by under that name."""


@dataclass(frozen=True)
class Reader:
    """Understands paths in one project for one visitor."""

    project: Project
    hides_restricted: bool
    now: datetime

    def model(self, name: object) -> Model:
        """The model of that name."""
        model = self.project.models.get(str(name))
        if model is None:
            raise no_such_model()
        return model

    def visible(self, rows: Iterable[Row]) -> list[Row]:
        """Without what this visitor's role hides."""
        return [row for row in rows if not (self.hides_restricted and self.project.is_restricted(row))]

    def rows(
        self, model: Model, tests: list[Test], *, disconnected: bool, order: str | None = None
    ) -> list[Row]:
        """The model's rows that pass, in order: only the connected ones, or only the disconnected."""
        project = self.project
        kept = [row for row in model.rows.values() if all(test(row) for test in tests)]
        kept = [row for row in self.visible(kept) if project.is_connected(row) is not disconnected]
        kept.sort(key=lambda row: row.name)
        if order:
            if order not in model.attributes or model.type_of(order) in POINTED_AT:
                raise UnknownOrderError
            kept.sort(key=lambda row: (row.values.get(order) is None, row.values.get(order)))
        return kept

    def attribute(self, model: Model, name: object, arguments: list[Any]) -> str:
        """The attribute a path goes on with, if there is one and the visitor may see it."""
        if name == "::identifier":
            return model.identifier
        is_row_id = name == "id" and not model.is_table
        if not isinstance(name, str) or name not in model.attributes or is_row_id:
            raise unfit(name if arguments else None, RECORD)
        if self.hides_restricted and model.attributes[name].get("restricted"):
            raise forbidden(f"Cannot query for restricted attribute {name}")
        return name

    def path(self, model: Model, arguments: list[Any]) -> Reading:
        """Follow a path from a row to a value; a list instead of a name is a table of columns."""
        first, rest = (arguments[0] if arguments else None), arguments[1:]
        if isinstance(first, list):
            columns = [self.path(model, one if isinstance(one, list) else [one]) for one in first]
            return Reading(lambda row: [c.of(row) for c in columns], "Array", [c.format for c in columns])
        name = self.attribute(model, first, arguments)
        kind = model.type_of(name)
        if kind in POINTING | {"child"}:
            return self.through_link(model, name, rest)
        if kind in POINTED_AT:
            return self.through_list(model, name, rest)
        return self.column(model, name, rest)

    def through_link(self, model: Model, name: str, rest: list[Any]) -> Reading:
        """Go on from the one row at the other end."""
        end = self.path(self.project.linked_model(model, name), rest)
        return Reading(lambda row: end.of(self.other_end(row, name)), end.type, end.format, end.many)

    def other_end(self, row: Row | None, name: str) -> Row | None:
        """The parent, link or child of a row."""
        if row is None or row.model.type_of(name) in POINTING:
            return self.project.target(row, name)
        return next(iter(self.project.holding(row, name)), None)

    def through_list(self, model: Model, name: str, rest: list[Any]) -> Reading:
        """Go on from the rows that point here."""
        listing = self.listing(self.project.linked_model(model, name), rest, "Magma::ModelPredicate")

        def read(row: Row | None) -> Any:
            return listing.of([one for one in self.held(row, name) if listing.keeps(one)])

        return Reading(read, listing.type, listing.format, listing.many)

    def held(self, row: Row | None, name: str) -> list[Row]:
        """A collection's or table's rows, as far as this visitor may see."""
        return self.visible(self.project.holding(row, name))

    def column(self, model: Model, name: str, rest: list[Any]) -> Reading:
        """A plain value, or what a file, matrix or match can be asked besides."""
        kind, form = model.type_of(name), f"{self.project.name}::{model.name}#{name}"
        if kind in FILES | {"file_collection"}:
            return self.file(kind, name, rest, form)
        if kind == "matrix":
            return matrix(model, name, rest, form)
        if kind == "match" and rest in (["::type"], ["::value"]):
            return Reading(lambda row: (shown(row, name) or {}).get(rest[0][2:]), "String", form)
        if rest:
            raise unfit(rest[0], predicate(kind))
        is_date = kind in DATES
        return Reading(
            lambda row: shown(row, name), "DateTime" if is_date else TYPES.get(kind, "String"), form
        )

    def file(self, kind: str, name: str, rest: list[Any], form: str) -> Reading:
        """One thing about a file, or about each of a collection."""
        if len(rest) != 1 or rest[0] not in FILE_VERBS:
            raise unfit(rest[0] if rest else None, predicate(kind))

        def read(row: Row | None) -> Any:
            value = None if row is None else row.values.get(name)
            if value is None or row is None:
                return None
            if kind == "file_collection":
                return [self.about_file(row, one, rest[0], listed=True) for one in value]
            return self.about_file(row, value, rest[0])

        return Reading(read, "String", form)

    def about_file(self, row: Row, value: dict[str, Any], verb: str, *, listed: bool = False) -> Any:
        """What Magma knows of a file itself, and what it asks Metis for: that part is made up here."""
        if verb == "::url" or (verb == "::all" and listed):
            url = download_url(self.project.name, value["filename"], self.now)
            return url if verb == "::url" else value | {"url": url}
        made_up = {"::md5": digest(value), "::size": 3, "::updated_at": shown_date(row.values["created_at"])}
        known = {
            "::path": value["filename"],
            "::original_filename": value["original_filename"],
            "::all": value,
        }
        return (made_up | known)[verb]

    def listing(self, model: Model, arguments: list[Any], asked: str) -> Listing:
        """Filters, then a verb that makes one answer of many rows."""
        count = next((at for at, one in enumerate(arguments) if not isinstance(one, list)), len(arguments))
        tests = [self.test(model, one) for one in arguments[:count]]
        verb, rest = (*arguments[count:], None)[0], arguments[count + 1 :]
        if verb in {"::all", "::first", "::distinct"}:
            return self.listing_of_values(model, tests, verb, rest)
        if verb == "::every":
            return Listing(
                [], lambda rows: bool(rows) and all(t(r) for r in rows for t in tests), "TrueClass", "Boolean"
            )
        if verb == "::any":
            return Listing(tests, bool, "TrueClass", "Boolean")
        if verb != "::count":
            raise unfit(verb, asked)
        return Listing(tests, len, "Numeric", "Numeric")

    def listing_of_values(self, model: Model, tests: list[Test], verb: str, rest: list[Any]) -> Listing:
        """Each row's name and value, or the first row's value."""
        end = self.path(model, rest)
        if verb == "::distinct":
            return Listing(tests, lambda rows: distinct(map(end.of, rows)), end.type, [end.format])
        if verb == "::first":
            return Listing(tests, lambda rows: end.of(rows[0]) if rows else None, end.type, end.format)
        form = [f"{self.project.name}::{model.name}#{model.identifier}", end.format]

        def read(rows: list[Row]) -> Any:
            return [[row.name, end.of(row)] for row in rows]

        return Listing(tests, read, end.type, form, many=True, nested=end.many)

    def test(self, model: Model, arguments: list[Any]) -> Test:
        """A filter: a path that ends in a yes or no."""
        filtered = self.filter(model, arguments)
        tests = [*filtered.joined, *filtered.plain]
        return lambda row: all(test(row) for test in tests)

    def filter(self, model: Model, arguments: list[Any]) -> Filter:
        """A filter in the two parts that Magma makes of it."""
        first, rest = (arguments[0] if arguments else None), arguments[1:]
        if first in ("::or", "::and") and all(isinstance(one, list) for one in rest):
            return together(first, [self.filter(model, one) for one in rest])
        if (
            first in ("::has", "::lacks")
            and len(rest) == 1
            and rest[0] in {"::identifier", *model.attributes}
        ):
            return self.presence(model, rest[0], is_wanted=first == "::has")
        name = self.attribute(model, first, arguments)
        kind = model.type_of(name)
        if kind in POINTING | POINTED_AT:
            return self.filter_through(model, name, rest)
        judge = judgement("integer" if name == "id" else kind, rest)
        return Filter.of(
            lambda row: judge(None if row is None else row.name if name == "id" else row.values.get(name))
        )

    def presence(self, model: Model, name: str, *, is_wanted: bool) -> Filter:
        """Whether anything stands there, even a restricted thing; what points here is found by a join."""
        name = model.identifier if name == "::identifier" else name

        def test(row: Row | None) -> bool:
            return self.has(row, name) is is_wanted

        is_join = is_wanted and model.type_of(name) in POINTED_AT
        return Filter([test], []) if is_join else Filter.of(test)

    def filter_through(self, model: Model, name: str, rest: list[Any]) -> Filter:
        """A filter on linked rows: on the one, or on any or every one of a list."""
        other = self.project.linked_model(model, name)
        is_one = model.type_of(name) in POINTING | {"child"}
        if is_one and not (rest and isinstance(rest[0], list)):
            return self.filter(other, rest).seen_from(lambda row: self.other_end(row, name))
        if rest and rest[0] in ("::all", "::first"):
            test = self.test(other, rest[1:])
            return Filter.of(lambda row: any(test(one) for one in self.ends(row, name)))
        if rest and isinstance(rest[0], str):
            rest = [rest, "::any"]
        listing = self.listing(other, rest, "Magma::ModelPredicate")
        return Filter.of(
            lambda row: bool(listing.of([one for one in self.ends(row, name) if listing.keeps(one)]))
        )

    def ends(self, row: Row | None, name: str) -> list[Row]:
        """Whatever stands at the other end of a link, as a list."""
        if row is None or row.model.type_of(name) in POINTED_AT:
            return self.held(row, name)
        one = self.project.target(row, name)
        return [] if one is None else [one]

    def has(self, row: Row | None, name: str) -> bool:
        """Whether anything stands there."""
        if row is None:
            return False
        if row.model.type_of(name) in POINTED_AT:
            return bool(self.project.holding(row, name))
        return name == "id" or row.values.get(name) is not None


def behind(end: Callable[[Row | None], Row | None], test: Test) -> Test:
    """A test of the row at the other end."""
    return lambda row: test(end(row))


def together(verb: str, filters: list[Filter]) -> Filter:
    """Several filters as one; Magma's own operator wants something besides joins to work on."""
    ways = [one.plain for one in filters if one.plain]
    if not ways:
        raise refused(f"The {verb[2:].upper()} operator requires at least 1 argument")
    chosen = any if verb == "::or" else all
    joined = [test for one in filters for test in one.joined]
    return Filter(joined, [lambda row: chosen(all(test(row) for test in way) for way in ways)])


def matrix(model: Model, name: str, rest: list[Any], form: str) -> Reading:
    """A row of numbers, or the named ones among them."""
    options = list(model.attributes[name].get("options", ()))
    wanted = rest[1] if len(rest) > 1 and rest[0] == "::slice" else options
    if rest and (rest[0] != "::slice" or not set(wanted) <= set(options)):
        raise refused(f"Invalid verb arguments {rest[0]}, {', '.join(map(str, rest[-1]))}")
    places = [options.index(one) for one in wanted]
    return Reading(
        lambda row: [(shown(row, name) or {})[at] for at in places] if row else None, "Array", [form, wanted]
    )


def distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, missing ones never."""
    return [value for value in dict.fromkeys(values) if value is not None]


def page_of(rows: list[Row], body: dict[str, Any]) -> list[Row]:
    """The page asked for; without both numbers, everything."""
    page, size = (None if body.get(key) is False else body.get(key) for key in ("page", "page_size"))
    if page is None or size is None:
        return rows
    for number, least in ((page, 0), (size, 1)):
        if not isinstance(number, int):
            raise refused(f"comparison of String with {least} failed")
    if page < 1:
        raise refused("Page must start at 1")
    if size <= 1:
        raise refused("Page size must be greater than 1")
    found = rows[(page - 1) * size : page * size]
    if not found:
        raise refused("No results found" if page == 1 else f"Page {page} not found")
    return found


def answer(reader: Reader, body: dict[str, Any]) -> dict[str, Any]:
    """Answer /query."""
    query, disconnected = body.get("query"), bool(body.get("show_disconnected"))
    if query == "::model_names":
        return {"answer": list(reader.project.models), "type": "Array", "format": ["String"]}
    if not isinstance(query, list):
        raise server_error()
    model = reader.model(query[0] if query else None)
    if query[1:] == ["::attribute_names"]:
        return {"answer": list(model.attributes), "type": "Array", "format": ["String"]}
    listing = reader.listing(model, query[1:], "Magma::StartPredicate")
    if listing.nested:
        raise server_error()
    if disconnected and model.parent is None:
        raise refused("The OR operator requires at least 1 argument")
    try:
        rows = reader.rows(model, listing.tests, disconnected=disconnected, order=body.get("order"))
    except UnknownOrderError as error:
        raise database_error() from error
    return {"answer": listing.of(page_of(rows, body)), "type": listing.type, "format": listing.format}
