"""What full scans have seen, kept; and which anchors that no longer holds for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from loaders import seam
from loaders.models import Seen, Unsettled
from loaders.prints import LENGTH
from loaders.services.copying import array
from loaders.services.outcomes import Outcome, Outcomes

#: Nothing is relied on for longer, whatever is thought to be settled.
LONGEST = timedelta(days=7)
#: A request that ended so shortly before a stretch was judged may have been committed after.
MARGIN = timedelta(minutes=10)
#: Of more unsettled anchors than this a scan takes up the oldest, and judges everything.
MANY = 200_000

READ = """
SELECT digest, judge, judged_at, codes, outcomes::text FROM loaders_seen
WHERE project = %s AND model = %s AND first = %s
"""
#: The names as JSON, which is read in a fraction of the time that an array takes.
READ_EACH = (
    "SELECT to_json(names)::text, prints FROM loaders_seen WHERE project = %s AND model = %s AND first = %s"
)
KEEP = """
INSERT INTO loaders_seen AS s
    (project, model, first, digest, judge, judged_at, names, prints, outcomes, codes)
VALUES (%(project)s, %(model)s, %(first)s, %(digest)s, %(judge)s, %(judged_at)s, %(names)s::text[],
    %(prints)s, %(outcomes)s::jsonb, %(codes)s)
ON CONFLICT (project, model, first) DO UPDATE SET (digest, judge, judged_at, names, prints, outcomes, codes)
    = (excluded.digest, excluded.judge, excluded.judged_at, excluded.names, excluded.prints,
       excluded.outcomes, excluded.codes)
"""


@dataclass(frozen=True)
class Before:
    """What a full scan saw of a stretch before, as far as it is told at first."""

    digest: bytes
    judge: str
    judged_at: datetime
    outcomes: Outcomes

    def holds(self, judge: str, *, now: datetime) -> bool:
        """Whether the same judges would conclude the same from the same."""
        return self.judge == judge and self.judged_at > now - LONGEST


def before(project: str, model: str, first: str) -> Before | None:
    """What was seen of the stretch that begins there."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [project, model, first])
        row = cursor.fetchone()
    if row is None:
        return None
    digest, judge, judged_at, codes, outcomes = row
    return Before(bytes(digest), judge, judged_at, Outcomes.read(outcomes, bytes(codes)))


def each_before(project: str, model: str, first: str, outcomes: Outcomes) -> dict[str, tuple[bytes, Outcome]]:
    """Anchor -> its print and its outcome then."""
    with connection.cursor() as cursor:
        cursor.execute(READ_EACH, [project, model, first])
        names, prints = cursor.fetchone() or ("[]", b"")
    cut = [bytes(prints[start : start + LENGTH]) for start in range(0, len(prints), LENGTH)]
    return dict(zip(msgspec.json.decode(names), zip(cut, outcomes.each(), strict=True), strict=True))


def keep(
    project: str,
    model: str,
    *,
    digest: bytes,
    judge: str,
    names: Sequence[str],
    prints: Iterable[bytes],
    outcomes: Outcomes,
    judged_at: datetime,
) -> None:
    """Remember a stretch, in the transaction that writes what follows from it.

    `judged_at`: when all of it was judged, though some may have been since: no outcome is older.
    """
    values: dict[str, Any] = {"project": project, "model": model, "first": names[0], "names": array(names)}
    values |= {"digest": digest, "judge": judge, "judged_at": judged_at, "prints": b"".join(prints)}
    spelled = msgspec.json.encode(outcomes.distinct).decode()
    with connection.cursor() as cursor:
        cursor.execute(KEEP, values | {"outcomes": spelled, "codes": outcomes.codes.tobytes()})


def firsts(project: str, model: str, among: Sequence[str] | None = None) -> set[str]:
    """Where stretches began; of some anchors, or of all."""
    known = Seen.objects.filter(project=project, model=model)
    if among is not None:
        known = known.filter(first__in=among)
    return set(known.values_list("first", flat=True))


def anchors(project: str, model: str, beginnings: Collection[str]) -> set[str]:
    """The anchors of the stretches that began there."""
    known = Seen.objects.filter(project=project, model=model, first__in=list(beginnings))
    return {name for names in known.values_list("names", flat=True) for name in names}


def forget(project: str, model: str, beginnings: Collection[str]) -> None:
    """Forget the stretches that began there."""
    if beginnings:
        Seen.objects.filter(project=project, model=model, first__in=list(beginnings)).delete()


def unsettle(project: str, model: str, names: Iterable[str]) -> None:
    """Have these looked at by the next full scan in any case."""
    Unsettled.objects.bulk_create(Unsettled(project=project, model=model, anchor=name) for name in names)


@dataclass
class Unrest:
    """The anchors of which more is to be asked than whether they were read as before."""

    #: Anchor -> the rows that say so, to be deleted once it is judged.
    marks: dict[str, list[int]] = field(default_factory=dict)
    #: Anchor -> when its last request ended; None while one is open.
    requests: Mapping[str, datetime | None] = field(default_factory=dict)

    @classmethod
    def of(cls, project: str, model: str, *, now: datetime, among: Sequence[str] | None = None) -> Unrest:
        """Of some anchors, or of all."""
        found = Unsettled.objects.filter(project=project, model=model)
        if among is not None:
            found = found.filter(anchor__in=among)
        marks: dict[str, list[int]] = {}
        for pk, anchor in found.order_by("pk").values_list("pk", "anchor")[:MANY]:
            marks.setdefault(anchor, []).append(pk)
        return cls(marks, seam.lately_requested(project, model, since=now - LONGEST - MARGIN, among=among))

    @property
    def is_too_much(self) -> bool:
        """Whether there may be more of it than was read."""
        return sum(map(len, self.marks.values())) >= MANY

    def among(self, names: Collection[str], *, since: datetime) -> set[str]:
        """Those of these anchors about whom something was written since an instant."""
        marked = self.marks.keys() & names
        requested = self.requests.keys() & names
        return marked | {name for name in requested if self._is_recent(self.requests[name], since)}

    @staticmethod
    def _is_recent(ended_at: datetime | None, since: datetime) -> bool:
        return ended_at is None or ended_at > since - MARGIN

    def end(self, names: Collection[str]) -> None:
        """These have been judged."""
        done = [pk for name in self.marks.keys() & names for pk in self.marks.pop(name)]
        if done:
            Unsettled.objects.filter(pk__in=done).delete()
