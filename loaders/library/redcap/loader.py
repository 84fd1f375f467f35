"""redcap: a mapping fits both sides, and it is time to load again, since REDCap shows no changes."""

from __future__ import annotations

from typing import Any

from loaders.checks import OneOf, Present, Range, When
from loaders.loader import Config, Loader
from loaders.pages import Page
from loaders.sources.mappings import RedcapMappings


class Redcap(Loader):
    """Loads what a mapping takes from REDCap, once a day and when the mapping is another."""

    name = "redcap"
    title = "Values from REDCap"
    model = "redcap:mapping"
    source = RedcapMappings()
    analysis = "redcap"
    everywhere = True
    needs = (
        Present("attributes").named("a mapping of attributes", whom="the project's admins")
        & Present("secret_name").named("the name of REDCap's token", whom="the project's admins")
        & When(OneOf("strict", (True,)), OneOf("confirmed", (True,))).named(
            "a confirmation that strict mode may empty attributes", whom="the project's admins"
        )
    )
    wellformed = (
        Present("model").named("a model that the project has", whom="the project's admins")
        & (~Present("unknown_attributes")).named("attributes that the model has", whom="the project's admins")
        & (~Present("unknown_fields")).named("fields that REDCap has", whom="the project's admins")
    )
    inputs = ("version",)
    every_hours = 24
    outputs = Range("loaded_records", min=1)
    ready = "The mapping fits"
    lacking = "no record holds any of its values"
    changed = "a day has passed, or the mapping changed, since it was loaded"
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
