"""Magma as removal meets it: an API over HTTP, and behind it a real Magma's restored database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from magma.client import Magma
from magma.demo.kept import KeptWarehouse
from magma.demo.loading import Loader, Revisions
from magma.demo.server import serving
from magma.demo.store import project_of
from magma.demo.tokens import KeyPair, mint
from magma.demo.warehouse import SEED
from magma.removal.database import DatabaseRemoval
from orphans.models import Orphan, Review
from orphans.querysets import OrphanQuerySet
from orphans.services import decisions, discovery, removals, reviews
from orphans.services.bundles import Tools
from orphans.services.decisions import Said
from orphans.services.moves import By
from orphans.states import Decision, Source
from tests.orphans.magma_databases import MagmaDatabase, server_url


@dataclass(repr=False)
class World:
    """One Magma, its database, and the curator who reviews its orphans."""

    url: str
    magma: Magma
    database: MagmaDatabase
    keys: KeyPair
    curator: str = "curator@ucsf.edu"
    adapter: Any = None
    readers: list[Magma] = field(default_factory=list)
    warehouse: KeptWarehouse | None = None

    def __repr__(self) -> str:
        """Short: whole databases hang on it."""
        return f"World({self.url!r})"

    @property
    def tools(self) -> Tools:
        """What removals work with."""
        return Tools(self.magma, self.adapter or DatabaseRemoval(self.database.url))

    def reads(self, *, url: str, token: str) -> None:
        """Let Polyphemus read Magma elsewhere, or with other rights, from now on."""
        self.readers.append(self.magma)
        self.magma = Magma(url=url, token=token)

    def token(self, perm: str) -> str:
        """A reader's token."""
        return mint(self.keys.private, email="polyphemus@ucsf.edu", perm=perm)

    def as_account(self, database: str, user: str, password: str) -> str:
        """Magma's database through another account."""
        return server_url(database, user=user, password=password)

    @property
    def by(self) -> By:
        """The curator, now."""
        return By(self.curator, datetime.now(UTC))

    def load(self, revisions: Revisions, *, project: str = "labors") -> dict[str, Any]:
        """Change Magma by hand, as a person does."""
        token = mint(self.keys.private, email="editor@ucsf.edu", perm=f"E:{project}")
        return Loader(self.url, token, project).load(revisions)

    def look(self, project: str = "labors") -> None:
        """Find orphans."""
        discovery.search(self.magma, project, source=Source.COMMAND, now=datetime.now(UTC))

    def review(self, *records: str, project: str = "labors") -> Review:
        """A gathered review of the named orphans, or of all."""
        self.look(project)
        rows = Orphan.objects.filter(project=project)
        rows = rows.filter(record__in=records) if records else rows
        return self.gathered(rows)

    def gathered(self, rows: OrphanQuerySet) -> Review:
        """A gathered review of these rows."""
        project = rows[0].project
        review = reviews.create(project=project, orphans=rows, by=self.by)
        return reviews.gather(review, magma=self.magma, by=self.by)

    def decide(self, review: Review, decision: Decision, **said: Any) -> Review:
        """Let the curator, an admin, decide."""
        fields: dict[str, Any] = {"is_admin": True, "confirm": review.confirmation} | said
        return decisions.decide(review, Said(decision, **fields), by=self.by)

    def approved(self, *records: str, project: str = "labors") -> Review:
        """A review whose removal is decided."""
        return self.decide(self.review(*records, project=project), Decision.REMOVE)

    def advance(self, review: Review) -> Review:
        """Go on until there is nothing to do at once."""
        while removals.advance(review.pk, self.tools, now=datetime.now(UTC)).more:
            pass
        review.refresh_from_db()
        return review


@contextmanager
def a_world(database: MagmaDatabase, keys: KeyPair) -> Iterator[World]:
    """Serve the restored database as Magma would."""
    warehouse = KeptWarehouse(keys.public, url=database.url)
    for project in ("labors", "dt_lung"):
        templates = json.loads((SEED / f"templates_{project}.json").read_text(encoding="utf-8"))
        warehouse.projects[project] = project_of(project, templates)
    warehouse.open()
    with serving(warehouse.answer) as server:
        token = mint(keys.private, email="polyphemus@ucsf.edu", perm="V:labors,dt_lung")
        magma = Magma(url=server.url, token=token, projects=["labors", "dt_lung"])
        one = World(server.url, magma, database, keys, warehouse=warehouse)
        yield one
        for reader in (magma, one.magma, *one.readers):
            reader.close()
