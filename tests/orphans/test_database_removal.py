"""The adapter `database` on a real Magma's database: what it removes, and all that it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from magma.removal.adapters import Doomed, Outcome, Strike, Verdict
from magma.removal.catalogue import read_catalogue
from magma.removal.database import DatabaseRemoval
from magma.removal.errors import (
    CalledOffError,
    DatabaseDownError,
    InterferenceError,
    LockedError,
    NoRightsError,
    OtherDatabaseError,
    OutcomeUnknownError,
    RemovalError,
    SchemaUnclearError,
    TooSlowError,
)
from magma.removal.layout import layouts
from magma.removal.witness import Witness
from magma.trees import Tree
from tests.orphans.magma_databases import MagmaDatabase, sample, server_url, victim

ONE, TWO, BARE = "LABORS-VICTIM-000", "LABORS-VICTIM-001", "LABORS-VICTIM-ORPHAN-A"
ODD_NAMES = [
    "O'Brien",
    'a "quoted" name',
    "two\nlines\ttabbed",
    "猫 🐈 Ünïcode",
    "%s %(x)s {} \\",
    "'; DROP TABLE labors.victims; --",
    "e\u0301 combining \u202eright-to-left",
    "x" * 5000,
]


def yes(strike: Strike) -> bool:
    return True


def remove(
    database: MagmaDatabase,
    *trees: Tree,
    project: str = "labors",
    meanwhile: Callable[[], object] = lambda: None,
    may_commit: Callable[[Strike], bool] = yes,
    adapter: DatabaseRemoval | None = None,
) -> Outcome:
    """Take the witness, let something happen, remove."""
    adapter = adapter or DatabaseRemoval(database.url)
    witness = adapter.examine(project, trees).witness
    meanwhile()
    doomed = [Doomed(key, tree.names) for key, tree in enumerate(trees)]
    return adapter.remove(project, doomed, witness=witness, may_commit=may_commit)


def count(database: MagmaDatabase, name: str) -> int:
    return int(database.value("SELECT count(*) FROM labors.victims WHERE name = %s", name))


@pytest.fixture
def untouched(magma_database: MagmaDatabase) -> Iterator[None]:
    before = magma_database.everything()
    yield
    after = magma_database.everything()
    assert {table: after[table] for table in before} == before


class TestLayout:
    @pytest.mark.parametrize("project", ["labors", "dt_lung"])
    def test_every_model_finds_its_table_without_a_look_at_names(
        self, magma_database: MagmaDatabase, project: str
    ) -> None:
        magma_database.run(
            "ALTER TABLE dt_lung.exomes RENAME TO zz_1; ALTER TABLE labors.victims RENAME TO zz_2"
        )

        (only,) = layouts(read_catalogue(magma_database.connection, project))

        tables = {model: table.name for model, table in only.tables.items()}
        assert len(set(tables.values())) == len(only.catalogue.models)
        assert tables.get("exome", "zz_1") == "zz_1"
        assert tables.get("victim", "zz_2") == "zz_2"

    def test_twin_models_are_told_apart_by_the_rows_they_hold(self, magma_database: MagmaDatabase) -> None:
        magma_database.run(
            "CREATE TABLE labors.casualties (LIKE labors.sidekicks INCLUDING ALL);"
            "ALTER TABLE labors.casualties ADD FOREIGN KEY (victim_id) REFERENCES labors.victims;"
            "INSERT INTO public.models (project_name, model_name) VALUES ('labors', 'casualty');"
            "INSERT INTO public.attributes"
            " (project_name, model_name, attribute_name, type, column_name, link_model_name)"
            " SELECT project_name, 'casualty', attribute_name, type, column_name, link_model_name"
            " FROM public.attributes WHERE project_name = 'labors' AND model_name = 'sidekick'"
        )

        outcome = remove(magma_database, victim(magma_database, ONE))

        assert outcome.records == 3

    def test_a_project_nobody_knows_is_refused(self, magma_database: MagmaDatabase) -> None:
        with pytest.raises(SchemaUnclearError, match="no schema or no models"):
            DatabaseRemoval(magma_database.url).examine("nowhere", [victim(magma_database, ONE)])


class TestRemove:
    def test_the_grants_the_how_to_names_are_enough(self, magma_database: MagmaDatabase) -> None:
        url = limited(
            magma_database,
            "GRANT SELECT ON public.models, public.attributes TO polyphemus_limited;"
            "GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA labors TO polyphemus_limited",
        )

        outcome = remove(magma_database, victim(magma_database, ONE), adapter=DatabaseRemoval(url))

        assert outcome.records == 3

    def test_the_tree_goes_and_nothing_else(self, magma_database: MagmaDatabase) -> None:
        before = magma_database.everything()

        outcome = remove(magma_database, victim(magma_database, ONE))

        after = magma_database.everything()
        lost = {
            table: len(before[table]) - len(after[table]) for table in before if before[table] != after[table]
        }
        assert (outcome.removed, outcome.records, outcome.spared) == ((0,), 3, {})
        assert lost == {"labors.victims": 1, "labors.wounds": 1, "labors.sidekicks": 1}

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_identifiers_are_names_and_nothing_more(
        self, magma_database: MagmaDatabase, name: str
    ) -> None:
        magma_database.run("UPDATE labors.victims SET name = %s WHERE name = %s", name, BARE)

        outcome = remove(magma_database, victim(magma_database, name))

        assert (outcome.removed, count(magma_database, name)) == ((0,), 0)
        assert count(magma_database, ONE) == 1

    def test_a_schema_that_needs_quoting_is_quoted(self, magma_database: MagmaDatabase) -> None:
        name = 'Labors-2 "x"'
        magma_database.run('ALTER SCHEMA labors RENAME TO "Labors-2 ""x"""')
        magma_database.run("UPDATE public.models SET project_name = %s WHERE project_name = 'labors'", name)
        magma_database.run(
            "UPDATE public.attributes SET project_name = %s WHERE project_name = 'labors'", name
        )
        tree = victim(magma_database, BARE, schema='"Labors-2 ""x"""')

        outcome = remove(magma_database, tree, project=name)

        assert outcome.removed == (0,)

    def test_rows_that_refer_to_each_other_go_together(self, magma_database: MagmaDatabase) -> None:
        trees = [sample(magma_database, name) for name in ("DTL030.N1", "DTL030.T1")]

        outcome = remove(magma_database, *trees, project="dt_lung")

        assert outcome.removed == (0, 1)

    def test_of_two_that_refer_to_each_other_one_alone_is_left(self, magma_database: MagmaDatabase) -> None:
        outcome = remove(magma_database, sample(magma_database, "DTL030.N1"), project="dt_lung")

        assert outcome.removed == ()
        assert "exome 'DTL030.T1.exome' (normal_id) refers to it" in outcome.spared[0]

    def test_tables_whose_keys_run_in_a_circle_are_no_hindrance(self, magma_database: MagmaDatabase) -> None:
        magma_database.run(
            "ALTER TABLE labors.victims ADD COLUMN favourite_id integer REFERENCES labors.sidekicks;"
            "UPDATE labors.victims v SET favourite_id = s.id FROM labors.sidekicks s WHERE s.victim_id = v.id"
        )

        outcome = remove(magma_database, victim(magma_database, ONE))

        assert outcome.records == 3

    @pytest.mark.parametrize(
        ("meanwhile", "reason"),
        [
            ("UPDATE labors.victims SET monster_id = 1 WHERE name = 'LABORS-VICTIM-000'", "has changed"),
            ("UPDATE labors.victims SET weapon = 'trident' WHERE name = 'LABORS-VICTIM-000'", "has changed"),
            ("UPDATE labors.victims SET name = 'RENAMED' WHERE name = 'LABORS-VICTIM-000'", "has changed"),
            ("UPDATE labors.victims SET restricted = true WHERE name = 'LABORS-VICTIM-000'", "has changed"),
            ("UPDATE labors.wounds SET severity = 9 WHERE victim_id = 1", "has changed"),
            ("DELETE FROM labors.sidekicks WHERE victim_id = 1", "no longer there"),
            ("INSERT INTO labors.wounds (victim_id) VALUES (1)", "refers to it"),
            ("INSERT INTO labors.treatments (wound_id) SELECT id FROM labors.wounds WHERE victim_id = 1",
             "refers to it"),
        ],
    )  # fmt: skip
    def test_whatever_changed_since_the_copy_leaves_the_tree_and_says_so(
        self, magma_database: MagmaDatabase, meanwhile: str, reason: str
    ) -> None:
        trees = [victim(magma_database, ONE), victim(magma_database, BARE)]

        outcome = remove(magma_database, *trees, meanwhile=lambda: magma_database.run(meanwhile))

        assert outcome.removed == (1,)
        assert reason in outcome.spared[0]

    @pytest.mark.parametrize("rule", ["", "ON DELETE CASCADE", "ON DELETE SET NULL"])
    def test_a_table_nobody_knew_that_refers_to_it_blocks_and_keeps_its_rows(
        self, magma_database: MagmaDatabase, rule: str
    ) -> None:
        magma_database.run(
            f"CREATE SCHEMA lab; CREATE TABLE lab.stickers (victim integer REFERENCES labors.victims {rule});"
            "INSERT INTO lab.stickers VALUES (1)"
        )

        outcome = remove(magma_database, victim(magma_database, ONE), victim(magma_database, BARE))

        assert outcome.removed == (1,)
        assert "table lab.stickers refers to it" in outcome.spared[0]
        assert magma_database.rows("SELECT victim FROM lab.stickers") == [(1,)]

    def test_a_key_onto_the_name_instead_of_the_number_blocks_too(
        self, magma_database: MagmaDatabase
    ) -> None:
        magma_database.run(
            "CREATE TABLE public.notes (victim text REFERENCES labors.victims (name) ON UPDATE CASCADE);"
            f"INSERT INTO public.notes VALUES ('{ONE}')"
        )

        assert "public.notes" in remove(magma_database, victim(magma_database, ONE)).spared[0]

    def test_a_link_magma_keeps_without_a_foreign_key_blocks_too(self, magma_database: MagmaDatabase) -> None:
        magma_database.run(
            "ALTER TABLE labors.wounds DROP CONSTRAINT wounds_victim_id_fkey;"
            "INSERT INTO labors.wounds (victim_id)"
            " SELECT id FROM labors.victims WHERE name = 'LABORS-VICTIM-ORPHAN-A'"
        )

        assert "wound" in remove(magma_database, victim(magma_database, BARE, below=False)).spared[0]


@pytest.mark.usefixtures("untouched")
class TestRefusals:
    @pytest.mark.parametrize(
        "act",
        [
            "CREATE TRIGGER t BEFORE DELETE ON labors.victims FOR EACH ROW EXECUTE FUNCTION public.f()",
            "CREATE TRIGGER t AFTER DELETE ON labors.wounds FOR EACH STATEMENT EXECUTE FUNCTION public.f()",
            "CREATE RULE r AS ON DELETE TO labors.sidekicks DO INSTEAD NOTHING",
            "CREATE TABLE labors.more () INHERITS (labors.victims)",
        ],
    )
    def test_whatever_would_act_on_a_deletion_stops_it(self, magma_database: MagmaDatabase, act: str) -> None:
        magma_database.run(
            "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"
        )
        magma_database.run(act)

        with pytest.raises(InterferenceError):
            remove(magma_database, victim(magma_database, ONE))

    @pytest.mark.parametrize("grants", ["SELECT", "SELECT, UPDATE", "SELECT, DELETE"])
    def test_an_account_without_rights_is_told_which_it_needs(
        self, magma_database: MagmaDatabase, grants: str
    ) -> None:
        url = limited(
            magma_database, f"GRANT {grants} ON ALL TABLES IN SCHEMA labors, public TO polyphemus_limited"
        )

        with pytest.raises(NoRightsError, match="SELECT, UPDATE and DELETE"):
            remove(magma_database, victim(magma_database, ONE), adapter=DatabaseRemoval(url))

    def test_an_account_that_rows_are_hidden_from_is_refused(self, magma_database: MagmaDatabase) -> None:
        magma_database.run("ALTER TABLE labors.wounds ENABLE ROW LEVEL SECURITY")
        url = limited(
            magma_database,
            "GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA labors, public TO polyphemus_limited",
        )

        with pytest.raises(RemovalError, match="row-level security"):
            remove(magma_database, victim(magma_database, ONE), adapter=DatabaseRemoval(url))

    def test_another_database_is_not_the_one_behind_the_api(self, magma_database: MagmaDatabase) -> None:
        tree = victim(magma_database, ONE)
        stale = Tree((type(tree.top)(tree.top.name, {"updated_at": "2020-01-01T00:00:00+00:00"}),))

        with pytest.raises(OtherDatabaseError, match="another updated_at"):
            DatabaseRemoval(magma_database.url).examine("labors", [stale])

    def test_a_database_that_is_away_is_tried_again(self, magma_database: MagmaDatabase) -> None:
        with pytest.raises(DatabaseDownError) as refused:
            DatabaseRemoval("postgresql://nobody@127.0.0.1:1/none").examine("labors", [])

        assert refused.value.passing

    def test_called_off_at_the_last_moment_rolls_back(self, magma_database: MagmaDatabase) -> None:
        seen: list[str] = []

        def no(strike: Strike) -> bool:
            seen.append(strike.xid)
            return False

        with pytest.raises(CalledOffError):
            remove(magma_database, victim(magma_database, ONE), may_commit=no)

        assert DatabaseRemoval(magma_database.url).verdict(seen[0]) is Verdict.ROLLED_BACK

    def test_rows_somebody_else_works_on_are_waited_for_a_second_at_most(
        self, magma_database: MagmaDatabase
    ) -> None:
        with locked(magma_database, ONE), pytest.raises((LockedError, TooSlowError)):
            remove(magma_database, victim(magma_database, ONE))

    def test_a_strike_that_dawdles_is_broken_off_by_the_database(self, magma_database: MagmaDatabase) -> None:
        slept = threading.Event()
        adapter = DatabaseRemoval(magma_database.url, lock_seconds=0.3)

        def dawdle(strike: Strike) -> bool:
            return not slept.wait(timeout=1.5)

        with pytest.raises(OutcomeUnknownError):
            remove(magma_database, victim(magma_database, ONE), adapter=adapter, may_commit=dawdle)

    def test_nothing_is_removed_that_the_witness_does_not_know(self, magma_database: MagmaDatabase) -> None:
        tree = victim(magma_database, ONE)

        outcome = DatabaseRemoval(magma_database.url).remove(
            "labors", [Doomed(7, tree.names)], witness=Witness(), may_commit=yes
        )

        assert outcome.removed == ()
        assert 7 in outcome.spared


def limited(database: MagmaDatabase, grants: str) -> str:
    """The address of an account that may do only so much."""
    database.run(
        "DO $$ BEGIN CREATE ROLE polyphemus_limited LOGIN PASSWORD 'limited';"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    database.run("GRANT USAGE ON SCHEMA labors, public TO polyphemus_limited")
    database.run(grants)
    name = psycopg.conninfo.conninfo_to_dict(database.url)["dbname"]
    return server_url(str(name), user="polyphemus_limited", password="limited")


@contextmanager
def locked(database: MagmaDatabase, name: str) -> Iterator[None]:
    """Somebody else in the middle of an update."""
    with psycopg.connect(database.url) as other:
        other.execute("UPDATE labors.victims SET weapon = 'club' WHERE name = %s", [name])
        yield
        other.rollback()
