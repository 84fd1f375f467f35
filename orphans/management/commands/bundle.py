"""`manage.py bundle REVIEW_ID`: a review's copies, the bodies that load them again, or what a DBA needs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orphans.models import Review
from orphans.services import exports, handing
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.vouching import signer_from


class Command(BaseCommand):
    """Print a review's copies."""

    help = "Print the copies of a review's records, or the bodies a person posts to Magma to load them again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which review, and in what form."""
        parser.add_argument("review", type=int)
        parser.add_argument(
            "--as-update", action="store_true", help="one body for Magma's /update a line, in order"
        )
        parser.add_argument(
            "--handoff",
            metavar="FOLDER",
            type=Path,
            help="write the copies and the script, signed, to a folder",
        )
        parser.add_argument("--script", action="store_true", help="the SQL script of a handed-over removal")

    def handle(self, *_: Any, review: int, **options: Any) -> None:
        """Print to stdout what machines read, to stderr what people should know."""
        try:
            found = Review.objects.get(pk=review)
            self.print(found, options)
        except Review.DoesNotExist as error:
            raise CommandError(f"There is no review {review}.") from error
        except PolyphemusError as error:
            raise CommandError(error.message) from error

    def print(self, review: Review, options: dict[str, Any]) -> None:
        """In the form asked for."""
        if options["handoff"]:
            self.hand_over(review, options["handoff"])
        elif options["script"]:
            self.stdout.write(exports.removal_script(review))
        elif options["as_update"]:
            undo = exports.as_update(review)
            for note in undo.notes:
                self.stderr.write(note)
            for body in undo.bodies:
                self.stdout.write(json.dumps(body, ensure_ascii=False))
        else:
            for copy in exports.copies(review):
                self.stdout.write(json.dumps(copy.document, ensure_ascii=False, indent=2, sort_keys=True))

    def hand_over(self, review: Review, folder: Path) -> None:
        """One file after the other; an existing file is never written over."""
        signer = signer_from(settings.POLYPHEMUS_KEK)
        files = handing.package(review, signer=signer, issuer=settings.POLYPHEMUS_URL)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content in files.items():
                with (folder / name).open("xb") as file:
                    file.write(content)
        except OSError as error:
            raise CommandError(f"The files could not be written to {folder}: {error}.") from error
        self.stdout.write(f"{len(files)} files in {folder}; README.txt says how to verify and run them.")
