"""`manage.py startloader NAME [FOLDER]`: a working loader package with its test, to be changed at will."""

from __future__ import annotations

from argparse import ArgumentParser
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loaders.soundness import NAME

#: What is written where; NAME stands for the loader's own.
PLACES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "NAME/loader.py": "loader.py.txt",
    "tests/test_NAME.py": "test_loader.py.txt",
}


class Command(BaseCommand):
    """Start a loader."""

    help = "Write a working loader package with a test, ready to be changed and installed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The loader's name, and where to write it."""
        parser.add_argument("name", help="letters, digits and _, starting with a letter")
        parser.add_argument("folder", nargs="?", type=Path, help="where to write it; else ./NAME")

    def handle(self, *_: Any, name: str, folder: Path | None, **__: Any) -> None:
        """Write, then say what comes next."""
        if not NAME.fullmatch(name) or not name.isidentifier():
            raise CommandError(
                f"{name!r} is no loader's name: letters, digits and _, starting with a letter."
            )
        place = folder or Path(name)
        if place.exists() and any(place.iterdir()):
            raise CommandError(f"{place} is there already, and not empty.")
        written(place, name)
        self.stdout.write(f"Written to {place}. Change {place}/{name}/loader.py, then:\n")
        self.stdout.write(
            f"  python -m pytest {place}\n"
            f"  pip install --editable {place}\n"
            f"  python manage.py explain {name} RECORD"
        )


def written(place: Path, name: str) -> None:
    """Fill in the templates and write them."""
    words = {
        "name": name,
        "distribution": name.replace("_", "-"),
        "kind": "".join(part.capitalize() for part in name.split("_") if part),
        "title": name.replace("_", " ").capitalize(),
    }
    for target, source in PLACES.items():
        text = Template((files("loaders.starting") / source).read_text(encoding="utf-8")).substitute(words)
        path = place / target.replace("NAME", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (place / name / "__init__.py").write_text(f'"""The loader {name}."""\n', encoding="utf-8")
