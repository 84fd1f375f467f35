"""redcap: a mapping fits both sides, and it is time to load again, since REDCap shows no changes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop as _

from loaders.checks import OneOf, Present, Range, When
from loaders.loader import Config, Loader
from loaders.pages import Page
from loaders.sources.mappings import RedcapMappings

ADMINS = _("the project's admins")


class Redcap(Loader):
    """Loads what a mapping takes from REDCap, once a day and when the mapping is another."""

    name = "redcap"
    title = _("Values from REDCap")
    model = "redcap:mapping"
    source = RedcapMappings()
    analysis = "redcap"
    everywhere = True
    needs = (
        Present("attributes").named(_("a mapping of attributes"), whom=ADMINS)
        & Present("secret_name").named(_("the name of REDCap's token"), whom=ADMINS)
        & When(OneOf("strict", (True,)), OneOf("confirmed", (True,))).named(
            _("a confirmation that strict mode may empty attributes"), whom=ADMINS
        )
    )
    wellformed = (
        Present("model").named(_("a model that the project has"), whom=ADMINS)
        & (~Present("unknown_attributes")).named(_("attributes that the model has"), whom=ADMINS)
        & (~Present("unknown_fields")).named(_("fields that REDCap has"), whom=ADMINS)
    )
    inputs = ("version",)
    every_hours = 24
    outputs = Range("loaded_records", min=1)
    ready = _("The mapping fits")
    lacking = _("no record holds any of its values")
    changed = _("a day has passed, or the mapping changed, since it was loaded")
    config_reads = frozenset({"strict", "model"})

    def config(self, page: Page, index: int) -> Config:
        """The mapping; in strict mode a dry run comes first."""
        one = page.only(page.names[index])
        (model,), (attributes,), (strict,) = (one.values(path) for path in ("model", "attributes", "strict"))
        (secret,), (version,) = one.values("secret_name"), one.values("version")
        params: dict[str, Any] = {
            "model": model,
            "attributes": attributes,
            "strict": strict,
            "dry_run": strict,
        }
        return Config(inputs=one.names, params=params | {"secret": secret, "mapping_version": version})
