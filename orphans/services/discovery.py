"""Finding orphans, noticing that they changed, and closing those that are orphans no longer."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max

from magma.client import Magma
from magma.disconnected import Found, find, parents_now, restricted_names
from magma.errors import MagmaError
from magma.templates import Template
from orphans.models import AuditEntry, Orphan, OrphanCursor, Search
from orphans.services import journal
from orphans.services.causes import Story, tell
from orphans.services.moves import By, move_orphans
from orphans.states import LIVE, Cause, OrphanStatus, Source
from polyphemus_site.sentences import say as _

logger = logging.getLogger(__name__)

#: Who is written down when nobody in particular acted.
SELF = "polyphemus"
#: A row becomes visible when its update commits, which may be this long after its `updated_at`.
OVERLAP = timedelta(minutes=5)

Templates = Mapping[str, Template]
#: Another search closed it while this one was reading.
UNHEARD = Story(Cause.UNKNOWN)


@dataclass
class Look:
    """What one model's orphans were at one moment; `complete` when nothing was filtered out."""

    template: Template
    found: list[Found]
    complete: bool
    #: Parent by record, of those that were known and weren't among the found; unseen ones are left out.
    elsewhere: dict[str, str | None] = field(default_factory=dict)
    #: How each new one came about, as far as the journal tells.
    stories: dict[str, Story] = field(default_factory=dict)
    #: Of the former parents that are known, those that lower-case roles don't see.
    closed: frozenset[str] = frozenset()


def search(
    magma: Magma,
    project: str,
    *,
    source: Source,
    now: datetime,
    models: Collection[str] | None = None,
    since: datetime | None = None,
) -> Search:
    """Look for the project's orphans, one request a model, and bring our rows up to date.

    With `since` only what was written lately is read, and nothing is closed. A fault of Magma's is kept
    on the search and raised; our rows stay as they were.
    """
    row = Search.objects.create(project=project, source=source, started_at=now)
    try:
        templates = magma.templates(project)
        wanted = [name for name in templates if models is None or name in models]
        looks = [
            look(magma, project, templates, name, since=since)
            for name in sorted(wanted)
            if templates[name].parent_attribute is not None
        ]
    except MagmaError as error:
        Search.objects.filter(pk=row.pk).update(error=error.message, finished_at=now)
        raise
    with transaction.atomic():
        _one_at_a_time(project)
        for one in looks:
            _apply(row, one, now=now)
        row.models_read = [one.template.name for one in looks]
        row.finished_at = now
        row.save()
    return row


def searched(
    magma: Magma,
    project: str,
    *,
    source: Source,
    now: datetime,
    models: Collection[str] | None = None,
    since: datetime | None = None,
) -> bool:
    """`search` for those who come back anyway: False when Magma failed, which the search has kept."""
    try:
        search(magma, project, source=source, now=now, models=models, since=since)
    except MagmaError as error:
        logger.warning("no look for orphans in %s: %s", project, error.message)
        return False
    return True


def look(
    magma: Magma, project: str, templates: Templates, model: str, *, since: datetime | None = None
) -> Look:
    """Read one model: its orphans, and where those went that were orphans before."""
    template = templates[model]
    one = Look(template, find(magma, project, template, since=since), complete=since is None)
    names = {each.record for each in one.found}
    known = set(Orphan.objects.live().filter(project=project, model=model).values_list("record", flat=True))
    if one.complete and known - names:
        one.elsewhere = parents_now(magma, project, template, sorted(known - names))
    if new := [each for each in one.found if each.record not in known]:
        entries = journal.entries_about(project, model)
        one.stories = {
            each.record: tell(each, template=template, templates=templates, entries=entries) for each in new
        }
    if former := {story.former_parent for story in one.stories.values() if story.former_parent}:
        above = template.attributes[template.parent_attribute or ""].link_model or ""
        one.closed = restricted_names(magma, project, templates, above, among=former)
    return one


def since_last(project: str) -> datetime | None:
    """From where the scan of recent changes reads; None when it never ran."""
    cursor = OrphanCursor.objects.filter(project=project).first()
    return cursor.seen_until - OVERLAP if cursor else None


def advance_cursor(project: str, *, started_at: datetime) -> None:
    """Remember that everything written before `started_at` was read; never goes back."""
    cursor, made = OrphanCursor.objects.get_or_create(project=project, defaults={"seen_until": started_at})
    if not made:
        OrphanCursor.objects.filter(pk=cursor.pk, seen_until__lt=started_at).update(seen_until=started_at)


def bring_back_put_off(*, now: datetime) -> int:
    """Orphans put off until now wait for a decision again."""
    due = Orphan.objects.put_off_until(now=now).values_list("pk", flat=True)
    by = By(SELF, now, note=_("The time it was put off until has come."))
    return len(move_orphans(due, to=OrphanStatus.OPEN, by=by, sources={OrphanStatus.LATER}, later_until=None))


def _one_at_a_time(project: str) -> None:
    """Two searches of one project apply what they read one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('orphans.discovery'), hashtext(%s))", [project])


def _apply(row: Search, one: Look, *, now: datetime) -> None:
    known = {
        orphan.record: orphan
        for orphan in Orphan.objects.live().filter(project=row.project, model=one.template.name)
    }
    found = {each.record: each for each in one.found}
    new = [each for record, each in found.items() if record not in known]
    row.found += _add(row, one, new, now=now)
    row.reopened += _refresh(
        [(known[record], each) for record, each in found.items() if record in known], now=now
    )
    if one.complete:
        row.closed += _close(
            [orphan for record, orphan in known.items() if record not in found], one, now=now
        )


def _add(row: Search, one: Look, new: Sequence[Found], *, now: datetime) -> int:
    if not new:
        return 0
    before = _kept_before(row.project, one.template.name, [each.record for each in new])
    parent = one.template.parent_attribute or ""
    orphans = [
        _orphan(row, one.template, parent, each, now=now, kept=before.get(each.record)) for each in new
    ]
    for orphan, each in zip(orphans, new, strict=True):
        story = one.stories.get(each.record, UNHEARD)
        orphan.cause, orphan.cause_note = story.cause, story.note
        orphan.former_parent, orphan.appeared_by = story.former_parent, story.appeared_by
        orphan.appeared_at, orphan.journal_entry = story.appeared_at, story.journal_entry
        orphan.was_restricted = story.former_parent in one.closed
        orphan.restricted = _is_restricted(orphan, each)
        orphan.batch = f"entry {story.journal_entry}" if story.journal_entry else f"search {row.pk}"
    Orphan.objects.bulk_create(orphans, batch_size=1000)
    AuditEntry.objects.bulk_create((_found_line(orphan, now) for orphan in orphans), batch_size=1000)
    return len(orphans)


def _kept_before(project: str, model: str, records: Sequence[str]) -> dict[str, Orphan]:
    """The latest rows of the same records, if they vanished while kept: being unseen is no change."""
    gone = Orphan.objects.filter(project=project, status=OrphanStatus.GONE)
    named = gone.named(model=model, records=list(records)).order_by()
    latest = named.values("record").annotate(latest=Max("pk")).values("latest")
    kept = gone.filter(pk__in=latest, history__source=OrphanStatus.KEPT, history__target=OrphanStatus.GONE)
    return {row.record: row for row in kept}


def _orphan(
    row: Search, template: Template, parent: str, each: Found, *, now: datetime, kept: Orphan | None
) -> Orphan:
    still_kept = kept is not None and kept.record_updated_at == each.updated_at
    return Orphan(
        project=row.project,
        model=template.name,
        record=each.record,
        is_row=template.is_table,
        parent_attribute=parent,
        parent_model=template.attributes[parent].link_model or "",
        status=OrphanStatus.KEPT if still_kept else OrphanStatus.OPEN,
        reason=kept.reason if kept and still_kept else "",
        decided_by=kept.decided_by if kept and still_kept else "",
        restricted=each.restricted,
        found_at=now,
        found_by=row.source,
        last_seen_at=now,
        record_created_at=each.created_at,
        record_updated_at=each.updated_at,
    )


def _is_restricted(orphan: Orphan, each: Found) -> bool:
    return each.restricted or orphan.was_restricted


def _found_line(orphan: Orphan, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        project=orphan.project,
        actor=SELF,
        action="orphan found",
        orphan=orphan,
        target=orphan.status,
        note=orphan.cause_note,
    )


def _refresh(pairs: Sequence[tuple[Orphan, Found]], *, now: datetime) -> int:
    """Note what was seen again; kept and put-off ones that have changed wait for a decision again."""
    Orphan.objects.filter(pk__in=[orphan.pk for orphan, _each in pairs]).update(last_seen_at=now)
    changed = [
        (orphan, each)
        for orphan, each in pairs
        if (orphan.record_updated_at, orphan.restricted) != (each.updated_at, _is_restricted(orphan, each))
    ]
    for orphan, each in changed:
        orphan.restricted, orphan.record_updated_at = _is_restricted(orphan, each), each.updated_at
    fields = ["restricted", "record_updated_at"]
    Orphan.objects.bulk_update([orphan for orphan, _each in changed], fields, batch_size=1000)
    by = By(SELF, now, note=_("It has changed since it was decided on."))
    decided = {OrphanStatus.KEPT, OrphanStatus.LATER}
    return len(
        move_orphans([orphan.pk for orphan, _each in changed], to=OrphanStatus.OPEN, by=by, sources=decided)
    )


def _close(missing: Sequence[Orphan], one: Look, *, now: datetime) -> int:
    """Adopted ones have a parent, gone ones can't be seen. Those leaving are the removal's to close."""
    closed = 0
    gone = [
        row.pk for row in missing if row.record not in one.elsewhere and row.status != OrphanStatus.LEAVING
    ]
    by = By(SELF, now, note=_("Neither connected nor disconnected: renamed, restricted or removed."))
    closed += len(move_orphans(gone, to=OrphanStatus.GONE, by=by, sources=LIVE))
    for orphan in missing:
        if orphan.status == OrphanStatus.LEAVING:
            continue
        parent = one.elsewhere.get(orphan.record)
        if parent is not None:
            by = By(SELF, now, note=_("It has a parent again: %(parent)s.") % {"parent": parent})
            closed += len(
                move_orphans([orphan.pk], to=OrphanStatus.ADOPTED, by=by, new_parent=parent, sources=LIVE)
            )
    return closed
