"""/retrieve: documents, templates, pages, and the same as a table of tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from magma.demo.answers import Reply, as_json, as_text, refused, server_error
from magma.demo.questions import Reader, Test, UnknownOrderError, page_of
from magma.demo.store import DATES, POINTED_AT, POINTING, Model, Row
from magma.demo.values import FILES, number_in, shown, shown_file

#: Magma tries `>` before `>=`, so `number>=10` asks for more than "=10", which is 0.
TERM = re.compile(r"(\w+)(=|<|>|>=|<=|~|\[\]|\^@)(.*)", re.DOTALL)
VERBS = {"=": "::equals", "~": "::matches", "[]": "::in"}
#: The signs that such an attribute can be asked with, and what Magma calls it when it can't.
SIGNS = dict.fromkeys({"integer", "float"} | DATES, "=<>") | dict.fromkeys(FILES | {"boolean"}, "=")
SIGNED = {"boolean": "boolean column"} | dict.fromkeys(FILES, "file attribute")
UNASKED = frozenset({"file_collection", "match"})


@dataclass(frozen=True)
class Retrieval:
    """One call, understood: what is read of which rows."""

    reader: Reader
    body: dict[str, Any]

    @property
    def model(self) -> Model:
        """The model asked for."""
        return self.reader.model(self.body["model_name"])

    @property
    def disconnected(self) -> bool:
        """Whether only disconnected records are wanted."""
        return bool(self.body.get("show_disconnected"))

    @property
    def collapses(self) -> bool:
        """Whether tables stay out."""
        return bool(self.body.get("collapse_tables")) or self.body.get("format") == "tsv"

    def attributes(self, model: Model, wanted: Any) -> list[str]:
        """The attributes shown: the identifier first, unknown and restricted ones left out in silence."""
        hidden = self.reader.hides_restricted
        seen = [name for name, spec in model.attributes.items() if not (hidden and spec.get("restricted"))]
        if wanted != "all":
            named = wanted if isinstance(wanted, list) else []
            seen = [model.identifier, *(name for name in named if name in seen and name != model.identifier)]
        return [name for name in seen if not (self.collapses and model.type_of(name) == "table")]

    def tests(self, model: Model, names: Any, attributes: list[str]) -> list[Test]:
        """What a row must pass: its name, and every term of the filter."""
        terms = self.body.get("filter") or []
        tests = [
            self.term(model, one, attributes) for one in (terms.split() if isinstance(terms, str) else terms)
        ]
        if names != "all":
            wanted = {str(name) for name in names}
            tests.insert(0, lambda row: row is not None and str(row.name) in wanted)
        return tests

    def term(self, model: Model, term: str, attributes: list[str]) -> Test:
        """One term of a filter; only attributes that were asked for can be used."""
        found = TERM.fullmatch(term)
        if found is None:
            raise refused(f"Filter term '{term}' does not parse")
        name, sign, value = found.groups()
        if name not in attributes:
            raise refused(f"{name} is not an attribute")
        kind = model.type_of(name)
        if kind in {"collection", "table"}:
            raise refused("Cannot filter on collection attributes")
        if sign == "^@":
            return self.reader.test(model, ["::lacks", name])
        if kind == "matrix":
            return self.reader.test(model, ["::has", name])
        path = [name, "::identifier"] if kind in POINTING | {"child"} else [name]
        return self.reader.test(model, path + question(name, kind, sign, value))

    def document(self, row: Row, attributes: list[str]) -> dict[str, Any]:
        """A record as it is shown."""
        sliced = slices(self.body.get("output_predicate"))
        document = {name: self.value(row, name) for name in attributes}
        for name, wanted in sliced.items():
            if document.get(name) and row.model.type_of(name) == "matrix":
                options = row.model.attributes[name]["options"]
                document[name] = [document[name][options.index(one)] for one in wanted if one in options]
        return document

    def value(self, row: Row, name: str) -> Any:
        """One attribute's value: names for links, sorted lists for collections, files with an address."""
        reader, kind = self.reader, row.model.type_of(name)
        if kind in POINTING | {"child"}:
            other = reader.other_end(row, name)
            return None if other is None else other.name
        if kind in POINTED_AT:
            return [held.name for held in reader.held(row, name)]
        if kind in FILES:
            return shown_file(reader.project.name, row.values.get(name), reader.now)
        if kind == "file_collection":
            files = row.values.get(name)
            return files and [shown_file(reader.project.name, one, reader.now) for one in files]
        return shown(row, name)

    def rows(self, model: Model, tests: list[Test]) -> list[Row]:
        """The rows that pass, in order."""
        if self.disconnected and model.parent is None:
            raise server_error()
        try:
            return self.reader.rows(
                model, tests, disconnected=self.disconnected, order=self.body.get("order")
            )
        except UnknownOrderError as error:
            raise server_error() from error

    def of_model(self, model: Model) -> Iterator[tuple[Model, dict[str, Any]]]:
        """The model's documents, and after them those of its tables' rows."""
        names, attributes = self.body["record_names"], self.attributes(model, self.body["attribute_names"])
        tests = self.tests(model, names, attributes)
        counts = self.body.get("page") == 1
        if names == []:
            yield model, {"documents": {}} | ({"count": 0} if counts else {})
            return
        found = self.rows(model, tests)
        page = page_of(found, self.body)
        yield model, self.documents(page, attributes) | ({"count": len(found)} if counts else {})
        for name in attributes:
            if model.type_of(name) == "table":
                yield self.of_table(model, name, page, counts=counts)

    def of_table(
        self, model: Model, name: str, page: list[Row], *, counts: bool
    ) -> tuple[Model, dict[str, Any]]:
        """The rows of one table attribute of the records shown."""
        table = self.reader.project.linked_model(model, name)
        rows = [held for row in page for held in self.reader.held(row, name)]
        answer = self.documents(sorted(rows, key=lambda row: row.id), self.attributes(table, "all"))
        return table, answer | ({"count": len(rows)} if counts else {})

    def documents(self, rows: list[Row], attributes: list[str]) -> dict[str, Any]:
        """Documents under their names."""
        return {"documents": {str(row.name): self.document(row, attributes) for row in rows}}

    def answer(self) -> Reply:
        """The whole answer."""
        models = (
            list(self.reader.project.models.values()) if self.body["model_name"] == "all" else [self.model]
        )
        if self.body["attribute_names"] == "identifier" and len(models) > 1:
            models = [model for model in models if not model.is_table]
        if self.body.get("format") == "tsv":
            return self.as_tabs(models[0])
        answers = dict(
            pair for model in models for pair in ((m.name, (m, a)) for m, a in self.of_model(model))
        )
        hidden = bool(self.body.get("hide_templates"))
        return as_json(
            {"models": {n: a | ({} if hidden else {"template": m.template}) for n, (m, a) in answers.items()}}
        )

    def as_tabs(self, model: Model) -> Reply:
        """Shown attributes only, one record a line."""
        names = self.attributes(model, self.body["attribute_names"])
        names = [name for name in names if not model.attributes[name].get("hidden")]
        rows = self.rows(model, self.tests(model, self.body["record_names"], names))
        lines = [names, *([in_cell(self.value(row, name)) for name in names] for row in rows)]
        return as_text("".join("\t".join(line) + "\n" for line in lines), media="text/tsv")


def question(name: str, kind: str, sign: str, value: str) -> list[Any]:
    """A filter's sign and value as /query would ask them; a truth that is none asks nothing."""
    if kind in UNASKED:
        raise refused(f"Cannot query for {name}")
    if sign not in SIGNS.get(kind, sign):
        raise refused(f"Invalid operator {sign} for {SIGNED.get(kind, 'string attribute')}!")
    if kind == "boolean":
        return [f"::{value}"] if value in {"true", "false"} else []
    if kind in {"integer", "float"}:
        return [f"::{sign}", number_in(value)]
    if kind in DATES:
        return [f"::{sign}", value]
    return [VERBS.get(sign, f"::{sign}"), split(value) if sign == "[]" else value]


def split(value: str) -> list[str]:
    """At the commas, as Ruby does: nothing empty at the end."""
    return value.rstrip(",").split(",") if value.rstrip(",") else []


def slices(predicate: Any) -> dict[str, list[str]]:
    """Read `contributions[]Athens,Sidon`: which numbers of a matrix are wanted."""
    terms = predicate.split() if isinstance(predicate, str) else predicate or []
    pairs = (term.split("[]", 1) for term in terms if "[]" in term)
    return {name: wanted.split(",") for name, wanted in pairs}


def in_cell(value: Any) -> str:
    """A value in a table of tabs."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(in_cell(one) for one in value)
    if isinstance(value, dict):
        return str(value.get("url", ""))
    return "" if value is None else str(value)


def names_are_sound(names: Any) -> bool:
    """All, or a list of names of one kind."""
    is_list = isinstance(names, list)
    return names == "all" or (
        is_list and any(all(isinstance(one, kind) for one in names) for kind in (str, int))
    )


def complaint(body: dict[str, Any]) -> str | None:
    """What is wrong with the request itself, in Magma's order."""
    model, names, attributes = (body.get(key) for key in ("model_name", "record_names", "attribute_names"))
    of_all, is_list = model == "all", isinstance(attributes, list)
    wrongs = {
        "`model_name` is required": model is None,
        "`record_names` must be Array, or `all`": not names_are_sound(names),
        "`attribute_names` must be Array, `all`, or `identifier`": not (
            is_list or str(attributes) in {"all", "identifier"}
        ),
        "Cannot retrieve by record name for all models": of_all and names not in ("all", []),
        "`attribute_name` must be `identifier` for model_name: all, record_names: all": (
            of_all and names == "all" and attributes != "identifier"
        ),
        "`model_name` cannot be `all` for format: tsv ": of_all and body.get("format") == "tsv",
    }
    return next((sentence for sentence, is_so in wrongs.items() if is_so), None)


def answer(reader: Reader, body: dict[str, Any]) -> Reply:
    """Answer /retrieve."""
    wrong = complaint(body)
    if wrong is not None:
        raise refused(wrong)
    return Retrieval(reader, body).answer()
