"""Configurations: every change is a new version, and so is going back to an old one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from dispatch.configuring.models import NAME_LENGTH, Configuration, ConfigurationVersion
from dispatch.configuring.services import editions
from dispatch.services import configs, naming
from polyphemus_site.errors import InvalidInputError

LONGEST_COMMENT = 1000


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What is to be kept, and under which name."""

    project: str
    analysis: str
    name: str
    params: dict[str, Any]
    author: str
    comment: str = ""
    #: The version it was started from.
    origin: ConfigurationVersion | None = None
    is_restored: bool = False


def keep(keeping: Keeping, *, now: datetime) -> ConfigurationVersion:
    """The version that says this: the latest, or the one started from, where nothing changed; else a new one.

    InvalidInputError: the name, the comment or the params break their shape, or the analysis's schema.
    """
    refuse_misshapen(keeping)
    contract = configs.contract_of(keeping.analysis)
    if faults := contract.param_faults(keeping.params):
        raise InvalidInputError(
            _("params do not fit the schema of this analysis."), code="invalid_params", errors=faults
        )
    with transaction.atomic():
        configuration = _configuration(keeping, now=now)
        latest = configuration.versions.order_by("-number").first()
        for known in (keeping.origin, latest):
            if known and known.configuration_id == configuration.pk and _says(known, keeping):
                return known
        return ConfigurationVersion.objects.create(
            configuration=configuration,
            number=(latest.number if latest else 0) + 1,
            params=keeping.params,
            edition=editions.digest_of(contract),
            author=keeping.author,
            comment=keeping.comment,
            at=now,
            origin=keeping.origin,
            is_restored=keeping.is_restored,
        )


def restore(
    version: ConfigurationVersion, *, author: str, comment: str = "", now: datetime
) -> ConfigurationVersion:
    """Make an old version the latest again, as a new one; it must still fit the analysis's schema."""
    configuration = version.configuration
    latest = configuration.versions.aggregate(number=Max("number"))["number"]
    if version.number == latest:
        return version
    keeping = Keeping(
        project=configuration.project,
        analysis=configuration.analysis,
        name=configuration.name,
        params=version.params,
        author=author,
        comment=comment or f"Back to version {version.number}.",
        origin=version,
        is_restored=True,
    )
    return keep(keeping, now=now)


def refuse_misshapen(keeping: Keeping) -> None:
    """Raise unless name and comment can be shown, and params are an object."""
    if not isinstance(keeping.params, dict):
        raise InvalidInputError(_("params must be an object."), code="invalid_params")
    configs.project_name(keeping.project)
    naming.slug(keeping.analysis, field="analysis")
    if not (0 < len(keeping.name.strip()) <= NAME_LENGTH and configs.plain(keeping.name)):
        raise InvalidInputError(
            _("A configuration's name is 1 to %(most)s plain characters.") % {"most": NAME_LENGTH},
            code="invalid_name",
        )
    if len(keeping.comment) > LONGEST_COMMENT or not configs.plain_throughout(keeping.comment):
        raise InvalidInputError(
            _("A comment is plain text of at most %(most)s characters.") % {"most": LONGEST_COMMENT},
            code="invalid_comment",
        )


def _configuration(keeping: Keeping, *, now: datetime) -> Configuration:
    """The configuration of this name, made if need be, and held until the end of the transaction."""
    name = keeping.name.strip()
    naming.take_turns(f"configuration {keeping.project} {keeping.analysis} {name}")
    found = (
        Configuration.objects.filter(project=keeping.project, analysis=keeping.analysis)
        .alias(lowered=Lower("name"))
        .filter(lowered=name.lower())
        .first()
    )
    return found or Configuration.objects.create(
        project=keeping.project, analysis=keeping.analysis, name=name, author=keeping.author, created_at=now
    )


def _says(version: ConfigurationVersion, keeping: Keeping) -> bool:
    return version.params == keeping.params and not keeping.comment
