"""From a suggestion to its request by way of the form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from dispatch.configuring.models import ConfiguredRequest
from dispatch.models import AnalysisRequest
from loaders.models import Suggestion
from loaders.services import suggestions
from loaders.states import SuggestionStatus
from polyphemus_site.errors import InvalidInputError
from tests.dispatch.calls import visitor
from tests.dispatch.configuring.browsing import browser, fill, post, read, send
from tests.dispatch.configuring.conftest import SAREK, SAREK_WITH_SHEET, hold
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.tokens import public_key

ROWS = [
    {
        "patient": "DTL001",
        "sample": f"DTL001.{tube}.exome",
        "status": status,
        "lane": "L001",
        "fastq_1": f"metis://labors/sequence/{tube}_R1.fastq.gz",
        "fastq_2": f"metis://labors/sequence/{tube}_R2.fastq.gz",
    }
    for tube, status in (("N1", 0), ("T1", 1))
]
NAMES = [row["sample"] for row in ROWS]
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def janus(settings: Settings) -> None:
    """Tokens of the tests' Janus are believed."""
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.POLYPHEMUS_URL = "http://127.0.0.1"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]


@pytest.fixture
def offered(db: None) -> Suggestion:
    """A suggestion whose loader fills a sheet and knows some of the params."""
    config = {"inputs": NAMES, "params": {"outdir": "metis://labors/calls", "wes": True}, "rows": ROWS}
    made = rows.suggestion("DTL001", now=NOW, config=config, members={"DTL001": "f"})
    made.save()
    return made


def page_of(suggestion: Suggestion) -> str:
    return f"/labors/suggestions/{suggestion.pk}/configure"


def fresh(suggestion: Suggestion) -> Suggestion:
    return Suggestion.objects.get(pk=suggestion.pk)


class TestConfigure:
    def test_the_form_is_filled_from_the_records(self, offered: Suggestion, requester: str) -> None:
        hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)

        html = browser(requester, "e:labors").get(page_of(offered)).content.decode()

        sent = set(read(html).controls)
        assert "The output is missing." in html
        assert {("p.outdir", "metis://labors/calls"), ("p.wes", "true")} <= sent
        assert {("row.0.1", "DTL001.N1.exome"), ("row.1.3", "1"), ("row.0.use", "on")} <= sent

    def test_it_becomes_the_suggestions_request(self, offered: Suggestion, requester: str) -> None:
        hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)

        send(browser(requester, "e:labors"), page_of(offered), "publish", {"p.tools": "mutect2"})

        request = AnalysisRequest.objects.get()
        assert request.config["inputs"] == ROWS
        assert request.config["params"] == {
            "step": "mapping",
            "outdir": "metis://labors/calls",
            "wes": True,
            "tools": "mutect2",
        }
        assert (fresh(offered).status, fresh(offered).request_name) == (
            SuggestionStatus.ACCEPTED,
            request.name,
        )
        assert (request.loader, request.subjects.get().record) == ("exome_pipe", "DTL001")
        assert ConfiguredRequest.objects.get().version.params == request.config["params"]

    def test_where_inputs_are_names_they_are_ticked(self, offered: Suggestion, requester: str) -> None:
        hold("exome_pipe", SAREK, now=NOW)
        client = browser(requester, "e:labors")
        filled = fill(client.get(page_of(offered)).content.decode(), "publish")

        post(client, page_of(offered), [pair for pair in filled if pair != ("input", NAMES[1])])

        assert AnalysisRequest.objects.get().config["inputs"] == NAMES[:1]

    def test_params_emptied_by_hand_stay_empty(self, offered: Suggestion, requester: str) -> None:
        send(browser(requester, "e:labors"), page_of(offered), "publish", {"p.params": ""})

        assert "params" not in AnalysisRequest.objects.get().config

    def test_a_double_click_publishes_once(self, offered: Suggestion, requester: str) -> None:
        client = browser(requester, "e:labors")
        filled = fill(client.get(page_of(offered)).content.decode(), "publish")

        places = {post(client, page_of(offered), filled)["Location"] for _ in range(2)}

        assert places == {f"/labors/requests/{AnalysisRequest.objects.get().name}"}

    def test_one_that_somebody_else_took_is_refused_with_what_it_became(
        self, offered: Suggestion, requester: str, curator: str
    ) -> None:
        client = browser(requester, "e:labors")
        filled = fill(client.get(page_of(offered)).content.decode(), "publish")
        suggestions.accept(offered, person=curator, now=NOW)

        answer = post(client, page_of(offered), filled)

        assert answer.status_code == 422
        assert b"This suggestion is" in answer.content
        assert AnalysisRequest.objects.count() == 1

    @pytest.mark.parametrize(("perm", "status"), [("v:labors", 403), ("g:labors", 403), ("e:elsewhere", 404)])
    def test_others_publish_nothing(
        self, offered: Suggestion, requester: str, outsider: str, perm: str, status: int
    ) -> None:
        editor, other = browser(requester, "e:labors"), browser(outsider, perm)
        filled = fill(editor.get(page_of(offered)).content.decode(), "publish")
        other.cookies["csrftoken"] = editor.cookies["csrftoken"].value

        assert post(other, page_of(offered), filled).status_code == status
        assert not AnalysisRequest.objects.exists()

    def test_one_drawn_from_restricted_records_is_not_there_for_others(
        self, offered: Suggestion, outsider: str
    ) -> None:
        Suggestion.objects.update(restricted=True)

        assert browser(outsider, "e:labors").get(page_of(offered)).status_code == 404
        assert browser(outsider, "E:labors").get(page_of(offered)).status_code == 200

    def test_it_asks_the_database_a_dozen_times_at_most(self, offered: Suggestion, requester: str) -> None:
        hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)
        client = browser(requester, "e:labors")

        with CaptureQueriesContext(connection) as asked:
            client.get(page_of(offered))

        assert len(asked) <= 12


class TestAccept:
    def test_rows_changed_by_hand_are_taken_over_the_api(self, offered: Suggestion, requester: str) -> None:
        hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)
        body = {"inputs": ROWS[1:], "params": {"step": "mapping", "outdir": "out"}}

        made = visitor(requester, "e:labors").post(f"/api/v1/suggestions/{offered.pk}/accept", body)

        assert made.status_code == 201
        assert made.json()["config"] == {"project": "labors", **body}

    def test_as_it_is_offered_it_takes_the_rows_where_there_is_a_sheet(
        self, offered: Suggestion, requester: str
    ) -> None:
        hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)
        Suggestion.objects.update(config=offered.config | {"params": {}})

        suggestions.accept(fresh(offered), person=requester, now=NOW)

        assert AnalysisRequest.objects.get().config == {"project": "labors", "inputs": ROWS}

    def test_names_alone_do_not_make_a_sheet(self, offered: Suggestion, requester: str) -> None:
        hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)
        Suggestion.objects.update(config={"inputs": NAMES, "params": {}})

        with pytest.raises(InvalidInputError) as refused:
            suggestions.accept(fresh(offered), person=requester, now=NOW)

        assert refused.value.code == "invalid_inputs"
