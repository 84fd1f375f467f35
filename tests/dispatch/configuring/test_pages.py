"""The pages of configuring, as a browser without JavaScript uses them."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch.configuring.models import Configuration, ConfigurationVersion
from dispatch.configuring.services import configurations
from dispatch.models import AnalysisRequest
from tests.dispatch.configuring.browsing import EDITOR, PAGE, browser, fill, post, read, send
from tests.dispatch.configuring.conftest import RNASEQ, hold
from tests.dispatch.configuring.test_configurations import PARAMS, keeping

ROW = {"patient": "P1", "sample": "S1", "lane": "L1", "fastq_1": "a_1.fastq.gz"}
pytestmark = pytest.mark.usefixtures("janus")


def only() -> AnalysisRequest:
    return AnalysisRequest.objects.get()


def test_without_an_analysis_it_leads_to_those_there_are(requester: str) -> None:
    answer = browser(requester, EDITOR).get("/labors/configure")

    assert (answer.status_code, answer["Location"]) == (302, "/labors/analyses")


@pytest.mark.usefixtures("sarek")
class TestTheForm:
    def test_it_asks_for_every_parameter_of_the_pipeline(self, requester: str) -> None:
        html = browser(requester, EDITOR).get(PAGE).content.decode()

        fields = {said["name"] for _, said in read(html).elements if said.get("name", "").startswith("p.")}
        assert len(fields) == 176
        assert html.count('<details class="panel"') == 12

    def test_no_pattern_of_a_schema_reaches_a_browser(self, requester: str) -> None:
        html = browser(requester, EDITOR).get(PAGE).content.decode()

        assert not [said for _, said in read(html).elements if "pattern" in said]
        assert "(?<!" not in html

    def test_a_wrong_form_is_told_in_words_and_not_by_its_pattern(self, requester: str) -> None:
        typed = {"p.outdir": "out", "p.tools": "nonsense"}

        html = send(browser(requester, EDITOR), PAGE, "check", typed).content.decode()

        assert "tools: This does not have the form asked for here; its help says more.</a>" in html
        assert "ascat|" not in html

    def test_what_is_right_is_published_as_it_was_previewed(self, requester: str) -> None:
        client = browser(requester, EDITOR)
        typed = {"p.outdir": "out", "p.wes": "true", "p.tools": "mutect2", "more": "S1\nS2"}

        shown = send(client, PAGE, "check", typed).content.decode()
        sent = send(client, PAGE, "publish", typed)

        config = {
            "project": "labors",
            "inputs": ["S1", "S2"],
            "params": {"step": "mapping", "outdir": "out", "wes": True, "tools": "mutect2"},
        }
        assert only().config == config
        assert sent["Location"] == f"/labors/requests/{only().name}"
        preview = shown.partition('id="preview"')[2].partition(">")[2].partition("</pre>")[0]
        assert json.loads(preview.replace("&quot;", '"')) == config

    def test_what_is_wrong_is_named_and_led_to_and_nothing_is_lost(self, requester: str) -> None:
        answer = send(browser(requester, EDITOR), PAGE, "publish", {"p.split_fastq": "9", "p.fasta": "x.fa"})

        html = answer.content.decode()
        form = read(html)
        outdir = next(said for _, said in form.elements if said.get("name") == "p.outdir")
        assert answer.status_code == 422
        assert f'<a href="#{outdir["id"]}">outdir: This is needed.</a>' in html
        assert "2 things to mend" in html
        assert outdir["aria-invalid"] == "true"
        assert {("p.split_fastq", "9"), ("p.fasta", "x.fa")} <= set(form.controls)
        assert not AnalysisRequest.objects.exists()

    def test_what_is_wrong_and_what_is_asked_for_are_told_in_the_readers_language(
        self, requester: str
    ) -> None:
        client = browser(requester, EDITOR)
        client.get(PAGE)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"

        html = send(client, PAGE, "publish", {"p.split_fastq": "x"}).content.decode()

        assert "outdir: Das wird gebraucht.</a>" in html
        assert "split_fastq: Das muss eine ganze Zahl sein.</a>" in html
        assert "mindestens " in html

    def test_a_box_ticked_by_default_can_be_unticked(self, requester: str) -> None:
        client = browser(requester, EDITOR)
        html = client.get(PAGE).content.decode()
        ticked = fill(html, "publish", {"p.outdir": "out"})
        unticked = [pair for pair in ticked if pair != ("p.validate_params", "true")]

        post(client, PAGE, unticked)

        assert len(unticked) == len(ticked) - 1
        assert only().config["params"] == {"step": "mapping", "outdir": "out", "validate_params": False}

    def test_a_hostile_value_is_refused_at_once(self, requester: str) -> None:
        hostile = ",".join(["mutect2"] * 60) + "!"

        answer = send(browser(requester, EDITOR), PAGE, "publish", {"p.outdir": "out", "p.tools": hostile})

        assert answer.status_code == 422
        assert not AnalysisRequest.objects.exists()

    def test_the_script_is_told_what_the_server_would_say(self, requester: str) -> None:
        answer = send(browser(requester, EDITOR), PAGE, "preview", {"p.wes": "true"}).json()

        assert json.loads(answer["preview"])["params"] == {"step": "mapping", "wes": True}
        assert answer["changed"] == ["step", "wes"]
        assert answer["counts"]["s1"] == "7 parameters · 1 changed"
        assert answer["faults"] == ["outdir: This is needed."]

    def test_a_form_drawn_before_the_pipeline_changed_is_shown_again_with_what_was_typed(
        self, requester: str, now: datetime
    ) -> None:
        client = browser(requester, EDITOR)
        filled = fill(client.get(PAGE).content.decode(), "publish", {"p.outdir": "there", "p.input": "s.csv"})
        hold("sarek", RNASEQ, now=now)

        answer = post(client, PAGE, filled)

        assert answer.status_code == 422
        assert "have changed since you opened this form" in answer.content.decode()
        assert ("p.outdir", "there") in read(answer.content.decode()).controls
        assert not AnalysisRequest.objects.exists()


@pytest.mark.usefixtures("sarek")
class TestOnce:
    def test_a_double_click_publishes_once_and_leads_to_the_request(self, requester: str) -> None:
        client = browser(requester, EDITOR)
        filled = fill(client.get(PAGE).content.decode(), "publish", {"p.outdir": "out"})

        places = {post(client, PAGE, filled)["Location"] for _ in range(2)}

        assert places == {f"/labors/requests/{only().name}"}

    def test_back_and_changed_it_is_told_and_can_be_sent_as_another(self, requester: str) -> None:
        client = browser(requester, EDITOR)
        html = client.get(PAGE).content.decode()
        post(client, PAGE, fill(html, "publish", {"p.outdir": "out"}))

        told = post(client, PAGE, fill(html, "publish", {"p.outdir": "other"}))
        again = post(client, PAGE, fill(told.content.decode(), "publish"))

        assert "Send it again if you want another." in told.content.decode()
        assert again.status_code == 302
        assert AnalysisRequest.objects.count() == 2


@pytest.mark.usefixtures("sarek_with_sheet")
class TestTheSheet:
    def sheet(self, **cells: str) -> dict[str, str]:
        return {"more": ",".join(cells) + "\n" + ",".join(cells.values()), "p.outdir": "out"}

    def test_pasted_rows_are_published_as_rows(self, requester: str) -> None:
        send(browser(requester, EDITOR), PAGE, "publish", self.sheet(**ROW))

        assert only().config["inputs"] == [ROW]
        assert "input" not in only().config["params"]

    def test_a_row_that_does_not_fit_is_refused_in_the_pipelines_own_words(self, requester: str) -> None:
        answer = send(browser(requester, EDITOR), PAGE, "publish", self.sheet(**ROW | {"fastq_1": "a.bam"}))

        html = answer.content.decode()
        assert answer.status_code == 422
        assert '<a href="#inputs">input 1, fastq_1: FastQ file for reads 1 must be provided' in html
        assert ("row.3.5", "a.bam") in read(html).controls
        assert not AnalysisRequest.objects.exists()

    def test_a_row_is_typed_into_the_table_and_another_left_out(self, requester: str) -> None:
        cells: dict[str, str | None] = {
            "row.0.0": "P1",
            "row.0.1": "S1",
            "row.1.0": "P1",
            "row.1.1": "S2",
            "row.1.use": None,
        }

        send(browser(requester, EDITOR), PAGE, "publish", cells | {"p.outdir": "out"})

        assert only().config["inputs"] == [{"patient": "P1", "sample": "S1"}]

    def test_rows_are_added_without_losing_any(self, requester: str) -> None:
        html = send(browser(requester, EDITOR), PAGE, "rows", self.sheet(**ROW)).content.decode()

        controls = dict(read(html).controls)
        assert controls["rows"] == "7"
        assert controls["row.3.0"] == "P1"


class TestWithoutASchema:
    def test_any_analysis_can_be_asked_for(self, requester: str, db: None) -> None:
        page = "/labors/configure?analysis=count_cells"

        send(browser(requester, EDITOR), page, "publish", {"p.params": '{"depth": 3}', "more": "S1"})

        assert only().config == {"project": "labors", "inputs": ["S1"], "params": {"depth": 3}}

    @pytest.mark.parametrize("text", ["[1]", "{", "3"])
    def test_params_that_are_no_object_are_refused(self, requester: str, db: None, text: str) -> None:
        page = "/labors/configure?analysis=count_cells"

        answer = send(browser(requester, EDITOR), page, "publish", {"p.params": text})

        assert answer.status_code == 422
        assert "params: Params are a JSON object." in answer.content.decode()

    @pytest.mark.parametrize("name", ["", "a b", "..", "x" * 101])
    def test_a_name_no_analysis_can_have_is_refused(self, requester: str, db: None, name: str) -> None:
        answer = browser(requester, EDITOR).get("/labors/configure", {"analysis": name})

        assert answer.status_code == 400


@pytest.mark.usefixtures("sarek")
class TestWhoMay:
    @pytest.mark.parametrize("perm", ["v:labors", "g:labors", "v:administration"])
    @pytest.mark.parametrize("deed", ["publish", "save"])
    def test_who_only_looks_may_try_and_not_publish(self, outsider: str, perm: str, deed: str) -> None:
        client = browser(outsider, perm)

        checked = send(client, PAGE, "check", {"p.outdir": "out"})
        refused = send(client, PAGE, deed, {"p.outdir": "out"})

        assert (checked.status_code, refused.status_code) == (200, 403)
        assert b'value="publish"' not in checked.content
        assert not Configuration.objects.exists()

    @pytest.mark.parametrize("page", [PAGE, "/labors/analyses", "/labors/configurations/1"])
    def test_others_see_nothing(self, outsider: str, page: str) -> None:
        assert browser(outsider, "a:elsewhere").get(page).status_code == 404

    def test_a_session_that_ended_gives_everything_back(self, requester: str) -> None:
        client = browser(requester, EDITOR)
        filled = fill(client.get(PAGE).content.decode(), "publish", {"p.outdir": "out", "p.fasta": "<b>&.fa"})
        del client.cookies["JANUS_TOKEN"]

        kept = post(client, PAGE, filled)

        assert kept.status_code == 401
        for name, value in filled:
            assert name == "csrfmiddlewaretoken" or f'name="{name}"' in kept.content.decode(), (name, value)
        assert 'value="&lt;b&gt;&amp;.fa"' in kept.content.decode()


class TestQueries:
    @pytest.fixture
    def much(self, sarek: str, now: datetime) -> ConfigurationVersion:
        """A few versions of each of thirty configurations."""
        for number in range(90):
            made = configurations.keep(
                keeping(name=f"c{number % 30}", params=PARAMS | {"outdir": f"o{number}"}), now=now
            )
        return made

    @pytest.mark.parametrize(
        "page",
        [
            "/labors/analyses",
            PAGE,
            PAGE + "&version={version}",
            "/labors/configurations/{configuration}?old=1&new=2",
        ],
    )
    def test_a_page_asks_the_database_a_dozen_times_at_most(
        self, much: ConfigurationVersion, requester: str, page: str
    ) -> None:
        client = browser(requester, EDITOR)
        address = page.format(version=much.pk, configuration=much.configuration_id)

        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)

        assert answer.status_code == 200
        assert len(asked) <= 12
