"""What pages cost in a project with ten thousand suggestions: statements, and seconds of server time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from loaders.models import Suggestion
from tests.bench.computing import both_cpu
from tests.bench.results import Row, bounded
from tests.browser import lively
from tests.polyphemus_site.home import rows as made
from tests.polyphemus_site.janus.tokens import public_key, token

SUGGESTIONS = 10_000
PLACES = {
    "front": "/labors/",
    "suggestions": "/labors/suggestions",
    "suggestion": "/labors/suggestions/{pk}",
    "requests": "/labors/requests",
    "request": "/labors/requests/labors_7_deferred",
    "analysts": "/labors/analysts",
    "usefulness": "/labors/usefulness",
    "waiting": "/labors/waiting",
    "scans": "/labors/scans",
    "settings": "/labors/settings",
    "mail": "/-/mail",
}
TIMES = 15


def rows() -> Iterator[Row]:
    """The dearest page in statements and in seconds, through the whole application in this process."""
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY, settings.POLYPHEMUS_JANUS_URL = public_key(), ""
    settings.ALLOWED_HOSTS = ["*"]
    addresses = filled()
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(lively.DOCTOR, "A:labors")
    statements = {name: counted(client, address) for name, address in addresses.items()}
    seconds = {name: timed(client, address) for name, address in addresses.items()}
    how = f"{SUGGESTIONS} suggestions; the dearest of {len(PLACES)} pages: "
    most = max(statements, key=statements.__getitem__)
    yield bounded("page_statements", statements[most], limit=12, how=how + most, unit="statements")
    slowest = max(seconds, key=seconds.__getitem__)
    yield bounded("page_s", seconds[slowest], limit=0.15, how=f"{how}{slowest}, CPU, median of {TIMES}")


def filled() -> dict[str, str]:
    """Fill the project; the pages' addresses."""
    now = datetime.now(UTC)
    one = lively.make("labors", now).suggestion
    many = (made.suggestion(f"P{number}", now=now) for number in range(SUGGESTIONS))
    Suggestion.objects.bulk_create(many, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {name: address.format(pk=one.pk) for name, address in PLACES.items()}


def counted(client: Client, address: str) -> int:
    """How many statements a page takes, once everything that is kept is kept."""
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    if answer.status_code != 200:
        raise AssertionError(f"{address} answers {answer.status_code}.")
    return len(asked)


def timed(client: Client, address: str) -> float:
    """Seconds that this process and its database compute for one page: others on the machine don't count."""
    return median(both_cpu(lambda: client.get(address)) for _ in range(TIMES))
