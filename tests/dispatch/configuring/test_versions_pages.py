"""Configurations on their pages: started from, kept, compared and restored."""

from __future__ import annotations

from datetime import datetime

import pytest

from dispatch.configuring.models import Configuration, ConfigurationVersion, ConfiguredRequest
from dispatch.configuring.services import configurations
from dispatch.models import AnalysisRequest
from tests.dispatch.configuring.browsing import EDITOR, PAGE, browser, post, read, send
from tests.dispatch.configuring.conftest import RNASEQ, hold
from tests.dispatch.configuring.test_configurations import PARAMS, keeping

pytestmark = pytest.mark.usefixtures("janus")


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
