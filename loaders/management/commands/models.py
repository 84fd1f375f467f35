"""`manage.py models PROJECT [MODEL ...]`: what loaders can read there: attributes, types, links."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loaders import registry
from loaders.gathering import shapes_of
from loaders.shapes import Shape, Trait
from loaders.sources.reader import reader_of
from magma.client import connect
from magma.errors import MagmaError


class Command(BaseCommand):
    """Show a project's models."""

    help = "Print the models of a project with their attributes, as loaders may name them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The project, and optionally which models."""
        parser.add_argument("project")
        parser.add_argument("models", nargs="*", help="only these")

    def handle(self, *_: Any, project: str, models: list[str], **__: Any) -> None:
        """Ask Magma, then print."""
        try:
            magma = reader_of(connect(), project, registry.current())
            known = shapes_of(magma.templates(project)).models
        except MagmaError as error:
            raise CommandError(f"{error.message} {error.advice}") from error
        if unknown := set(models) - set(known):
            raise CommandError(
                f"{project} has no model {', '.join(sorted(unknown))}; it has {', '.join(known)}."
            )
        for name in models or sorted(known):
            self.stdout.write("\n".join(lines(known[name])))


def lines(shape: Shape) -> Iterator[str]:
    """One model: its name, then an attribute a line."""
    yield f"{shape.name} (its records are named by {shape.identifier})"
    for name, trait in sorted(shape.traits.items()):
        yield f"  {name:<24} {described(trait)}"


def described(trait: Trait) -> str:
    """An attribute's type, where it leads, whether lower-case roles may see it."""
    leads = f" -> {trait.leads_to}" if trait.leads_to else ""
    columns = f" of {len(trait.options)} columns" if trait.type == "matrix" and trait.options else ""
    return f"{trait.type}{leads}{columns}{', restricted' if trait.restricted else ''}"
