"""The seeded demo warehouse against a real Magma's own database, filled by the same updates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from magma.demo.store import Model, Project
from magma.demo.warehouse import Warehouse
from tests.orphans.magma_databases import MagmaDatabase, copied, restore_template, statement

#: For the suite's own database, beside which the real one is copied, when this file runs alone.
pytestmark = pytest.mark.django_db

MODELS = {
    "labors": ["labor", "monster", "victim", "habitat", "aspect", "sidekick", "rodent", "vegetation"],
    "dt_lung": ["patient", "sample", "exome", "rna_seq", "clinical"],
}


@pytest.fixture(scope="module")
def real(django_db_setup: None) -> Iterator[MagmaDatabase]:
    with copied(restore_template()) as database:
        yield database


def parent_of(project: Project, model: Model, row_id: int) -> str | None:
    parent = project.target(model.rows[row_id], str(model.parent))
    return None if parent is None else str(parent.name)


@pytest.mark.parametrize(
    ("project", "name"), [(one, name) for one, names in MODELS.items() for name in names]
)
def test_it_holds_the_same_records_under_the_same_parents(
    bare_warehouse: Warehouse, real: MagmaDatabase, project: str, name: str
) -> None:
    kept = bare_warehouse.projects[project]
    model = kept.models[name]
    parent = kept.models[str(model.parent)]
    query = statement(
        "SELECT one.{id}, parent.{parent_id} FROM {project}.{table} one"
        " LEFT JOIN {project}.{parent_table} parent ON parent.id = one.{link}",
        id=model.identifier,
        parent_id=parent.identifier,
        project=project,
        table=f"{name}s",
        parent_table=f"{parent.name}s",
        link=f"{model.parent}_id",
    )

    recorded = dict(real.connection.execute(query).fetchall())

    assert {row.name: parent_of(kept, model, row.id) for row in model.rows.values()} == recorded
