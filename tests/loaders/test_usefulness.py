"""What became of suggestions: counted once each, told to those who may know, and to the loader's author."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from loaders import registry
from loaders.models import Suggestion
from loaders.services import authors, suggestions
from loaders.services.rows import Desk
from loaders.usefulness import IGNORED_AFTER, measured
from polyphemus_site import clock
from polyphemus_site.mail.messages import compose
from polyphemus_site.mail.models import Notice
from tests.loaders.rows import suggested
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AUTHORED = """
name: counts
author: Author@ucsf.edu
model: rna_seq
analysis: rna_seq
outputs: {check: present, attribute: gene_counts}
"""


@pytest.fixture
def outcomes(now: datetime, requester: str, rival: str, curator: str) -> None:
    """One of each fate, and one too young to count."""
    old = now - IGNORED_AFTER
    fates = ["accepted", "dismissed", "waved", "closed", "ignored", "snoozed"]
    made = {name: suggested(name, old) for name in fates}
    suggested("young", now - IGNORED_AFTER + timedelta(seconds=1))
    suggestions.accept(made["accepted"], person=requester, now=now)
    suggestions.wave_away(made["accepted"], person=rival, reason="not  needed", now=now)
    suggestions.dismiss(made["dismissed"], person=curator, reason="Not needed", now=now)
    suggestions.wave_away(made["waved"], person=rival, reason="Done elsewhere", now=now)
    suggestions.snooze(made["snoozed"], person=curator, until=now + DAY, now=now)
    Desk("dt_lung", "exome_pipe", "patient", now).close({"closed": "The output appeared."})


@pytest.mark.usefixtures("outcomes")
class TestMeasured:
    def test_each_suggestion_counts_once(self, now: datetime) -> None:
        (found,) = measured(Suggestion.objects.all(), now=now)

        assert (found.loader, found.offered) == ("exome_pipe", 7)
        assert (found.accepted, found.dismissed, found.waved) == (1, 1, 1)
        assert (found.ignored, found.overtaken, found.waiting) == (1, 1, 2)
        assert (found.judged, found.percent) == (4, 25)

    def test_reasons_are_counted_whatever_their_letter_case(self, now: datetime) -> None:
        (found,) = measured(Suggestion.objects.all(), now=now)

        assert found.reasons == (("Not needed", 2), ("Done elsewhere", 1))

    def test_a_loader_that_is_only_tried_out_is_not_measured(self, now: datetime) -> None:
        Suggestion.objects.update(shadow=True)

        assert measured(Suggestion.objects.all(), now=now) == []


class TestPage:
    @pytest.fixture
    def visitor(self, settings: Settings, client: Client) -> Client:
        settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
        settings.POLYPHEMUS_JANUS_URL = ""
        client.cookies["JANUS_TOKEN"] = token("dr.who@ucsf.edu", "v:dt_lung")
        return client

    def test_figures_and_reasons_are_told(self, visitor: Client) -> None:
        one = suggested("a", clock.now())  # noqa: TID251 — the page looks at the last months
        suggestions.wave_away(one, person="rival@ucsf.edu", reason="<b>no</b>", now=clock.now())  # noqa: TID251 — the same

        page = visitor.get("/dt_lung/usefulness").content.decode()

        assert "<q>&lt;b&gt;no&lt;/b&gt;</q> 1" in page
        assert "0 %" in page

    def test_what_is_restricted_is_not_counted_for_everyone(self, visitor: Client) -> None:
        suggested("a", clock.now(), restricted=True)  # noqa: TID251 — the page looks at the last months

        assert "Nothing was suggested" in visitor.get("/dt_lung/usefulness").content.decode()

    def test_a_project_of_others_has_none(self, visitor: Client) -> None:
        assert visitor.get("/ipi/usefulness").status_code == 404

    def test_ten_thousand_suggestions_cost_few_questions(
        self, visitor: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        now = clock.now()  # noqa: TID251 — the page looks at the last months
        first = suggested("a", now)
        rows = [Suggestion.objects.get(pk=first.pk) for _ in range(1)]
        Suggestion.objects.bulk_create(_copies(rows[0], 10_000), batch_size=2000)

        with django_assert_max_num_queries(5):
            answer = visitor.get("/dt_lung/usefulness")

        assert "10001" in answer.content.decode()


def _copies(one: Suggestion, count: int) -> list[Suggestion]:
    values = {field.attname: getattr(one, field.attname) for field in Suggestion._meta.fields}
    return [Suggestion(**values | {"id": None, "anchor": f"copy{number}"}) for number in range(count)]


class TestAuthors:
    @pytest.fixture
    def authored(self, settings: Settings, tmp_path: Path) -> Iterator[None]:
        (tmp_path / "counts.yaml").write_text(AUTHORED)
        settings.POLYPHEMUS_LOADER_PATH = str(tmp_path)
        registry.current.cache_clear()
        yield
        registry.current.cache_clear()

    @pytest.mark.usefixtures("authored")
    def test_the_author_is_told_once_a_week_in_counts_and_reasons(self, now: datetime) -> None:
        one = suggested("DTL001", now, loader="counts")
        suggested("DTL002", now, loader="counts", restricted=True)
        suggestions.wave_away(one, person="rival@ucsf.edu", reason="Not needed", now=now)

        for later in range(3):
            authors.tell(now=now + later * timedelta(hours=1))
        authors.tell(now=now + 7 * DAY)

        first, _second = Notice.objects.order_by("pk")
        mail = compose(first)
        assert first.recipient == "author@ucsf.edu"
        assert mail.subject == "counts: 0 of 1 suggestions were accepted"
        assert "* Not needed: 1" in str(mail.body)
        assert "DTL001" not in str(mail.body)

    def test_a_loader_without_an_author_tells_nobody(self, now: datetime) -> None:
        suggested("DTL001", now)

        authors.tell(now=now)

        assert not Notice.objects.exists()
