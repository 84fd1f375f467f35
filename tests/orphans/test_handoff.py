"""The script for Magma's own administrator, run by psql's own means on a real Magma's database."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from magma.demo.warehouse import SEED
from magma.removal.handoff import Handoff, script
from magma.trees import Name, Node, Tree
from orphans.models import Bundle, Orphan, Review
from orphans.services import exports
from orphans.states import ReviewStatus
from polyphemus_site.embedded.programs import installed
from polyphemus_site.vouching import signer_from
from tests.orphans.magma_databases import MagmaDatabase, sample, victim
from tests.orphans.test_database_removal import locked
from tests.orphans.world import World

KEK = bytes(range(32))


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
        document = {**node.document, "created_at": created}
        if table == "labors.victims":
            document["weapon"] = database.value(
                f"SELECT weapon FROM {table} WHERE name = %s", node.name.record
            )
        nodes.append(Node(node.name, document, node.above))
    return Tree(tuple(nodes))


def written(database: MagmaDatabase, *trees: Tree, project: str = "labors") -> str:
    templates = json.loads((SEED / f"templates_{project}.json").read_text(encoding="utf-8"))
    read = [whole(database, tree) for tree in trees]
    models = {name: model["template"] for name, model in templates["models"].items()}
    return script(project, read, models, sha256="ab" * 32, title="Review 1 of labors")


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
            ("UPDATE labors.victims SET weapon = 'trident' WHERE name = 'LABORS-VICTIM-000'",
             "has changed since it was copied: its weapon"),
            ("CREATE TABLE labors.more () INHERITS (labors.victims)", "partitioned or inherits"),
            ("ALTER TABLE labors.victims DROP CONSTRAINT victims_name_key;"
             "INSERT INTO labors.victims (name, created_at, updated_at)"
             " SELECT name, created_at, updated_at FROM labors.victims WHERE name = 'LABORS-VICTIM-000'",
             "More than one row"),
            ("ALTER TABLE labors.wounds DROP CONSTRAINT wounds_victim_id_fkey;"
             "INSERT INTO labors.wounds (victim_id) SELECT id FROM labors.victims"
             " WHERE name = 'LABORS-VICTIM-000'", "refers to"),
            ("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica',"
             " current_database()); END $$", "switches foreign keys off"),
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

    def test_rows_somebody_else_works_on_are_waited_for_a_second_at_most(
        self, magma_database: MagmaDatabase
    ) -> None:
        text = written(magma_database, victim(magma_database, "LABORS-VICTIM-000"))

        with (
            locked(magma_database, "LABORS-VICTIM-000"),
            pytest.raises((psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)),
        ):
            run(magma_database, text)

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


@pytest.mark.django_db
class TestPackage:
    @pytest.fixture
    def folder(self, world: World, tmp_path: Path, settings: Settings) -> Path:
        """What a DBA gets of a review that is handed over."""
        settings.POLYPHEMUS_KEK = KEK
        world.adapter = Handoff()
        review = world.advance(world.approved("LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A"))
        folder = tmp_path / "handoff"
        call_command("bundle", review.pk, handoff=folder, stdout=StringIO())
        return folder

    def test_it_verifies_offline_with_nothing_but_openssl_and_sha256sum(self, folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())

        assert [each.returncode for each in verified(folder)] == [0, 0]
        assert (manifest["approved_by"], manifest["orphans"], manifest["records"]) == (
            "curator@ucsf.edu",
            2,
            4,
        )
        assert manifest["sha256"]["bundle-1.json"] == Bundle.objects.get().sha256

    @pytest.mark.parametrize(
        "name", ["removal.sql", "bundle-1.json", "manifest.json", "README.txt", "SHA256SUMS"]
    )
    def test_one_byte_more_anywhere_does_not_verify(self, folder: Path, name: str) -> None:
        with (folder / name).open("ab") as file:
            file.write(b" ")

        assert any(each.returncode for each in verified(folder))

    def test_the_key_of_another_installation_does_not_verify(self, folder: Path) -> None:
        (folder / "polyphemus.pem").write_text(signer_from(b"another" * 5).public_pem)

        assert verified(folder)[0].returncode != 0

    def test_the_key_it_brings_is_the_one_everybody_is_shown(self, folder: Path) -> None:
        assert Client().get("/api/v1/record-key").json()["pem"] == (folder / "polyphemus.pem").read_text()

    def test_its_script_removes_them_and_the_review_closes(self, folder: Path, world: World) -> None:
        run(world.database, (folder / "removal.sql").read_text())
        Review.objects.update(try_again_at=None)

        review = world.advance(Review.objects.get())

        assert (review.status, review.records) == (ReviewStatus.DONE, 4)
        assert {name for name, _ in undone(review)} == {"LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A"}

    def test_what_our_token_may_not_see_any_more_is_not_taken_for_removed(
        self, folder: Path, world: World
    ) -> None:
        run(world.database, (folder / "removal.sql").read_text())
        Orphan.objects.filter(record="LABORS-VICTIM-000").update(restricted=True)
        stages = []

        for letter in "vV":
            world.reads(url=world.url, token=world.token(f"{letter}:labors"))
            Review.objects.update(try_again_at=None)
            review = world.advance(Review.objects.get())
            stages.append((review.status, review.items.pending().count()))

        assert stages == [(ReviewStatus.HANDED_OVER, 1), (ReviewStatus.DONE, 0)]

    def test_nothing_is_written_over(self, folder: Path) -> None:
        with pytest.raises(CommandError, match="could not be written"):
            call_command("bundle", Review.objects.get().pk, handoff=folder)

    def test_without_a_key_it_says_what_is_missing(self, folder: Path, settings: Settings) -> None:
        settings.POLYPHEMUS_KEK = b""

        with pytest.raises(CommandError, match="POLYPHEMUS_KEK"):
            call_command("bundle", Review.objects.get().pk, handoff=folder.with_name("another"))


def verified(folder: Path) -> list[subprocess.CompletedProcess[bytes]]:
    """What the README's two commands say."""
    lines = [line.strip() for line in (folder / "README.txt").read_text().splitlines()]
    commands = [line.split() for line in lines if line.startswith(("openssl ", "sha256sum "))]
    return [subprocess.run(command, cwd=folder, capture_output=True, check=False) for command in commands]  # noqa: S603 — the README's own


def undone(review: Review) -> list[tuple[str, Any]]:
    """The victims that the undo would load."""
    bodies = exports.as_update(review).bodies
    return [pair for body in bodies for pair in body["revisions"].get("victim", {}).items()]


class TestHandoff:
    def test_it_looks_at_no_database(self) -> None:
        examination = Handoff().examine("labors", [Tree((Node(Name("victim", "V"), {}),))])

        assert (examination.disagreements, examination.stored) == ({}, {})
