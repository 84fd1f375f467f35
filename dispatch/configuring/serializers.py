"""Analyses and configurations as JSON."""

from __future__ import annotations

from typing import Any

from dispatch import documents
from dispatch.configuring.models import Configuration, ConfigurationVersion
from dispatch.configuring.services.editions import digest_of
from dispatch.models import Analysis
from dispatch.services.configs import Contract


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """What is known of an analysis."""
    edition = digest_of(Contract(analysis.schema, analysis.input_schema))
    bounds = {"floor_seconds": analysis.floor_seconds, "ceiling_seconds": analysis.ceiling_seconds}
    share = {"extension_percent": analysis.extension_percent}
    return {"name": analysis.name, "title": analysis.title, "edition": edition, **bounds, **share}


def whole_analysis_json(analysis: Analysis) -> dict[str, Any]:
    """The same with its schemas, as they were imported."""
    schemas = {"schema": analysis.schema, "input_schema": analysis.input_schema}
    return analysis_json(analysis) | schemas


def configuration_json(configuration: Configuration) -> dict[str, Any]:
    """A configuration, without its versions."""
    return {
        "id": configuration.pk,
        "project": configuration.project,
        "analysis": configuration.analysis,
        "name": configuration.name,
        "author": configuration.author,
        "created_at": documents.exact(configuration.created_at),
    }


def listed_json(configuration: Configuration) -> dict[str, Any]:
    """The same in a list, with the number of its latest version."""
    return configuration_json(configuration) | {"latest": getattr(configuration, "latest", None)}


def whole_json(configuration: Configuration) -> dict[str, Any]:
    """The same with its versions, the latest first."""
    versions = [version_json(version) for version in configuration.versions.all()]
    return configuration_json(configuration) | {"latest": versions[0]["number"], "versions": versions}


def version_json(version: ConfigurationVersion) -> dict[str, Any]:
    """One version."""
    return {
        "number": version.number,
        "params": version.params,
        "edition": version.edition,
        "author": version.author,
        "comment": version.comment,
        "at": documents.exact(version.at),
        "restored": version.is_restored,
    }
