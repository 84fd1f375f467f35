"""A project in which something of everything is going on, written as the program itself writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.models import AnalysisRequest
from dispatch.services import requests
from dispatch.states import Outcome, RequestStatus
from loaders.models import Gap, ScanCursor, ScanRun, Suggestion
from loaders.services import suggestions
from loaders.services.rows import Desk
from loaders.states import ScanKind, Verdict
from polyphemus_site.home.readers import subscribe
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from tests.dispatch.conftest import bid, send_ticket
from tests.loaders.rows import propose
from tests.polyphemus_site.home import rows

DOCTOR, RIVAL, ANALYST = "dr.who@ucsf.edu", "rival@ucsf.edu", "saurabh.asthana@ucsf.edu"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REASON = "Fastqs of tumor and normal are there, and well-formed; no vcf yet."
TREE = {
    "needs": {
        "passed": True,
        "check": "all",
        "says": {"say": "all of these"},
        "parts": [
            {"check": "files", "passed": True, "says": "LABORS-7.T1.exome has 2 files in raw_fastqs"},
            {
                "check": "files",
                "passed": True,
                "says": "LABORS-7.N1.exome has 2 files in raw_fastqs",
                "whom": "the core",
            },
        ],
    },
    "wellformed": {"check": "mates", "passed": True, "says": "both mates of every fastq are there"},
    "outputs": {"check": "files", "passed": False, "says": "vcf is empty"},
}


@dataclass(frozen=True)
class Lively:
    """Where to look."""

    project: str
    suggestion: Suggestion


def make(project: str, now: datetime) -> Lively:
    """Fill a project."""
    first = _suggestions(project, now)
    _requests(project, now)
    _scans(project, now)
    for number in range(3):
        rows.orphan(f"LOST-{number}", now=now, project=project).save()
    person = Person(DOCTOR, roles=read_permissions(f"e:{project}"))
    subscribe(person, project, hour=8, now=now)
    decided = decisions.change(project, Decided(loaders_off=("verify_md5",)), actor=RIVAL, now=now - DAY)
    wanted = Decided(("verify_md5",), ("sc_process",), 40, 7, "America/Los_Angeles", decided.version)
    decisions.change(project, wanted, actor=DOCTOR, now=now)
    return Lively(project, first)


def _suggestions(project: str, now: datetime) -> Suggestion:
    old = now - 20 * DAY
    for loader, analysis, at in (("exome_pipe", "exome_pipe", now), ("exome_other", "exome_other", old)):
        receipt = {"receipt": {"anchors": {"LABORS-7": TREE}}}
        config = {"inputs": ["LABORS-7.T1.exome", "LABORS-7.N1.exome"], "params": {"genome": "GRCh38"}}
        made = [
            propose(name, analysis=analysis, reason=REASON, config=config, **receipt)
            for name in ("LABORS-7", "LABORS-8", "LABORS-9", "LABORS-10")
        ]
        Desk(project, loader, "patient", at).open(made)
    found = {
        (one.loader, one.anchor): one for one in Suggestion.objects.filter(project=project).order_by("pk")
    }
    put_away = found["exome_other", "LABORS-9"]
    suggestions.wave_away(put_away, person=RIVAL, reason="Done elsewhere", now=now)
    suggestions.dismiss(found["exome_other", "LABORS-8"], person=RIVAL, reason="Not needed", now=now)
    suggestions.accept(found["exome_pipe", "LABORS-10"], person=DOCTOR, name="labors_10_pair", now=now)
    return found["exome_pipe", "LABORS-7"]


def _requests(project: str, now: datetime) -> None:
    def publish(name: str, at: datetime, **more: Any) -> AnalysisRequest:
        inputs = ["LABORS-7.T1.exome", "LABORS-7.N1.exome"]
        about = {"analysis": "exome_pipe", "project": project, "inputs": inputs, "requester": DOCTOR}
        return requests.submit(**about | more, name=name, now=at)

    bid(publish("labors_7_running", now - HOUR), ANALYST, now=now - HOUR / 2, seconds=7200)
    bid(publish("labors_7_late", now - 3 * HOUR), ANALYST, now=now - 2 * HOUR, seconds=3600)
    deferred = publish("labors_7_deferred", now - DAY)
    bid(deferred, ANALYST, now=now - DAY + HOUR, seconds=3600)
    AnalysisRequest.objects.filter(pk=deferred.pk).update(
        status=RequestStatus.DEFERRED, wake_at=None, due_stage=""
    )
    done = publish("labors_6_done", now - 9 * DAY)
    bid(done, ANALYST, now=now - 9 * DAY + HOUR, seconds=3600)
    send_ticket(done, ANALYST, now=now - 9 * DAY + 1.5 * HOUR)
    for week in range(2, 11):
        for number in range(week % 4 + 1):
            late = HOUR * (2 if number == 0 and week % 2 else 0.5)
            rows.ended(f"old_{week}_{number}", now=now - week * 7 * DAY, after=late, project=project).save()
    at = now - 3 * DAY
    rows.ended("old_cancelled", now=at, after=HOUR, outcome=Outcome.CANCELLED, project=project).save()


def _scans(project: str, now: datetime) -> None:
    for model, found, missed in (("patient", 1041, 2), ("exome", 9022, 1)):
        ScanCursor.objects.create(
            project=project,
            model=model,
            disconnected=False,
            since=now,
            read_at=now - timedelta(seconds=50),
            found=found,
            missed=missed,
        )
        ScanRun.objects.create(
            kind=ScanKind.FULL,
            project=project,
            model=model,
            started_at=now - 7 * HOUR,
            ended_at=now - 6.8 * HOUR,
            records=found,
            expected=found,
        )
    Gap.objects.create(
        project=project,
        model="patient",
        loader="exome_pipe",
        verdict=Verdict.WAITING,
        label="fastqs of the normal",
        whom="the sequencing core",
        restricted_loader=False,
        count=12,
        restricted_count=0,
        anchors=[f"LABORS-{number}" for number in range(20, 32)],
        restricted_anchors=[],
        counted_at=now - 7 * HOUR,
    )
