"""Reading a page from Magma: the anchors, then once each model they lead to, for the union of reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from itertools import chain

from loaders.errors import UnknownAttributeError, UnseenAttributeError
from loaders.limits import untimed
from loaders.loader import Loader
from loaders.pages import Document, Page, Store, as_names
from loaders.shapes import RESTRICTED, Shape, Shapes, Special, Trait, split
from magma.client import Magma
from magma.errors import MagmaForbidden, MagmaRefused
from magma.rows import RowShape
from magma.templates import Template

logger = logging.getLogger(__name__)

Documents = dict[str, dict[str, Document]]
#: Gives the records of these names, of one model.
Reading = Callable[[str, set[str]], Mapping[str, Document]]


def shapes_of(templates: Mapping[str, Template]) -> Shapes:
    """What judging needs of a project's templates."""
    return Shapes({name: shape_of(template) for name, template in templates.items()})


def shape_of(template: Template) -> Shape:
    """What judging needs of one template."""
    traits = {
        name: Trait(
            type=attribute.type,
            leads_to=(attribute.link_model or "") if attribute.is_link else "",
            back=attribute.link_attribute or "",
            restricted=attribute.restricted,
            options=_options(attribute.validation),
            pattern=_pattern(attribute.validation),
        )
        for name, attribute in template.attributes.items()
    }
    return Shape(template.name, template.identifier, template.parent_attribute or "", traits)


def _options(validation: object) -> tuple[str, ...]:
    if isinstance(validation, dict) and isinstance(validation.get("value"), list):
        return tuple(str(option) for option in validation["value"])
    return ()


def _pattern(validation: object) -> str:
    is_pattern = isinstance(validation, dict) and validation.get("type") == "Regexp"
    value = validation.get("value") if is_pattern and isinstance(validation, dict) else ""
    return value if isinstance(value, str) else ""


def implied(shapes: Shapes, model: str, links: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """The paths to every mark by which Magma hides what is read: on the records reached and above them."""
    return frozenset(
        ".".join((*prefix, *climb, RESTRICTED))
        for prefix in {(), *links}
        for climb in _marked_ancestors(shapes, model, prefix)
    )


def climbs(shapes: Shapes, model: str, links: Iterable[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """The paths of links on the way to those marks."""
    marks = map(split, implied(shapes, model, links))
    return frozenset(parts[:length] for parts in marks for length in range(1, len(parts)))


def _marked_ancestors(shapes: Shapes, model: str, prefix: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The ways up from the end of a path; what a path leads down from has its own way up."""
    found: list[tuple[str, ...]] = []
    climb: tuple[str, ...] = ()
    came_by = ""
    for step in shapes.steps(model, prefix):
        model, came_by = step.trait.leads_to, step.trait.back
    while True:
        shape = shapes[model]
        mark = shape.traits.get(RESTRICTED)
        if mark is not None and mark.type == "boolean":
            found.append(climb)
        parent = shape.traits.get(shape.parent)
        if parent is None or parent.leads_to not in shapes or len(climb) > len(shapes.models):
            return found
        if not climb and shape.parent == came_by:
            return found
        climb, model = (*climb, shape.parent), parent.leads_to


@dataclass(frozen=True)
class Plan:
    """What to ask for: attributes a model, and the links to follow."""

    attributes: Mapping[str, frozenset[str]]
    links: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, shapes: Shapes, model: str, reads: Iterable[str]) -> Plan:
        """The plan for paths from one model on; UnknownAttributeError when the templates lack one."""
        attributes: dict[str, set[str]] = {model: set()}
        links: set[tuple[str, ...]] = set()
        for parts in map(split, reads):
            here = model
            for step in shapes.steps(model, parts[:-1]):
                attributes.setdefault(step.source, set()).add(step.attribute)
                here = step.trait.leads_to
            attributes.setdefault(here, set()).add(parts[-1])
            shapes[here].trait(parts[-1])
            links |= {parts[:n] for n in range(1, len(parts))}
        asked = {here: _asked(shapes[here], names) for here, names in attributes.items()}
        return cls(asked, tuple(sorted(links, key=lambda path: (len(path), path))))


def _asked(shape: Shape, names: set[str]) -> frozenset[str]:
    stamps = {"updated_at"} & shape.traits.keys()
    return frozenset(names - {Special.IDENTIFIER} | stamps | ({shape.identifier} & shape.traits.keys()))


@dataclass(frozen=True)
class Gatherer:
    """Reads pages of one project and model for a set of loaders."""

    magma: Magma
    project: str
    shapes: Shapes
    model: str
    plan: Plan

    @classmethod
    def for_loaders(cls, magma: Magma, project: str, shapes: Shapes, loaders: Collection[Loader]) -> Gatherer:
        """A reader for the union of what these loaders of one model read."""
        (model,) = {loader.model for loader in loaders}
        reads = frozenset().union(*(loader.reads for loader in loaders))
        links: frozenset[tuple[str, ...]] = frozenset().union(*(loader.links for loader in loaders))
        plan = Plan.of(shapes, model, reads | implied(shapes, model, links))
        return cls(magma, project, shapes, model, plan)

    @property
    def attributes(self) -> list[str]:
        """What to ask of the anchors themselves."""
        return sorted(self.plan.attributes[self.model])

    @cached_property
    def rows(self) -> dict[str, RowShape]:
        """For each model that is read, how to decode no more of it than is read."""
        return {model: self._row(self.shapes[model], names) for model, names in self.plan.attributes.items()}

    @cached_property
    def ways(self) -> dict[str, RowShape]:
        """For each model from which links lead on, how to decode no more of it than these links."""
        leaving: dict[str, set[str]] = {}
        for step in chain.from_iterable(self.shapes.steps(self.model, path) for path in self.plan.links):
            leaving.setdefault(step.source, set()).add(step.attribute)
        return {model: self._row(self.shapes[model], names) for model, names in leaving.items()}

    @staticmethod
    def _row(shape: Shape, names: Collection[str]) -> RowShape:
        types = {name: shape.traits[name].type for name in sorted(names) if name in shape.traits}
        return RowShape(shape.name, {shape.identifier: "identifier"} | types)

    def page(self, names: Iterable[str], *, now: datetime) -> Page:
        """The page of these anchors; those Magma doesn't show are left out."""
        rows = self.rows[self.model]
        found = self.magma.records(self.project, self.model, list(names), self.attributes, rows=rows)
        return self.extended(found, now=now)

    def extended(self, anchors: Mapping[str, Document], *, now: datetime) -> Page:
        """The page of anchors already read: one more request for each model they lead to."""
        documents = self.along(anchors, self._read)
        return Page(self.model, tuple(anchors), Store(self.shapes, documents, now))

    def along(self, anchors: Mapping[str, Document], read: Reading) -> Documents:
        """The anchors and, level by level, what their links lead to."""
        documents: Documents = {self.model: dict(anchors)}
        for level in sorted({len(path) for path in self.plan.links}):
            wanted: dict[str, set[str]] = {}
            for path in (path for path in self.plan.links if len(path) == level):
                target, names = self._followed(documents, path)
                wanted.setdefault(target, set()).update(names - documents.setdefault(target, {}).keys())
            for target, names in wanted.items():
                documents[target].update(read(target, names))
        return documents

    def _read(self, model: str, names: set[str]) -> Mapping[str, Document]:
        if not names:
            return {}
        asked = sorted(self.plan.attributes[model])
        return self.magma.records(self.project, model, sorted(names), asked, rows=self.rows[model])

    def _followed(self, documents: Documents, path: tuple[str, ...]) -> tuple[str, set[str]]:
        model, names = self.model, set(documents[self.model])
        for step in self.shapes.steps(self.model, path):
            known = documents.get(model, {})
            names = {
                found
                for name in names
                if (document := known.get(name)) is not None
                for found in as_names(document.get(step.attribute))
            }
            model = step.trait.leads_to
        return model, names

    def with_digests(self, page: Page, indexes: Iterable[int], paths: Iterable[str]) -> Page:
        """The same page, with the md5 sums of the files at these paths where Magma tells them."""
        part = page.only(*(page.names[index] for index in indexes))
        digests = page.once(("digests",), lambda: dict(page.store.digests))
        for path in paths:
            if not self.is_of_files(path):
                continue
            *links, attribute = split(path)
            model = self.shapes.end_of(self.model, tuple(links))
            groups = part.linked(".".join(links)) if links else [(name,) for name in part.names]
            names = sorted({name for group in groups for name in group})
            known: dict[str, list[str] | None] = page.once(("digests", model, attribute), dict)
            if unknown := [name for name in names if name not in known]:  # loaders ask for the same files
                known |= dict.fromkeys(unknown) | self._digests(model, attribute, unknown)
            for name in unknown:
                if (sums := known[name]) is not None:
                    digests[model, name, attribute] = tuple(sums)
        return page.once(("with digests",), lambda: page.with_digests(digests))

    def is_of_files(self, path: str) -> bool:
        """Whether files are what a path leads to."""
        *links, attribute = split(path)
        return self.shapes[self.shapes.end_of(self.model, tuple(links))].trait(attribute).is_file

    def _digests(self, model: str, attribute: str, names: list[str]) -> dict[str, list[str] | None]:
        try:
            with untimed():
                return self.magma.file_digests(self.project, model, attribute, names)
        except (MagmaRefused, MagmaForbidden):
            return {}  # this Magma tells no sums of this attribute: fall back to where the file is stored


def ensure_readable(loader: Loader, shapes: Shapes) -> None:
    """Raise UnknownAttributeError when the project's templates lack what the loader reads."""
    try:
        Plan.of(shapes, loader.model, loader.reads)
    except UnknownAttributeError as error:
        raise UnknownAttributeError(
            f"{loader.name} reads what the templates lack: {error.message}"
        ) from error


def is_readable(loader: Loader, shapes: Shapes) -> bool:
    """Whether the project's templates have what the loader reads."""
    try:
        Plan.of(shapes, loader.model, loader.reads)
    except UnknownAttributeError:
        return False
    return True


def applies(loader: Loader, project: str, shapes: Shapes) -> bool:
    """Whether a loader has anything to say about a project."""
    if loader.model not in shapes or (loader.projects and project not in loader.projects):
        return False
    return not loader.everywhere or is_readable(loader, shapes)


def fitted(loader: Loader, shapes: Shapes) -> Loader:
    """The loader for these templates; one whose own code fails at that is judged as it is."""
    try:
        return loader.fitted(shapes)
    except Exception:
        logger.exception("Loader %s can't be fitted to the templates.", loader.name)
        return loader


def ensure_seen(loader: Loader, page: Page) -> None:
    """Raise UnseenAttributeError when Magma left out an attribute that the templates have.

    That is how it hides restricted attributes from lower-case roles; taken for absence, everything restricted
    would be suggested for ever. It hides them in whole answers; a page is put together from several, and our
    token may be another's between two: so the poorest document of each model is looked at.
    """
    plan = Plan.of(page.store.shapes, loader.model, loader.reads)
    for model, attributes in plan.attributes.items():
        document = page.once(("poorest", model), partial(_poorest, page, model))
        if document is not None and (hidden := attributes - document.keys()):
            raise UnseenAttributeError(
                f"Magma does not show {model}.{', '.join(sorted(hidden))} to our token; "
                "its role must be an upper-case one to see restricted data."
            )


def _poorest(page: Page, model: str) -> Document | None:
    """What lacks anything that others of its model have lacks it in number: all were asked for the same."""
    return min(page.store.documents.get(model, {}).values(), key=len, default=None)
