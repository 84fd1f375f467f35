"""What is known of analyses and configurations, for whoever may see it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, Max, QuerySet
from django.utils.translation import gettext as _

from dispatch import callers
from dispatch.configuring.differences import Difference, differences
from dispatch.configuring.models import Configuration, ConfigurationVersion
from dispatch.configuring.orders import Order
from dispatch.models import Analysis, AnalysisRequest
from dispatch.services import configs, naming
from polyphemus_site.errors import MissingError
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import require_view

#: Versions offered to start from: the latest ones.
MOST_OFFERED = 50
LONGEST_NUMBER = 18


def analyses() -> QuerySet[Analysis]:
    """The analyses something is known of, without their schemas."""
    return Analysis.objects.defer("schema", "input_schema").order_by("name")


def whole_analyses() -> QuerySet[Analysis]:
    """The same with their schemas."""
    return Analysis.objects.order_by("name")


def analysis_named(name: str) -> Analysis:
    """The analysis of this name; MissingError when nothing is known of it."""
    found = Analysis.objects.filter(name=name).first()
    if found is None:
        raise MissingError(_("Nothing is known of such an analysis."))
    return found


def configurations(project: str) -> QuerySet[Configuration]:
    """A project's configurations, with their latest number and when it was made."""
    kept = Configuration.objects.filter(project=project)
    return kept.annotate(
        latest=Max("versions__number"),
        latest_at=Max("versions__at"),
        asked=Count("versions__requests", distinct=True),
    ).order_by("analysis", "name", "pk")


def configuration_for(person: Person, pk: int, project: str = "") -> Configuration:
    """One configuration; unknown and foreign ones look the same."""
    found = Configuration.objects.filter(pk=pk).first()
    if found is None or not person.can_view(found.project) or (project and found.project != project):
        raise MissingError(_("There is no such configuration here, or it isn't yours to see."))
    return found


def version_for(person: Person, text: str, *, project: str, analysis: str) -> ConfigurationVersion | None:
    """The version an address names, of this analysis and project; None when it names none."""
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0
    require_view(person, project)
    found = offered(project, analysis).filter(pk=number).first()
    if found is None:
        raise MissingError(_("There is no such version of a configuration here."))
    return found


def offered(project: str, analysis: str) -> QuerySet[ConfigurationVersion]:
    """The versions one may start from, the latest first."""
    return (
        ConfigurationVersion.objects.filter(configuration__project=project, configuration__analysis=analysis)
        .select_related("configuration")
        .order_by("-pk")
    )


def order_of(person: Person, project: str, asked: Mapping[str, str]) -> Order:
    """What `?analysis=&version=&request=` asks for: an analysis, from nothing or from what was before."""
    require_view(person, project)
    earlier = callers.find(person, asked["request"]) if asked.get("request") else None
    if earlier is not None and earlier.project != project:
        raise MissingError(_("There is no such request."))
    analysis = naming.slug(earlier.analysis if earlier else asked.get("analysis", ""), field="analysis")
    return Order(
        project=project,
        analysis=analysis,
        contract=configs.contract_of(analysis),
        inputs=earlier.config["inputs"] if earlier else (),
        params=earlier.config.get("params") or {} if earlier else {},
        origin=version_for(person, asked.get("version", ""), project=project, analysis=analysis),
    )


def compared(
    versions: QuerySet[ConfigurationVersion], old: str, new: str
) -> tuple[ConfigurationVersion, ConfigurationVersion, list[Difference]] | None:
    """Two versions by their numbers and what differs; None unless both are there."""
    numbers = [
        int(one) for one in (old, new) if one.isascii() and one.isdigit() and len(one) <= LONGEST_NUMBER
    ]
    by_number = {one.number: one for one in versions.filter(number__in=numbers)}
    if len(numbers) < 2 or not set(numbers) <= by_number.keys():  # noqa: PLR2004 — the two that are compared
        return None
    before, after = (by_number[number] for number in numbers)
    return before, after, differences(before.params, after.params)


def version_of_request(request: AnalysisRequest) -> ConfigurationVersion | None:
    """The version a request was published with; None when it came by no form."""
    return (
        ConfigurationVersion.objects.filter(requests__request=request).select_related("configuration").first()
    )


def version_of(configuration: Configuration, number: object) -> ConfigurationVersion:
    """The version of this number; MissingError when there is none."""
    text = str(number)
    known = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    found = configuration.versions.filter(number=int(text)).first() if known else None
    if found is None:
        raise MissingError(_("This configuration has no such version."))
    return found
