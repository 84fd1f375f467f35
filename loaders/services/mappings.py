"""What admins do with mappings from REDCap: another version for another mapping, and a yes to strict mode."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from loaders.tables import RedcapMapping
from polyphemus_site.errors import MoveRefusedError

#: What makes a mapping another one.
CONTENT = ("project", "name", "model", "attributes", "fields", "secret_name", "strict")


def save(mapping: RedcapMapping, *, now: datetime) -> RedcapMapping:
    """Keep a mapping; a changed one is another version, of which nobody has confirmed anything."""
    mapping.updated_at = now
    if mapping.pk is None:
        mapping.save()
        return mapping
    before = RedcapMapping.objects.filter(pk=mapping.pk).values(*CONTENT).get()
    if any(before[name] != getattr(mapping, name) for name in CONTENT):
        mapping.save(update_fields=[*CONTENT, "updated_at"])
        RedcapMapping.objects.filter(pk=mapping.pk).update(version=F("version") + 1)
    mapping.refresh_from_db()
    return mapping


def confirm(mapping: RedcapMapping, *, version: int, person: str, now: datetime) -> RedcapMapping:
    """Say that strict mode may empty attributes, of the version looked at; MoveRefusedError of another."""
    looked_at = RedcapMapping.objects.filter(pk=mapping.pk, version=version, strict=True)
    if not looked_at.update(confirmed_version=version, confirmed_by=person, updated_at=now):
        raise MoveRefusedError(_("The mapping is another one by now, or not strict: look at it again."))
    mapping.refresh_from_db()
    return mapping
