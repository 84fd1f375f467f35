"""The founding story, told over HTTP: every step is observed or the demo fails, naming it.

Nothing here reaches into the application: people and analysts are HTTP clients, the warehouse and the mail
are read from outside, and every wait is for something a stranger could see.
"""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_string, policy
from functools import partial
from pathlib import Path
from typing import Any

from magma.demo.loading import file
from polyphemus_site.demo import cron
from polyphemus_site.demo.cast import RIVAL, Cast
from polyphemus_site.demo.narration import Narrator, show
from polyphemus_site.demo.orphans import OrphanPart
from polyphemus_site.demo.processes import Process

PROJECT = "dt_lung"
VERSION_2 = "application/vnd.polyphemus.v2+json"
SEEN_SECONDS = 25.0
ARCHIVED_SECONDS = 30.0
#: So short that the whole way from award to deferral fits into the demo.
HASTY_ESTIMATE = 4


def mates(tube: str) -> list[dict[str, str]]:
    """Both fastqs of a tube, as they lie in Metis."""
    return [file(f"{PROJECT}/sequence/{tube}_R{mate}.fastq.gz") for mate in (1, 2)]


def as_read(mail: str) -> dict[str, Any]:
    """A mail as its reader sees it: who, what about, and the lines of its text."""
    letter = message_from_string(mail, policy=policy.default)
    text = letter.get_body(("plain",))
    lines = text.get_content().splitlines() if text else []
    return {"from": letter["From"], "to": letter["To"], "subject": letter["Subject"], "text": lines}


def without_receipt(suggestion: dict[str, Any]) -> dict[str, Any]:
    """A suggestion less the tree of checks behind it, which fills a screen; `manage.py explain` shows it."""
    return {key: value for key, value in suggestion.items() if key != "receipt"}


@dataclass
class Story:
    """The four parts, in order; each takes its own patient."""

    cast: Cast
    narrator: Narrator
    mailbox: Path

    def play(self) -> None:
        """Tell all of it."""
        self.finished_work()
        self.unfinished_work()
        self.loaded_by_hand()
        OrphanPart(self.cast, self.narrator).play()

    # --- (a) ----------------------------------------------------------------------------------------------
    def finished_work(self) -> None:
        """Fastqs arrive, suggestions are accepted, two analysts do the work, the requests are archived."""
        self.narrator.begin("(a) Fastqs of DTL005 and DTL009 are uploaded; Magma tells the journal.")
        for patient in ("DTL005", "DTL009"):
            self.upload_fastqs(patient)
        suggestions = [self.suggested(patient) for patient in ("DTL005", "DTL009")]

        self.narrator.begin(f"{self.cast.requester.email} accepts the suggestions.")
        first, second = (self.accepted(suggestion) for suggestion in suggestions)

        self.narrator.begin(
            "An analyst's program polls, bids, gets its go, runs the pipeline and submits the ticket."
        )
        program = self.cast.start_analyst(estimate=600)
        self.narrator.until("the award", lambda: self.holder(first), seconds=ARCHIVED_SECONDS)
        other = self.beside(second)
        self.archived(first, outcome="ticket")
        self.archived(second, outcome="ticket")
        for each in (program, other):
            self.finished(each)

        self.narrator.begin("The loader's check looks at once, and sees the output.")
        for name in (first, second):
            self.narrator.until("the verified output", partial(self.verified, name), seconds=SEEN_SECONDS)

    def beside(self, name: str) -> Process:
        """Another analyst takes the second request meanwhile, with the recipe for cron where that can run."""
        round_ = self.cast.start_cron()
        if round_ is None:
            lacks = ", ".join(cron.lacking())
            self.narrator.begin(
                f"This machine has no {lacks}: the same program does the second request, too."
            )
            return self.cast.start_analyst(estimate=600)
        self.narrator.begin(
            "Beside it a second analyst runs the five lines for cron: curl and openssl alone."
        )
        self.narrator.until(
            f"{name} taken by {RIVAL}", lambda: self.holder(name) == RIVAL, seconds=ARCHIVED_SECONDS
        )
        return round_

    # --- (b) ----------------------------------------------------------------------------------------------
    def unfinished_work(self) -> None:
        """An analyst never finishes: extended by a tenth, deferred, mailed, cancelled."""
        self.narrator.begin("(b) Another request; its analyst bids a few seconds and never finishes.")
        self.upload_fastqs("DTL008")
        suggestion = self.suggested("DTL008")
        request = self.cast.requester.post(f"/api/v1/suggestions/{suggestion['id']}/accept", {})
        name = request["name"]
        self.narrator.changed("request", request)
        show("the bid's answer", self.cast.bid(name, seconds=HASTY_ESTIMATE))

        self.narrator.begin("The due date passes: ten per cent more, then a longer wait, then deferred.")
        self.narrator.until("the extension by 10%", lambda: self.extended(name), seconds=SEEN_SECONDS)
        self.narrator.until("the deferral", lambda: self.with_status(name, "deferred"), seconds=SEEN_SECONDS)

        self.narrator.begin("The requester is told by mail.")
        mail = self.narrator.until("the mail", lambda: self.mail_about(name), seconds=SEEN_SECONDS)
        show("mail", as_read(mail))

        self.narrator.begin("The requester cancels; the request is archived.")
        self.cast.requester.post(f"/api/v1/requests/{name}/cancel", {})
        self.archived(name, outcome="cancelled")

    # --- (c) ----------------------------------------------------------------------------------------------
    def loaded_by_hand(self) -> None:
        """Output loaded with no request: the suggestion closes itself."""
        self.narrator.begin("(c) Fastqs of DTL006 arrive, and somebody loads the output by hand.")
        self.upload_fastqs("DTL006")
        suggestion = self.suggested("DTL006")
        self.cast.warehouse.load({"exome": {"DTL006.T1.exome": {"vcf": file(f"{PROJECT}/calls/DTL006.vcf")}}})
        closed = self.narrator.until(
            "the suggestion closing itself", lambda: self.closed(suggestion["id"]), seconds=SEEN_SECONDS
        )
        self.narrator.changed("suggestion", without_receipt(closed))

    # --- what is looked at --------------------------------------------------------------------------------
    def upload_fastqs(self, patient: str) -> None:
        """Give the patient's tumor and normal exomes both mates of their fastqs, as a person would."""
        tubes = (f"{patient}.T1", f"{patient}.N1")
        self.cast.warehouse.load({"exome": {f"{tube}.exome": {"raw_fastqs": mates(tube)} for tube in tubes}})

    def suggested(self, patient: str) -> dict[str, Any]:
        """The open suggestion for the patient, once it is there."""

        def look() -> dict[str, Any] | None:
            answer = self.cast.requester.get("/api/v1/suggestions", project=PROJECT, record=patient)
            return next(iter(answer["suggestions"]), None)

        found = self.narrator.until(f"a suggestion for {patient}", look, seconds=SEEN_SECONDS)
        self.narrator.changed("suggestion", found)
        return found

    def accepted(self, suggestion: dict[str, Any]) -> str:
        """The name of the request that a suggestion becomes."""
        request = self.cast.requester.post(f"/api/v1/suggestions/{suggestion['id']}/accept", {})
        self.narrator.changed("request", request)
        return str(request["name"])

    def holder(self, name: str) -> str:
        """Who was awarded it; nobody, while it is open."""
        return str(self.document(name).get("analyst", ""))

    def document(self, name: str) -> dict[str, Any]:
        """The request's document, shown when it has changed."""
        document: dict[str, Any] = self.cast.requester.get(f"/api/v1/requests/{name}")
        self.narrator.changed(name, document)
        return document

    def detailed(self, name: str) -> dict[str, Any]:
        """The request's version 2 document, with its history."""
        document: dict[str, Any] = self.cast.requester.get(f"/api/v1/requests/{name}", accept=VERSION_2)
        return document

    def with_status(self, name: str, status: str) -> dict[str, Any] | None:
        """The document, if it stands at `status`."""
        document = self.document(name)
        return document if document["status"] == status else None

    def archived(self, name: str, *, outcome: str) -> None:
        """Wait until the request is archived with this outcome."""

        def look() -> bool:
            document = self.document(name)
            return (document["status"], document.get("outcome")) == ("archived", outcome)

        self.narrator.until(f"{name} archived as {outcome}", look, seconds=ARCHIVED_SECONDS)

    def verified(self, name: str) -> bool:
        """Whether the check after the ticket has seen the output."""
        return bool(self.detailed(name).get("verification") == "verified")

    def extended(self, name: str) -> bool:
        """Whether the timeline holds the extension by a tenth of the estimate."""
        self.document(name)
        return any(event["kind"] == "extended" for event in self.detailed(name)["history"])

    def mail_about(self, name: str) -> str | None:
        """The text of the first mail that names the request and its deferral."""
        letters = (letter.read_text(encoding="utf-8") for letter in sorted(self.mailbox.glob("*")))
        return next((text for text in letters if name in text), None)

    def closed(self, suggestion: int | str) -> dict[str, Any] | None:
        """The suggestion, once it is closed."""
        found: dict[str, Any] = self.cast.requester.get(f"/api/v1/suggestions/{suggestion}")
        return found if found["status"] == "closed" else None

    def finished(self, program: Process) -> None:
        """Wait for the analyst's program to end well."""
        program.wait(seconds=ARCHIVED_SECONDS)
        program.require_alive()
