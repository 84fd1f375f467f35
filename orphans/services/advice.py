"""What must be known of a project before likely parents can be named: asked of Magma, once a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from magma.client import Magma
from magma.disconnected import Templates, restricted_names
from magma.gnomon import Grammar, grammar_of
from orphans.models import Orphan
from orphans.services.adoption import Family, Proposal, rank


@dataclass
class Advisor:
    """Names likely parents of a project's orphans."""

    magma: Magma
    project: str
    templates: Templates
    _families: dict[str, Family] = field(default_factory=dict)

    def advise(self, orphan: Orphan) -> list[Proposal]:
        """The likeliest first; none for a model that is no more."""
        if orphan.model not in self.templates:
            return []
        family = self._family(orphan.model)
        if orphan.is_row:
            return rank("", family, former=orphan.former_parent)
        return rank(orphan.record, family, former=orphan.former_parent, named=self._named(orphan))

    @cached_property
    def grammar(self) -> Grammar | None:
        """The project's naming rules, where it has any."""
        return grammar_of(self.magma, self.project)

    def _named(self, orphan: Orphan) -> str:
        names = self.grammar.names_in(orphan.record) if self.grammar else {}
        return names.get(orphan.parent_model, "")

    def _family(self, model: str) -> Family:
        if model not in self._families:
            self._families[model] = family_of(self.magma, self.project, self.templates, model)
        return self._families[model]


def advise(magma: Magma, project: str, orphans: Iterable[Orphan]) -> dict[int, list[Proposal]]:
    """Proposals for each of these orphans of one project, by id."""
    advisor = Advisor(magma, project, magma.templates(project))
    return {orphan.pk: advisor.advise(orphan) for orphan in orphans}


def family_of(magma: Magma, project: str, templates: Templates, model: str) -> Family:
    """The parents there are, where every connected record of the model stands, which parents are closed."""
    template = templates[model]
    attribute = template.attributes[template.parent_attribute or ""]
    above = templates[attribute.link_model or ""]
    parents = magma.identifiers(project, above.name)
    answer = magma.query(project, [model, "::all", attribute.name, "::identifier"]).answer
    pairs = [(str(child), str(parent)) for child, parent in answer if parent is not None]
    far = above.attributes.get(attribute.link_attribute or "")
    family = Family.of(parents, pairs, single=far is not None and far.type == "child")
    return replace(family, closed=restricted_names(magma, project, templates, above.name))
