"""Removal of 10,000 records: the adapter, and the whole way from the decision on, against bare DELETEs."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.test import override_settings

from magma.client import Magma
from magma.demo.kept import KeptWarehouse
from magma.demo.server import serving
from magma.demo.store import project_of
from magma.demo.tokens import KeyPair, make_keys, mint
from magma.demo.warehouse import SEED, Warehouse
from magma.removal.adapters import Doomed
from magma.removal.database import DatabaseRemoval
from magma.trees import Name, Node, Tree
from orphans.models import Orphan, Review
from orphans.services import decisions, discovery, removals, reviews
from orphans.services.bundles import MOST_RECORDS, Tools
from orphans.services.decisions import Said
from orphans.services.moves import By
from orphans.states import Decision, ReviewStatus, Source
from tests.bench.results import Row, paired
from tests.orphans.magma_databases import MagmaDatabase, copied, restore_template

TREES = 5_000
RECORDS = 2 * TREES
FIRST = 1_000
BATCH = MOST_RECORDS // 2
WITHOUT_BUNDLES, WITH_BUNDLES, OVER_BATCHES = 4.0, 10.0, 4.0
INSERT = f"""
INSERT INTO labors.victims (id, created_at, updated_at, name, country)
SELECT {FIRST} + i, now(), now(), 'BENCH-' || i, 'Crete' FROM generate_series(1, {TREES}) i;
INSERT INTO labors.sidekicks (id, created_at, updated_at, name, victim_id)
SELECT {FIRST} + i, now(), now(), 'BENCH-S' || i, {FIRST} + i FROM generate_series(1, {TREES}) i;
ANALYZE labors.victims;
ANALYZE labors.sidekicks
"""
BATCHES = "the same records by one DELETE a table and transaction, ids in one array, leaves first"
FLOOR = "the same records by one DELETE each on the primary key, leaves first, the same number a transaction"


def rows() -> Iterator[Row]:
    """Without and with the bundles."""
    with copied(restore_template()) as database, tempfile.TemporaryDirectory() as folder:
        place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
        site = Site(database, make_keys())
        with override_settings(STORAGES={"bundles": place}):
            yield paired(
                "removal_over_bare_delete",
                site.removal,
                site.bare,
                limit=WITHOUT_BUNDLES,
                how=f"{RECORDS} records in {TREES} trees, every proof and the commit; floor: {FLOOR}",
                rounds=3,
            )
            yield paired(
                "removal_over_batched_delete",
                site.removal,
                site.batched,
                limit=OVER_BATCHES,
                how=f"{RECORDS} records in {TREES} trees, every proof and the commit; floor: {BATCHES}",
                rounds=5,
            )
            yield paired(
                "removal_with_bundles_over_bare_delete",
                site.whole_way,
                site.bare,
                limit=WITH_BUNDLES,
                how=f"the same from the decision on, copies and audit included; floor: {FLOOR}",
                rounds=3,
            )


@dataclass
class Site:
    """A Magma's database with a project full of orphans, made anew for each round."""

    database: MagmaDatabase
    keys: KeyPair

    def fill(self) -> None:
        """The orphans of a round."""
        self.database.run("DELETE FROM labors.sidekicks WHERE name LIKE 'BENCH-%'")
        self.database.run("DELETE FROM labors.victims WHERE name LIKE 'BENCH-%'")
        self.database.run(INSERT)

    def bare(self) -> float:
        """The floor."""
        self.fill()
        connection = self.database.connection
        start = time.perf_counter()
        for first in range(1, TREES + 1, BATCH):
            with connection.transaction():
                for table in ("sidekicks", "victims"):
                    for row_id in range(FIRST + first, FIRST + first + BATCH):
                        connection.execute(f"DELETE FROM labors.{table} WHERE id = %s", [row_id])
        return time.perf_counter() - start

    def batched(self) -> float:
        """The floor of somebody who knows how to delete many."""
        self.fill()
        connection = self.database.connection
        start = time.perf_counter()
        for first in range(1, TREES + 1, BATCH):
            ids = list(range(FIRST + first, FIRST + first + BATCH))
            with connection.transaction():
                for table in ("sidekicks", "victims"):
                    connection.execute(f"DELETE FROM labors.{table} WHERE id = ANY(%s)", [ids])
        return time.perf_counter() - start

    def removal(self) -> float:
        """What the adapter takes for its transactions."""
        self.fill()
        adapter = DatabaseRemoval(self.database.url)
        spent = 0.0
        for first in range(1, TREES + 1, BATCH):
            trees = [tree(number) for number in range(first, first + BATCH)]
            witness = adapter.examine("labors", trees).witness
            doomed = [Doomed(key, one.names) for key, one in enumerate(trees)]
            start = time.perf_counter()
            outcome = adapter.remove("labors", doomed, witness=witness, may_commit=lambda _: True)
            spent += time.perf_counter() - start
            assert outcome.records == 2 * BATCH
        return spent

    def whole_way(self) -> float:
        """From the decision to the last line of the audit."""
        self.fill()
        with self.reader() as magma:
            review = approved(magma)
            tools = Tools(magma, DatabaseRemoval(self.database.url))
            start = time.perf_counter()
            while removals.advance(review.pk, tools, now=datetime.now(UTC)).more:
                pass
            spent = time.perf_counter() - start
        review.refresh_from_db()
        assert review.status == ReviewStatus.DONE, review.trouble
        return spent

    @contextmanager
    def reader(self) -> Iterator[Magma]:
        """An API that shows what the database holds now, from memory."""
        kept = KeptWarehouse(self.keys.public, url=self.database.url)
        templates = json.loads((SEED / "templates_labors.json").read_text(encoding="utf-8"))
        kept.projects["labors"] = project_of("labors", templates)
        kept.open()
        kept.load({"project_name": "labors"})
        token = mint(self.keys.private, email="polyphemus@ucsf.edu", perm="V:labors")
        with ExitStack() as stack:
            server = stack.enter_context(serving(Warehouse(self.keys.public, projects=kept.projects).answer))
            magma = Magma(url=server.url, token=token)
            stack.callback(magma.close)
            yield magma


def tree(number: int) -> Tree:
    """A victim and its sidekick."""
    top = Node(Name("victim", f"BENCH-{number}"), {})
    return Tree((top, Node(Name("sidekick", f"BENCH-S{number}"), {}, top.name)))


def approved(magma: Magma) -> Review:
    """A review of all of them, decided."""
    now = datetime.now(UTC)
    discovery.search(magma, "labors", source=Source.SWEEP, now=now)
    by = By("curator@ucsf.edu", now)
    found = Orphan.objects.filter(record__startswith="BENCH-")
    review = reviews.gather(reviews.create(project="labors", orphans=found, by=by), magma=magma, by=by)
    said = Said(Decision.REMOVE, confirm=review.confirmation, is_admin=True)
    return decisions.decide(review, said, by=by)
