"""`manage.py create_key EMAIL --scheme S [--analysis A …] [--project P …] [--verb V …] …`."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.scopes import ANY, Scope
from dispatch.services import keys
from dispatch.services.keys import NewKey, Terms
from dispatch.states import Scheme, Verb
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError

MOST_DAYS = 3650


class Command(BaseCommand):
    """Makes a key for an analyst and prints its id and secret, once."""

    help = "Make a key for an analyst; its id and secret are printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, how it signs, and what it may do."""
        parser.add_argument("analyst", metavar="ANALYST_EMAIL")
        parser.add_argument("--scheme", choices=Scheme.values, required=True)
        parser.add_argument("--analysis", nargs="+", action="extend", default=[], metavar="A")
        parser.add_argument("--project", nargs="+", action="extend", default=[], metavar="P")
        parser.add_argument("--verb", nargs="+", action="extend", default=[], choices=Verb.values)
        parser.add_argument("--days", type=days, metavar="N", help="the key ends after so many days")
        parser.add_argument(
            "--starts", type=instant, metavar="INSTANT", help="not believed before, e.g. 2026-12-01T08:00Z"
        )
        parser.add_argument(
            "--pending", action="store_true", help="not believed until `activate_key` lets it in"
        )
        add_addresses(parser)
        add_public_key(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it, and say what it may do."""
        scopes = scopes_from(options["project"], options["analysis"], options["verb"])
        now, lasts = clock.now(), options["days"]
        try:
            made = keys.create(
                analyst=options["analyst"].lower(),
                scheme=options["scheme"],
                scopes=scopes,
                public_key=public_key_in(options["public_key"]),
                kek=settings.POLYPHEMUS_KEK,
                actor="manage.py create_key",
                now=now,
                terms=Terms(
                    not_before=options["starts"],
                    expires_at=now + timedelta(days=lasts) if lasts else None,
                    addresses=options["addresses"],
                    is_pending=options["pending"],
                ),
            )
        except (PolyphemusError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(told(made))
        for scope in scopes:
            self.stderr.write(f"may     {scope.verb} on {scope.project}/{scope.analysis}")
        if not scopes:
            self.stderr.write("This key may do nothing yet: name what it is for by --analysis or --project.")
        if options["pending"]:
            self.stderr.write(f"It is not believed yet: `manage.py activate_key {made.key.pk}` lets it in.")


def days(text: str, *, least: int = 1) -> int:
    """Whole days, of ten years at most."""
    if text.isascii() and text.isdigit() and least <= int(text) <= MOST_DAYS:
        return int(text)
    raise ArgumentTypeError(f"days are {least} to {MOST_DAYS}")


def instant(text: str) -> datetime:
    """An ISO 8601 instant with its zone."""
    with suppress(ValueError):
        if (read := datetime.fromisoformat(text)).tzinfo:
            return read
    raise ArgumentTypeError(f"an instant is like 2026-12-01T08:00Z, not {text}")


def add_addresses(parser: CommandParser) -> None:
    """Where calls with it may come from."""
    parser.add_argument(
        "--from",
        nargs="+",
        action="extend",
        default=[],
        dest="addresses",
        metavar="NETWORK",
        help="believed from these addresses or networks alone",
    )


def add_public_key(parser: CommandParser) -> None:
    """The half that the server may know, where the analyst keeps the other."""
    parser.add_argument(
        "--public-key",
        type=Path,
        metavar="FILE",
        help="the analyst's own Ed25519 public key; no secret is made then",
    )


def public_key_in(path: Path | None) -> str:
    """What the file says; nothing without one."""
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be read: {error}.") from error


def told(made: NewKey) -> str:
    """What is printed once: the id, and the secret if there is one."""
    return f"id      {made.key.pk}" + (f"\nsecret  {made.secret}" if made.secret else "")


def scopes_from(projects: list[str], analyses: list[str], verbs: list[str]) -> list[Scope]:
    """Every pair of the named projects and analyses; naming neither allows nothing."""
    if not projects and not analyses:
        return []
    lines = product(projects or [ANY], analyses or [ANY], verbs or [Verb.ANY.value])
    return [Scope(project, analysis, verb) for project, analysis, verb in lines]
