"""The pages of configuring, as a browser without JavaScript uses them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch.configuring.models import Configuration, ConfigurationVersion, ConfiguredRequest
from dispatch.configuring.services import configurations
from dispatch.models import AnalysisRequest
from dispatch.services.configs import Contract
from tests.dispatch.configuring.browsing import browser, fill, post, read, send
from tests.dispatch.configuring.conftest import RNASEQ, hold
from tests.dispatch.configuring.test_configurations import PARAMS, keeping

PAGE = "/labors/configure?analysis=sarek"
EDITOR = "e:labors"
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


@pytest.fixture
def kept(sarek: str, now: datetime) -> ConfigurationVersion:
    """Two versions of one configuration."""
    first = configurations.keep(keeping(params=PARAMS | {"wes": True}, comment="Exomes."), now=now)
    return configurations.keep(keeping(params=PARAMS | {"tools": "mutect2"}, origin=first), now=now)


class TestConfigurations:
    def test_the_form_starts_from_a_version_and_says_what_differs(
        self, kept: ConfigurationVersion, requester: str
    ) -> None:
        page = f"{PAGE}&version={kept.pk}"

        html = send(browser(requester, EDITOR), page, "check", {"p.tools": "strelka"}).content.decode()

        assert ("p.outdir", "out") in read(html).controls
        assert ("configuration", "usual") in read(html).controls
        row = html.partition('id="differences"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
        assert [part in row for part in (">tools<", ">mutect2<", ">strelka<", ">outdir<")] == [
            True,
            True,
            True,
            False,
        ]

    def test_published_unchanged_the_request_came_from_that_version(
        self, kept: ConfigurationVersion, requester: str
    ) -> None:
        send(browser(requester, EDITOR), f"{PAGE}&version={kept.pk}", "publish")

        assert ConfiguredRequest.objects.get().version == kept

    def test_published_changed_it_came_from_a_new_version_with_its_comment(
        self, kept: ConfigurationVersion, requester: str
    ) -> None:
        page = f"{PAGE}&version={kept.pk}"

        send(browser(requester, EDITOR), page, "publish", {"p.tools": "strelka", "comment": "Faster."})

        version = ConfiguredRequest.objects.get().version
        assert (version.number, version.comment, version.origin) == (3, "Faster.", kept)

    def test_parameters_can_be_kept_without_a_request(self, sarek: str, requester: str) -> None:
        answer = send(
            browser(requester, EDITOR), PAGE, "save", {"p.outdir": "out", "configuration": "Exomes, quick"}
        )

        assert Configuration.objects.get().name == "Exomes, quick"
        assert answer["Location"] == f"/labors/configurations/{Configuration.objects.get().pk}"
        assert not AnalysisRequest.objects.exists()

    def test_its_page_shows_versions_and_what_differs(
        self, kept: ConfigurationVersion, requester: str
    ) -> None:
        page = f"/labors/configurations/{kept.configuration_id}?old=1&new=2"

        html = browser(requester, "v:labors").get(page).content.decode()

        assert "From version 1 to version 2" in html
        assert "Exomes." in html
        assert "Restore version" not in html

    @pytest.mark.parametrize(
        "query", ["?old=1", "?old=x&new=y", "?old=1&new=99", "?old=99999999999999999999&new=1"]
    )
    def test_a_comparison_that_makes_no_sense_is_left_out(
        self, kept: ConfigurationVersion, requester: str, query: str
    ) -> None:
        page = f"/labors/configurations/{kept.configuration_id}{query}"

        answer = browser(requester, EDITOR).get(page)

        assert answer.status_code == 200
        assert b"From version" not in answer.content

    def test_an_editor_restores_a_version(self, kept: ConfigurationVersion, requester: str) -> None:
        client, page = browser(requester, EDITOR), f"/labors/configurations/{kept.configuration_id}"
        form = secret(client.get(page).content.decode())

        answer = post(client, f"{page}/restore", [*form, ("number", "1")], follow=True)

        assert "Version 3 is the latest now." in answer.content.decode()
        assert ConfigurationVersion.objects.get(number=3).params == PARAMS | {"wes": True}

    @pytest.mark.parametrize(("perm", "status"), [("v:labors", 403), ("e:elsewhere", 404)])
    def test_others_restore_nothing(
        self, kept: ConfigurationVersion, outsider: str, requester: str, perm: str, status: int
    ) -> None:
        page = f"/labors/configurations/{kept.configuration_id}"
        client = browser(outsider, perm)
        html = browser(requester, EDITOR).get(page)
        client.cookies["csrftoken"] = html.cookies["csrftoken"].value
        form = secret(html.content.decode())

        assert post(client, f"{page}/restore", [*form, ("number", "1")]).status_code == status

    @pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 40])
    def test_a_version_there_is_not_cannot_be_restored(
        self, kept: ConfigurationVersion, requester: str, number: str
    ) -> None:
        client, page = browser(requester, EDITOR), f"/labors/configurations/{kept.configuration_id}"
        form = secret(client.get(page).content.decode())

        answer = post(client, f"{page}/restore", [*form, ("number", number)], follow=True)

        assert "This configuration has no such version." in answer.content.decode()

    def test_an_earlier_request_can_be_asked_for_again(self, sarek: str, requester: str) -> None:
        client = browser(requester, EDITOR)
        send(client, PAGE, "publish", {"p.outdir": "out", "p.wes": "true", "more": "S1", "name": "first"})

        html = client.get("/labors/configure?request=first").content.decode()

        assert {("p.outdir", "out"), ("p.wes", "true"), ("input", "S1")} <= set(read(html).controls)

    def test_what_the_pipeline_no_longer_knows_is_told(
        self, kept: ConfigurationVersion, requester: str, now: datetime
    ) -> None:
        hold("sarek", RNASEQ, now=now)

        html = browser(requester, EDITOR).get(f"{PAGE}&version={kept.pk}").content.decode()

        assert "No longer parameters of this analysis" in html
        assert "<code>tools=mutect2</code>" in html


def secret(html: str) -> list[tuple[str, str]]:
    """The token against forged forms."""
    values = {said["value"] for _, said in read(html).elements if said.get("name") == "csrfmiddlewaretoken"}
    return [("csrfmiddlewaretoken", value) for value in values]


HOSTILE = '</pre></textarea><script>alert(1)</script><img src=x onerror="alert(1)">'


class TestHostileSchemas:
    @pytest.fixture
    def hostile(self, db: None, now: datetime) -> Contract:
        """Every word of a schema that a page shows, made to break out of it."""
        said: dict[str, Any] = {
            "title": HOSTILE + "\u202e",
            "description": HOSTILE + "\u202e",
            "help_text": HOSTILE + "\u202e",
            "errorMessage": HOSTILE,
            "fa_icon": HOSTILE,
        }
        schema = {
            **said,
            "allOf": [{"$ref": "#/$defs/a"}],
            "$defs": {
                "a": {
                    **said,
                    "properties": {
                        HOSTILE: {**said, "type": "string", "default": HOSTILE},
                        "choice": {**said, "enum": [HOSTILE, "b"]},
                        "lines": {**said, "type": "array", "items": {"type": "string"}, "default": [HOSTILE]},
                        "number": {**said, "type": "integer"},
                    },
                }
            },
        }
        sheet = {"items": {"properties": {HOSTILE: said, "b": {"enum": [HOSTILE]}}, "required": [HOSTILE]}}
        contract = Contract(schema, sheet)
        hold("hostile", contract, now=now)
        return contract

    def test_nothing_a_schema_says_is_markup(self, hostile: Contract, requester: str) -> None:
        client, page = browser(requester, EDITOR), "/labors/configure?analysis=hostile"
        typed = {"p.number": HOSTILE, "more": f"b\n{HOSTILE}", "comment": HOSTILE, "name": HOSTILE}

        pages = [
            client.get(page),
            send(client, page, "check", typed),
            send(client, page, "publish", typed),
            client.get("/labors/analyses"),
        ]

        for answer in pages:
            elements = [tag for tag, _ in read(answer.content.decode()).elements]
            scripts = [said for tag, said in read(answer.content.decode()).elements if tag == "script"]
            assert "img" not in elements
            assert all(said.get("src", "").startswith("/static/") for said in scripts)
            assert "\u202e" not in answer.content.decode()

    def test_a_form_of_five_thousand_parameters_is_shown_sent_and_published(
        self, requester: str, db: None, now: datetime
    ) -> None:
        hold("huge", Contract({"properties": {f"p{n}": {"type": "string"} for n in range(5000)}}), now=now)

        answer = send(
            browser(requester, EDITOR), "/labors/configure?analysis=huge", "publish", {"p.p4999": "x"}
        )

        assert answer.status_code == 302
        assert only().config["params"] == {"p4999": "x"}


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
