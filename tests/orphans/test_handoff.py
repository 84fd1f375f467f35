"""The script for Magma's own administrator, run by psql's own means on a real Magma's database."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from magma.removal.handoff import Handoff, script
from magma.trees import Name, Node, Tree
from polyphemus_site.embedded.programs import installed
from tests.orphans.magma_databases import MagmaDatabase, sample, victim


def run(database: MagmaDatabase, text: str) -> list[str]:
    """What the server says while the script runs."""
    said: list[str] = []
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        connection.execute(text.encode())
    return said


def whole(database: MagmaDatabase, tree: Tree) -> Tree:
    """The tree with the instants a document holds."""
    places = {"victim": ("labors.victims", "name"), "wound": ("labors.wounds", "id"),
              "sidekick": ("labors.sidekicks", "name"), "sample": ("dt_lung.samples", "sample_name"),
              "exome": ("dt_lung.exomes", "tube_name"), "rna_seq": ("dt_lung.rna_seqs", "tube_name"),
              "flow": ("dt_lung.flows", "flow_name")}  # fmt: skip
    nodes = []
    for node in tree:
        table, column = places[node.name.model]
        created = database.value(
            "SELECT to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS+00:00')"
            f" FROM {table} WHERE {column}::text = %s",
            node.name.record,
        )
        nodes.append(Node(node.name, {**node.document, "created_at": created}, node.above))
    return Tree(tuple(nodes))


def written(database: MagmaDatabase, *trees: Tree, project: str = "labors") -> str:
    return script(
        project, [whole(database, tree) for tree in trees], sha256="ab" * 32, title="Review 1 of labors"
    )


class TestScript:
    def test_it_removes_the_trees_and_nothing_else(self, magma_database: MagmaDatabase) -> None:
        before = magma_database.everything()
        text = written(
            magma_database,
            victim(magma_database, "LABORS-VICTIM-000"),
            victim(magma_database, "LABORS-VICTIM-ORPHAN-A"),
        )

        said = run(magma_database, text)

        after = magma_database.everything()
        lost = {
            table: len(before[table]) - len(after[table]) for table in before if before[table] != after[table]
        }
        assert lost == {"labors.victims": 2, "labors.wounds": 1, "labors.sidekicks": 1}
        assert said == ["Removed 4 records, as copied."]

    def test_records_that_refer_to_each_other_go_together(self, magma_database: MagmaDatabase) -> None:
        text = written(
            magma_database,
            sample(magma_database, "DTL030.N1"),
            sample(magma_database, "DTL030.T1"),
            project="dt_lung",
        )

        run(magma_database, text)

        assert magma_database.value("SELECT count(*) FROM dt_lung.exomes WHERE tube_name LIKE 'DTL030%'") == 0

    @pytest.mark.parametrize(
        ("meanwhile", "reason"),
        [
            ("UPDATE labors.victims SET monster_id = 1 WHERE name = 'LABORS-VICTIM-000'", "has a parent"),
            ("UPDATE labors.victims SET updated_at = now() WHERE name = 'LABORS-VICTIM-000'", "has changed"),
            ("UPDATE labors.victims SET name = 'RENAMED' WHERE name = 'LABORS-VICTIM-000'", "can't be told"),
            ("INSERT INTO labors.wounds (victim_id) SELECT id FROM labors.victims"
             " WHERE name = 'LABORS-VICTIM-000'", "refers to"),
            ("CREATE TABLE public.stickers (victim integer REFERENCES labors.victims ON DELETE CASCADE);"
             "INSERT INTO public.stickers SELECT id FROM labors.victims WHERE name = 'LABORS-VICTIM-000'",
             "stickers"),
            ("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
             "CREATE TRIGGER t BEFORE DELETE ON labors.victims FOR EACH ROW EXECUTE FUNCTION f()",
             "would act"),
        ],
    )  # fmt: skip
    def test_whatever_happened_meanwhile_nothing_is_removed(
        self, magma_database: MagmaDatabase, meanwhile: str, reason: str
    ) -> None:
        text = written(magma_database, victim(magma_database, "LABORS-VICTIM-000"))
        magma_database.run(meanwhile)
        before = magma_database.everything()

        with pytest.raises(psycopg.errors.RaiseException, match=reason):
            run(magma_database, text)

        assert magma_database.everything() == before

    def test_no_identifier_is_ever_read_as_sql(self, magma_database: MagmaDatabase) -> None:
        name = "O'Brien\n\\. $expected$ ; DROP TABLE labors.victims; -- 猫"
        magma_database.run("UPDATE labors.victims SET name = %s WHERE name = 'LABORS-VICTIM-ORPHAN-A'", name)

        run(magma_database, written(magma_database, victim(magma_database, name)))

        assert magma_database.value("SELECT count(*) FROM labors.victims WHERE name = %s", name) == 0
        assert magma_database.value("SELECT count(*) FROM labors.victims") > 0

    def test_psql_takes_it_as_a_file(self, magma_database: MagmaDatabase, tmp_path: Path) -> None:
        psql = installed().postgres.with_name("psql")
        file = tmp_path / "removal.sql"
        file.write_text(written(magma_database, victim(magma_database, "LABORS-VICTIM-001")))

        ended = subprocess.run(  # noqa: S603 — psql as an administrator would call it
            [str(psql), "-v", "ON_ERROR_STOP=1", "-f", str(file), magma_database.url],
            capture_output=True,
            check=False,
        )

        assert ended.returncode == 0, ended.stderr
        assert (
            magma_database.value("SELECT count(*) FROM labors.victims WHERE name = 'LABORS-VICTIM-001'") == 0
        )


class TestHandoff:
    def test_it_looks_at_no_database(self) -> None:
        examination = Handoff().examine("labors", [Tree((Node(Name("victim", "V"), {}),))])

        assert (examination.disagreements, examination.stored) == ({}, {})
