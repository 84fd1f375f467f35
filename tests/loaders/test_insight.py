"""Why, or why not; what is waited for; how complete our view is."""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from loaders import knowledge, registry
from loaders.checks import Finding
from loaders.models import Gap, ScanCursor, ScanRun
from loaders.registry import Broken, Registry
from loaders.services import changes, scans
from loaders.services.rows import Desk
from magma.client import Magma
from polyphemus_site.home import digests, readers
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.mail.models import Notice
from tests.loaders.conftest import now, upload_normal
from tests.loaders.rows import propose, suggested
from tests.magma.demo_fixture import RunningWarehouse
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("janus_key")]


@pytest.fixture
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""


def get(path: str, perm: str = "V:dt_lung") -> Any:
    return Client(headers={"Authorization": f"Etna {token(perm=perm)}"}).get(path)


def page(path: str, perm: str = "V:dt_lung") -> str:
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(perm=perm)
    return client.get(path).content.decode()


class TestExplain:
    ASKED = "/api/v1/explanations?project=dt_lung&loader=exome_pipe&record=DTL001"

    def test_it_shows_the_verdict_of_now_with_its_tree(self, magma: Magma) -> None:
        answer = get(self.ASKED).json()

        assert answer["verdict"] == "waiting"
        assert answer["checks"]["needs"]["parts"][1]["whom"] == "the sequencing core"

    def test_what_reads_restricted_data_is_not_for_lower_case_roles(self, magma: Magma) -> None:
        assert get(self.ASKED, "v:dt_lung").status_code == HTTPStatus.NOT_FOUND

    def test_another_project_looks_unknown(self, magma: Magma) -> None:
        assert get(self.ASKED, "A:labors").status_code == HTTPStatus.NOT_FOUND

    def test_a_warehouse_that_is_away_is_unavailable(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        warehouse.process.terminate()
        warehouse.process.wait()

        assert get(self.ASKED).json()["code"] == "magma_unreachable"

    def test_the_page_shows_the_same(self, magma: Magma) -> None:
        shown = page("/dt_lung/explain?loader=exome_pipe&record=DTL001")

        assert "exactly one normal exome with its fastqs" in shown

    def test_the_page_shows_the_values_seen(self, magma: Magma) -> None:
        shown = page("/dt_lung/explain?loader=exome_pipe&record=DTL001")

        assert "saw [&quot;DTL001.T1_R1.fastq.gz&quot;, &quot;DTL001.T1_R2.fastq.gz&quot;]" in shown

    def test_a_long_value_is_cut(self) -> None:
        assert Finding("present", passed=True, says="x", seen="é" * 500).shown == f'"{"é" * 199}…'

    def test_the_page_says_what_it_can_not_find(self, magma: Magma) -> None:
        assert "Magma shows no patient NOBODY" in page("/dt_lung/explain?loader=exome_pipe&record=NOBODY")


class TestWaiting:
    def test_the_page_has_it_by_whom_and_what_nobody_is_named_for_last(self) -> None:
        known: dict[str, Any] = {
            "project": "dt_lung",
            "model": "patient",
            "verdict": "waiting",
            "loader": "x",
        }
        known |= {"restricted_loader": False, "restricted_count": 0, "counted_at": now()}
        known |= {"anchors": ["DTL004"], "restricted_anchors": []}
        for label, whom, count in (("consent", "the clinic", 1), ("age", "", 9), ("fastqs", "the core", 5)):
            Gap.objects.create(label=label, whom=whom, count=count, **known)
        Gap.objects.create(label="stage", whom="the clinic", count=7, **known | {"loader": "y"})

        headings = re.findall(r"<h[23]>\s*(.*?)\s*</h[23]>", page("/dt_lung/waiting"))

        assert headings == [
            *("From the clinic", "stage", "consent", "From the core", "fastqs"),
            *("From whom is not said", "age"),
        ]

    def test_a_full_scan_counts_what_is_lacking_and_who_brings_it(self, magma: Magma) -> None:
        scans.scan_all(magma, "dt_lung", clock=now)

        gaps = {gap["what"]: gap for gap in get("/api/v1/waiting?project=dt_lung").json()["waiting"]}

        assert gaps["exactly one normal exome with its fastqs"]["count"] == 29
        assert gaps["a tumor exome with its fastqs"]["count"] == 28
        assert gaps["a tumor exome with its fastqs"]["whom"] == "the sequencing core"
        assert "DTL002" in gaps["a tumor exome with its fastqs"]["records"]

    def test_counting_again_replaces_the_count(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        scans.scan_all(magma, "dt_lung", clock=now)
        upload_normal(warehouse)

        scans.scan_all(magma, "dt_lung", clock=now)

        gap = Gap.objects.get(label="exactly one normal exome with its fastqs")
        assert gap.count + gap.restricted_count == 28

    def test_lower_case_roles_learn_nothing_of_what_is_restricted(self, magma: Magma) -> None:
        Gap.objects.create(
            project="dt_lung", model="patient", loader="x", verdict="waiting", label="consent",
            restricted_loader=False, count=1, restricted_count=1, anchors=["DTL001"],
            restricted_anchors=["DTL004"], counted_at=now(),
        )  # fmt: skip

        (lower,) = get("/api/v1/waiting?project=dt_lung", "v:dt_lung").json()["waiting"]
        (upper,) = get("/api/v1/waiting?project=dt_lung").json()["waiting"]

        assert (lower["count"], lower["records"]) == (1, ["DTL001"])
        assert (upper["count"], upper["records"]) == (2, ["DTL001", "DTL004"])
        assert "DTL004" not in page("/dt_lung/waiting", "v:dt_lung")
        assert "DTL004" in page("/dt_lung/waiting")


class TestScans:
    def test_it_says_how_many_changes_the_journal_missed(self) -> None:
        ScanCursor.objects.create(
            project="dt_lung",
            model="exome",
            disconnected=False,
            since=now(),
            read_at=now(),
            found=40,
            missed=2,
        )

        answer = get("/api/v1/scans?project=dt_lung").json()

        assert (answer["found"], answer["missed"], answer["late"]) == (40, 2, [])
        assert "The journal missed 2 of 40 changes" in page("/dt_lung/scans")

    def test_a_scan_that_is_late_is_an_alert(self, settings: Settings) -> None:
        ScanCursor.objects.create(
            project="dt_lung", model="exome", disconnected=False, since=now(), read_at=now()
        )
        settings.POLYPHEMUS_SCAN_SECONDS = 0

        assert get("/api/v1/scans?project=dt_lung").json()["late"] == ["changes of exome"]
        assert "Late: changes of exome" in page("/dt_lung/scans")

    def test_the_projects_admins_are_told_by_mail_that_a_scan_is_late(self) -> None:
        long_ago = now() - timedelta(hours=31)
        admin = Person("admin@ucsf.edu", roles=read_permissions("a:dt_lung"))
        ScanRun.objects.create(
            kind="full",
            project="dt_lung",
            model="patient",
            started_at=long_ago,
            ended_at=long_ago,
            records=30,
        )
        readers.subscribe(admin, "dt_lung", hour=8, now=now())

        digests.send_due(now=now() + timedelta(days=1))

        (told,) = Notice.objects.get(recipient="admin@ucsf.edu").context["cards"]
        assert (told["figure"], told["path"]) == (1, "/dt_lung/scans")
        assert told["says"] == "scan is late: suggestions may be missing"

    def test_the_same_figures_are_in_the_metrics_and_lateness_on_readyz(self, settings: Settings) -> None:
        read_at = now() - timedelta(hours=1)
        ScanCursor.objects.create(
            project="dt_lung", model="exome", disconnected=False, since=read_at, read_at=read_at,
            found=40, missed=2,
        )  # fmt: skip
        ScanRun.objects.create(
            kind="full", project="dt_lung", model="patient", started_at=read_at, ended_at=now(), records=30
        )

        text = Client().get("/metrics").content.decode()
        told = Client().get("/readyz").content.decode()

        assert 'polyphemus_changes_found{project="dt_lung"} 40.0' in text
        assert 'polyphemus_changes_missed{project="dt_lung"} 2.0' in text
        assert re.search(r'polyphemus_scan_age_seconds\{project="dt_lung"\} 36\d\d\.', text)
        assert re.search(r'full_scan_age_seconds\{scan="Full scan of dt_lung patient"\} 36\d\d\.', text)
        assert "Changes of dt_lung were last read to the end at" in told

    @pytest.mark.parametrize(("model", "is_late"), [("patient", True), ("of_no_loader", False)])
    def test_a_full_scan_that_is_late_is_an_alert_where_a_loader_waits(
        self, model: str, is_late: bool
    ) -> None:
        long_ago = now() - timedelta(hours=31)
        ScanRun.objects.create(
            kind="full", project="dt_lung", model=model, started_at=long_ago, ended_at=long_ago, records=30
        )

        told = Client().get("/readyz").content.decode()

        assert ("has not been complete since" in told) is is_late
        assert (f"Late: full scan of {model}" in page("/dt_lung/scans")) is is_late

    def test_one_model_that_is_read_no_more_is_late_whatever_is_read_of_the_others(self) -> None:
        for model, age in (("exome", timedelta(hours=1)), ("patient", timedelta())):
            ScanCursor.objects.create(
                project="dt_lung", model=model, disconnected=False, since=now(), read_at=now() - age
            )

        assert "Changes of dt_lung were last read to the end at" in Client().get("/readyz").content.decode()
        assert re.search(
            r'polyphemus_scan_age_seconds\{project="dt_lung"\} 36\d\d\.',
            Client().get("/metrics").content.decode(),
        )

    @pytest.mark.parametrize("values", [{"error": "Magma was away."}, {"ended_at": None}])
    def test_a_full_scan_that_failed_or_still_runs_makes_no_other_less_late(
        self, values: dict[str, Any]
    ) -> None:
        for hours, said in ((31, {}), (1, values)):
            at = now() - timedelta(hours=hours)
            ScanRun.objects.create(
                **{"kind": "full", "project": "dt_lung", "model": "patient", "started_at": at, "ended_at": at}
                | said
            )

        assert get("/api/v1/scans?project=dt_lung").json()["late"] == ["full scan of patient"]

    def test_a_loader_that_can_not_be_read_is_an_alert(self, monkeypatch: pytest.MonkeyPatch) -> None:
        known = Registry(broken=[Broken("file mine.yaml", "There is no check 'flies'.")])
        monkeypatch.setattr(registry, "current", lambda: known)

        told = Client().get("/readyz").content.decode()

        assert "file mine.yaml can't be used: There is no check" in told

    def test_of_what_waits_and_stands_only_what_is_due_and_told_is_counted(self) -> None:
        changes.tell("dt_lung", {"patient": ["DTL001", "DTL002"]}, now=now())
        changes.ripen("dt_lung", "patient", {"DTL003": now() + timedelta(hours=1)}, now=now())
        suggested("DTL001", now())
        Desk("dt_lung", "tried_out", "patient", now(), shadow=True).open([propose("DTL001")])

        text = Client().get("/metrics").content.decode()

        assert 'polyphemus_changes_pending{queue="changes"} 2.0' in text
        assert 'polyphemus_suggestions_standing{queue="suggestions"} 1.0' in text

    def test_what_is_left_is_told_by_the_rate_so_far(self) -> None:
        began = now() - timedelta(seconds=100)
        run = ScanRun(kind="full", started_at=began, records=1000, expected=4000)

        assert knowledge.rate_of(run, now=began + timedelta(seconds=100)) == 10
        assert knowledge.left_of(run, now=began + timedelta(seconds=100)) == 300

    def test_progress_is_visible_while_a_scan_runs(self) -> None:
        ScanRun.objects.create(
            kind="full", project="dt_lung", model="patient", started_at=now() - timedelta(seconds=10),
            records=1000, expected=4000, pages=2,
            verdicts={"a": {"due": 3, "waiting": 997}, "b": {"due": 1, "error": 999}},
        )  # fmt: skip
        verdicts = "Waiting for inputs: 997, Due: 4, The loader failed: 999"

        shown = " ".join(page("/dt_lung/scans").split())
        others = page("/dt_lung/scans", "v:dt_lung")

        assert "patient: 1000 / 4000, 2 pages," in shown
        assert re.search(r"\d+ / s , \d+ s", shown)
        assert verdicts in shown
        assert ("1000 / 4000" in others, verdicts in others) == (True, False)
        assert get("/api/v1/scans?project=dt_lung", "v:dt_lung").json()["running"][0]["verdicts"] == {}
        assert verdicts in page("/admin/loaders/scanrun/", "A:dt_lung;a:administration")

    @pytest.mark.parametrize("route", ["waiting", "scans", "explanations"])
    def test_another_project_looks_unknown(self, route: str) -> None:
        assert get(f"/api/v1/{route}?project=labors").status_code == HTTPStatus.NOT_FOUND
