"""Removal through Magma's own database: one transaction that proves, deletes, counts and then commits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import Connection

from magma.removal import rows
from magma.removal.adapters import Doomed, MayCommit, Outcome, Strike, Verdict
from magma.removal.catalogue import Table, read_catalogue
from magma.removal.errors import (
    CalledOffError,
    CountDiffersError,
    InterferenceError,
    OutcomeUnknownError,
    SchemaUnclearError,
    TooSlowError,
)
from magma.removal.layout import Layout, layouts
from magma.removal.rows import Locked, Reference
from magma.removal.sessions import LOCK_SECONDS, session
from magma.removal.witness import Examination, Witness, examine
from magma.trees import Tree
from polyphemus_site.sentences import say as _

#: PostgreSQL that knows transaction_timeout.
TRANSACTION_TIMEOUT_SINCE = 170000
VERDICTS = {
    "committed": Verdict.COMMITTED,
    "aborted": Verdict.ROLLED_BACK,
    "in progress": Verdict.RUNNING,
    None: Verdict.FORGOTTEN,
}


class DatabaseRemoval:
    """The adapter `database`: an account on Magma's own PostgreSQL."""

    key = "database"
    immediate = True

    def __init__(self, url: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        """`lock_seconds` bounds how long any row stays locked."""
        self.url = url
        self.lock_seconds = lock_seconds

    def examine(self, project: str, trees: Sequence[Tree]) -> Examination:
        """Find the trees' rows and compare them with their documents, in one snapshot."""
        with session(self.url) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            examination = examine(connection, project, trees)
            connection.execute("COMMIT")
        return examination

    def remove(
        self, project: str, doomed: Sequence[Doomed], *, witness: Witness, may_commit: MayCommit
    ) -> Outcome:
        """Remove what stands every proof; leave, with its reason, what does not."""
        with session(self.url) as connection:
            return _Transaction(connection, project, witness, self.lock_seconds).run(doomed, may_commit)

    def verdict(self, xid: str) -> Verdict:
        """Ask the database what became of the transaction."""
        with session(self.url) as connection:
            try:
                (status,) = connection.execute("SELECT txid_status(%s)", [int(xid)]).fetchone() or (None,)
            except psycopg.errors.InvalidParameterValue:
                return Verdict.FORGOTTEN  # a number from the future: another server answers there now
        return VERDICTS[status]

    def remaining(self, project: str, doomed: Sequence[Doomed], *, witness: Witness) -> int:
        """Count the rows that are there still."""
        numbers: dict[str, list[int]] = {}
        for tree in doomed:
            for name in tree.names:
                numbers.setdefault(name.model, []).append(witness.row(name)[0])
        with session(self.url) as connection:
            layout = _the_layout(connection, project, witness)
            return sum(rows.count(connection, layout.table(model), ids) for model, ids in numbers.items())


def _the_layout(connection: Connection[Any], project: str, witness: Witness) -> Layout:
    """The layout the witness was taken in."""
    for layout in layouts(read_catalogue(connection, project)):
        if all(layout.table(model).name == name for model, name in witness.tables.items()):
            return layout
    raise SchemaUnclearError(
        _("The tables of %(project)s changed after the copy was made; a new copy is needed.")
        % {"project": project}
    )


def _refuse_interference(layout: Layout, witness: Witness) -> None:
    for model in witness.tables:
        table = layout.table(model)
        if table.interference:
            raise InterferenceError(
                _("%(what)s on table %(table)s would act on a deletion.")
                % {"what": ", ".join(table.interference), "table": str(table)}
            )
        if not table.plain:
            raise InterferenceError(
                _("Table %(table)s is partitioned or inherits; removal knows plain tables only.")
                % {"table": str(table)}
            )


def _require_foreign_keys(role: str) -> None:
    """A session set to replay a replica's changes looks at no foreign key."""
    if role != "origin":
        raise InterferenceError(
            _(
                "The account's session_replication_role is %(role)r, which switches foreign keys off: "
                "it must be 'origin'."
            )
            % {"role": role}
        )


class _Transaction:
    """One transaction, from BEGIN to COMMIT; any exception before COMMIT rolls back."""

    layout: Layout

    def __init__(
        self, connection: Connection[Any], project: str, witness: Witness, lock_seconds: float
    ) -> None:
        self.connection = connection
        self.project = project
        self.witness = witness
        self.lock_seconds = lock_seconds
        self.spared: dict[int, str] = {}
        self.ends = 0.0
        self.numbers: tuple[tuple[int, ...], dict[int, list[int]]] = ((), {})

    def run(self, doomed: Sequence[Doomed], may_commit: MayCommit) -> Outcome:
        with_rows = self._witnessed(doomed)
        try:
            strike = self._strike(with_rows, may_commit) if with_rows else None
        except BaseException:
            if not self.connection.closed:
                self.connection.execute("ROLLBACK")
            raise
        if strike is not None:
            self._commit(strike)
        return Outcome(
            removed=strike.keys if strike else (),
            spared=self.spared,
            records=strike.records if strike else 0,
        )

    def _strike(self, doomed: list[Doomed], may_commit: MayCommit) -> Strike | None:
        xid = self._begin()
        self._learn()
        standing = self._locked_and_unchanged(doomed)
        self._hold_undeclared(standing)
        standing = self._unreferenced(standing)
        if not standing:
            self.connection.execute("ROLLBACK")
            return None
        records = sum(len(tree.names) for tree in standing)
        self._delete(standing, records)
        strike = Strike(xid, tuple(tree.key for tree in standing), records)
        self._hurry()
        if not may_commit(strike):
            raise CalledOffError(_("Called off before the commit; nothing of this batch was removed."))
        return strike

    def _commit(self, strike: Strike) -> None:
        try:
            status = self.connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            raise OutcomeUnknownError(
                _("The connection broke while transaction %(xid)s committed; it will be asked.")
                % {"xid": strike.xid}
            ) from error
        if status != "COMMIT":
            raise OutcomeUnknownError(
                _("Transaction %(xid)s ended with %(status)s; its outcome will be asked.")
                % {"xid": strike.xid, "status": str(status)}
            )

    def _begin(self) -> str:
        """Begin, with a bound on the whole transaction where the server knows one; hold the tables' shape.

        The shape is held before it is read: no key or trigger may come in between.
        """
        self.ends = time.monotonic() + self.lock_seconds
        bound = "transaction_timeout" if self._server_bounds else "idle_in_transaction_session_timeout"
        with self.connection.pipeline():
            self.connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            begun = self.connection.execute(
                "SELECT txid_current()::text, current_setting('session_replication_role'),"
                " set_config(%(bound)s, %(ms)s, true), set_config('lock_timeout', %(ms)s, true)",
                {"bound": bound, "ms": f"{int(self.lock_seconds * 1000)}ms"},
            )
            rows.hold_shape(self.connection, self.project, sorted(self.witness.tables.values()))
        xid, role, *_ = begun.fetchone() or ("", "")
        _require_foreign_keys(role)
        return str(xid)

    def _learn(self) -> None:
        """Read what the tables are, now that they stay so."""
        self._hurry()
        self.layout = _the_layout(self.connection, self.project, self.witness)
        _refuse_interference(self.layout, self.witness)

    @property
    def _server_bounds(self) -> bool:
        return self.connection.info.server_version >= TRANSACTION_TIMEOUT_SINCE

    def _hurry(self) -> None:
        """Give up when the time is over; where the server can't, give the next statement what is left."""
        left = int((self.ends - time.monotonic()) * 1000)
        if left <= 0:
            raise TooSlowError(_("The batch took too long to lock; a smaller one will be tried."))
        if self._server_bounds:
            return
        self.connection.execute(
            "SELECT set_config('lock_timeout', %(ms)s, true), set_config('statement_timeout', %(ms)s, true),"
            " set_config('idle_in_transaction_session_timeout', %(ms)s, true)",
            {"ms": f"{left}ms"},
        )

    def _witnessed(self, doomed: Sequence[Doomed]) -> list[Doomed]:
        """Those whose every record the witness knows; the rest are left."""
        rows = self.witness.rows
        for tree in doomed:
            if not all(name.record in rows.get(name.model, {}) for name in tree.names):
                self.spared[tree.key] = _(
                    "The database and the API disagreed about it when the copy was made."
                )
        return self._standing(doomed)

    def _standing(self, doomed: Sequence[Doomed]) -> list[Doomed]:
        return [tree for tree in doomed if tree.key not in self.spared]

    def _ids(self, doomed: Sequence[Doomed]) -> dict[int, list[int]]:
        """Row numbers by table; every proof asks for those of the same trees."""
        keys = tuple(tree.key for tree in doomed)
        if self.numbers[0] != keys:
            self.numbers = (keys, self._numbers(doomed))
        return self.numbers[1]

    def _numbers(self, doomed: Sequence[Doomed]) -> dict[int, list[int]]:
        ids: dict[int, list[int]] = {}
        for tree in doomed:
            for name in tree.names:
                ids.setdefault(self.layout.table(name.model).oid, []).append(self.witness.row(name)[0])
        return ids

    def _tables(self, ids: Mapping[int, Sequence[int]]) -> list[Table]:
        return [table for table in self.layout.catalogue.tables if table.oid in ids]

    def _locked_and_unchanged(self, doomed: list[Doomed]) -> list[Doomed]:
        ids = self._ids(doomed)
        now: dict[int, dict[int, Locked]] = {}
        for table in self._tables(ids):
            self._hurry()
            parent = self._parent(table)
            now[table.oid] = rows.lock(self.connection, table, ids[table.oid], parent=parent)
        for tree in doomed:
            if (reason := self._what_changed(tree, now)) is not None:
                self.spared[tree.key] = reason
        return self._standing(doomed)

    def _parent(self, table: Table) -> str | None:
        """The column of the parent of the model in that table; the root has none."""
        model = self.layout.model_of(table.oid)
        parent = self.layout.model(model).parent if model else None
        return parent.column if parent else None

    def _what_changed(self, tree: Doomed, now: Mapping[int, Mapping[int, Locked]]) -> str | None:
        for name in tree.names:
            row_id, digest = self.witness.row(name)
            found = now[self.layout.table(name.model).oid].get(row_id)
            if found is None:
                return _("%(name)s is no longer there.") % {"name": str(name)}
            if found.digest != digest:
                return _("%(name)s has changed since the copy was made.") % {"name": str(name)}
            # A proof in its own right, though an unchanged row can't have gained a parent.
            if name == tree.top and found.has_parent is not False:
                is_root = found.has_parent is None
                if is_root:
                    return _("%(model)s is the root: it has no orphans.") % {"model": name.model}
                return _("%(name)s has a parent again.") % {"name": str(name)}
        return None

    def _hold_undeclared(self, doomed: list[Doomed]) -> None:
        """Where no foreign key would stop it, nobody may write a link to these until the commit."""
        for table in self._tables(self._ids(doomed)):
            for referrer in self.layout.undeclared_onto(table):
                self._hurry()
                rows.hold_still(self.connection, referrer)

    def _unreferenced(self, doomed: list[Doomed]) -> list[Doomed]:
        """Leave each tree that something outside refers to, and then whatever that one refers to."""
        owner = {
            (self.layout.table(name.model).oid, self.witness.row(name)[0]): tree.key
            for tree in doomed
            for name in tree.names
        }
        self._hurry()
        waiting = rows.references(self.connection, self.layout, self._ids(doomed))
        while blocking := [reference for reference in waiting if self._is_outside(reference, owner)]:
            for reference in blocking:
                key = owner[(reference.target, reference.target_id)]
                self.spared.setdefault(key, _("%(what)s refers to it.") % {"what": reference.words})
            owner = {row: key for row, key in owner.items() if key not in self.spared}
            waiting = [reference for reference in waiting if (reference.target, reference.target_id) in owner]
        return self._standing(doomed)

    def _is_outside(self, reference: Reference, owner: Mapping[tuple[int, int], int]) -> bool:
        if reference.model is None or reference.row_id is None:
            return True
        return (self.layout.table(reference.model).oid, reference.row_id) not in owner

    def _delete(self, doomed: list[Doomed], records: int) -> None:
        self._hurry()
        gone = rows.delete(self.connection, self.layout, self._ids(doomed))
        if gone != records:
            raise CountDiffersError(
                _("The copy holds %(records)s records and the database deleted %(gone)s; rolled back.")
                % {"records": records, "gone": gone}
            )
        self._hurry()
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
