"""`manage.py bundle REVIEW_ID [--as-update]`: a review's copies, or the bodies that load them again."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orphans.models import Review
from orphans.services import exports
from polyphemus_site.errors import PolyphemusError


class Command(BaseCommand):
    """Print a review's copies."""

    help = "Print the copies of a review's records, or the bodies a person posts to Magma to load them again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which review, and in what form."""
        parser.add_argument("review", type=int)
        parser.add_argument(
            "--as-update", action="store_true", help="one body for Magma's /update a line, in order"
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
        if options["script"]:
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
