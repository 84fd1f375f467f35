"""Which table holds which model.

Magma keeps no such list: it derives the table's name from the model's by its own rules of English. Names are
therefore not looked at. A model's table is the one that has all the columns of the model's attributes, whose
foreign keys lead where the model's links lead, and that no other model can claim better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from magma.removal.catalogue import Catalogue, ForeignKey, Link, Model, Table
from magma.removal.errors import SchemaUnclearError
from polyphemus_site.sentences import say as _

#: Twin models multiply the ways to match; beyond this many nobody can say which is right.
MOST_LAYOUTS = 64

Candidates = dict[str, frozenset[int]]


@dataclass(frozen=True)
class Layout:
    """One way to match models with tables; `tables` by model name."""

    catalogue: Catalogue
    tables: Mapping[str, Table]

    def table(self, model: str) -> Table:
        """The model's table, or SchemaUnclearError."""
        try:
            return self.tables[model]
        except KeyError:
            raise SchemaUnclearError(
                _("Magma's database has no table for model %(model)r of %(project)s.")
                % {"model": model, "project": self.catalogue.project}
            ) from None

    def model(self, name: str) -> Model:
        """What Magma's own tables say of the model."""
        return self.catalogue.models[name]

    def model_of(self, oid: int) -> str | None:
        """The model a table belongs to; None for a stranger."""
        return next((model for model, table in self.tables.items() if table.oid == oid), None)

    def onto(self, table: Table) -> Iterator[ForeignKey]:
        """Every foreign key onto the table, and every link Magma keeps without one."""
        yield from self._declared_onto(table)
        for own, link in self._bare_links_onto(table):
            yield ForeignKey(
                link.attribute, own.oid, table.oid, own.schema, own.name, (link.column,), ("id",)
            )

    def undeclared_onto(self, table: Table) -> list[Table]:
        """The tables with a link onto this one that no foreign key guards."""
        return [own for own, _ in self._bare_links_onto(table)]

    def _declared_onto(self, table: Table) -> list[ForeignKey]:
        return [key for key in self.catalogue.foreign_keys if key.target == table.oid]

    def _bare_links_onto(self, table: Table) -> Iterator[tuple[Table, Link]]:
        known = {(key.referrer, key.columns) for key in self._declared_onto(table)}
        for model, own in self.tables.items():
            for link in self.catalogue.models[model].links:
                if self.tables.get(link.model) == table and (own.oid, (link.column,)) not in known:
                    yield own, link


def layouts(catalogue: Catalogue) -> list[Layout]:
    """Every way to match the project's models with its tables that nothing contradicts."""
    if not catalogue.tables or not catalogue.models:
        raise SchemaUnclearError(
            _(
                "Magma's database has no schema or no models for project %(project)r: "
                "is this the right database, and may the account see it?"
            )
            % {"project": catalogue.project}
        )
    tables = {table.oid: table for table in catalogue.tables}
    found: list[Layout] = []
    for matching in _matchings(catalogue, _first_candidates(catalogue)):
        found.append(Layout(catalogue, {model: tables[oid] for model, oid in matching.items()}))
        if len(found) > MOST_LAYOUTS:
            raise SchemaUnclearError(
                _("The tables of %(project)s can't be told apart: too many models are alike.")
                % {"project": catalogue.project}
            )
    return found


def _first_candidates(catalogue: Catalogue) -> Candidates:
    fitting = {
        name: frozenset(
            table.oid
            for table in catalogue.tables
            if frozenset(model.columns.values()) | {"id"} <= table.columns
        )
        for name, model in catalogue.models.items()
    }
    return {name: tables for name, tables in fitting.items() if tables}


def _matchings(catalogue: Catalogue, candidates: Candidates) -> Iterator[dict[str, int]]:
    """Narrow, then try each table of the least certain model in turn."""
    narrowed = _narrow(catalogue, candidates)
    if any(not tables for tables in narrowed.values()):
        return
    open_models = [model for model, tables in narrowed.items() if len(tables) > 1]
    if not open_models:
        yield {model: next(iter(tables)) for model, tables in narrowed.items()}
        return
    model = min(open_models, key=lambda name: (len(narrowed[name]), name))
    for oid in sorted(narrowed[model]):
        yield from _matchings(catalogue, narrowed | {model: frozenset({oid})})


def _narrow(catalogue: Catalogue, candidates: Candidates) -> Candidates:
    """Strike out what a foreign key or another model's only table contradicts, until nothing moves."""
    leads = {
        (key.referrer, key.columns[0]): key.target
        for key in catalogue.foreign_keys
        if len(key.columns) == 1 and key.keys == ("id",)
    }
    before: Candidates = {}
    while before != candidates:
        before = candidates
        candidates = _by_links(catalogue.models.values(), candidates, leads)
        candidates = _by_claims(candidates)
    return candidates


def _by_links(
    models: Iterable[Model], candidates: Candidates, leads: Mapping[tuple[int, str], int]
) -> Candidates:
    narrowed = dict(candidates)
    for model in models:
        for link in model.links:
            if model.name not in narrowed or link.model not in narrowed:
                continue  # a link to a model that is no longer there says nothing
            far = narrowed[link.model]
            own = frozenset(
                oid
                for oid in narrowed[model.name]
                if leads.get((oid, link.column), next(iter(far), 0)) in far
            )
            narrowed[model.name] = own
            targets = {leads.get((oid, link.column)) for oid in own}
            if own and None not in targets:
                narrowed[link.model] = far & frozenset(oid for oid in targets if oid is not None)
    return narrowed


def _by_claims(candidates: Candidates) -> Candidates:
    """A table that is some model's only one is no other's."""
    claimed = {next(iter(tables)): model for model, tables in candidates.items() if len(tables) == 1}
    return {
        model: tables if len(tables) == 1 else frozenset(oid for oid in tables if oid not in claimed)
        for model, tables in candidates.items()
    }
