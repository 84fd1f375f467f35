"""Run benchmarks: `python -m tests.bench [NAME ...]`, a benchmark's name or that of a row."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import django
import psycopg
from django.core.management import call_command

from tests.bench.registry import BENCHES, UnknownBenchError, chosen
from tests.bench.results import Row, surviving, table, write


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


def run(names: Iterable[str]) -> list[Row]:
    """The rows of these benchmarks, each told and written as soon as it is known."""
    rows: list[Row] = []
    for name in names:
        print(f"-- {name}", file=sys.stderr)
        start = time.perf_counter()
        for row in surviving(name, made(name)):
            rows.append(row)
            print(table([row], head=False), row.how, sep="  ", file=sys.stderr, flush=True)
            write(rows)
        print(f"-- {name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return rows


def made(name: str) -> Iterator[Row]:
    """One benchmark's rows; its module is imported when the first is asked for."""
    yield from BENCHES[name].load()()


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
        rows = run(names)
    print(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
