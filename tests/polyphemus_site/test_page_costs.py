"""No page grows dear with its project: at most twelve statements with ten thousand suggestions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker, Settings

from loaders.models import Suggestion
from tests.bench.site_pages import PLACES, filled
from tests.browser import lively
from tests.polyphemus_site.janus.tokens import public_key, token

MOST = 12


@pytest.fixture(scope="module")
def addresses(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, str]]:
    """A project with ten thousand suggestions, made once for all pages."""
    with django_db_blocker.unblock():
        yield filled()
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PLACES)
def test_a_page_asks_few_questions_of_a_large_project(
    addresses: dict[str, str],
    name: str,
    settings: Settings,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY, settings.POLYPHEMUS_JANUS_URL = public_key(), ""
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(lively.DOCTOR, "A:labors")
    client.get(addresses[name])

    with django_assert_max_num_queries(MOST):
        answer = client.get(addresses[name])

    assert answer.status_code == 200
    assert Suggestion.objects.count() > 10_000
