"""Run benchmarks: `python -m tests.bench [NAME ...]`, a benchmark's name or that of a row."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import django
import psycopg
from django.core.management import call_command

from tests.bench.registry import BENCHES, UnknownBenchError, chosen
from tests.bench.results import Row, table, write


@contextmanager
def scratch_database(url: str) -> Iterator[None]:
    """A database of the benchmarks' own, dropped in the end; DATABASE_URL names it, for our children too."""
    name = f"bench_{uuid4().hex[:12]}"
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        os.environ["DATABASE_URL"] = parts._replace(path=f"/{name}").geturl()
        try:
            yield
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(name: str) -> list[Row]:
    """The rows of one benchmark; one that breaks is a row that is not ok, and the others go on."""
    print(f"-- {name}", file=sys.stderr)
    start = time.perf_counter()
    try:
        rows = list(BENCHES[name].load()())
    except Exception as error:  # noqa: BLE001 — whatever broke is told with its trace, and fails the run
        traceback.print_exc()
        rows = [Row(name=name, ok=False, how=f"broke: {error!r}")]
    print(f"-- {name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return rows


def main() -> int:
    """0 when every row is ok."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    try:
        names = chosen(parser.parse_args().names)
    except UnknownBenchError as error:
        parser.error(str(error))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")
    with scratch_database(os.environ["DATABASE_URL"]):
        django.setup()
        call_command("migrate", verbosity=0)
        rows = [row for name in names for row in run(name)]
    write(rows)
    print(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
