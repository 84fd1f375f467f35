"""The story's part about orphans: listed, adopted, reviewed, copied, removed, and loaded again by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from magma.demo.loading import file
from polyphemus_site.demo.cast import PROJECT, Cast
from polyphemus_site.demo.narration import Narrator, show, show_page
from polyphemus_site.demo.web import Browser

SEEN_SECONDS = 25.0
REMOVED_SECONDS = 30.0
#: A sample whose patient the upload forgot, with the exome below it.
STRAY = "DTL099.T1"
ADMIN = "/admin/orphans/orphan/"


@dataclass
class OrphanPart:
    """Everything that happens to orphans, seen over HTTP."""

    cast: Cast
    narrator: Narrator

    def play(self) -> None:
        """A detached sample finds its parent; a stray one goes, and could come back."""
        self.adopted_by_a_click("DTL007.N1")
        self.removed_after_review()

    def adopted_by_a_click(self, record: str) -> None:
        """A record loses its parent, its parent is proposed, and a person's own browser adopts it."""
        self.narrator.begin(f"(d) {record} loses its parent; the orphan is listed.")
        self.cast.warehouse.load({"sample": {record: {"patient": None}}})
        orphan = self.listed(record)
        self.narrator.changed("orphan", orphan)
        show(
            "the project's one suggestion", self.cast.curator.get("/api/v1/orphans", project=PROJECT)["card"]
        )

        self.narrator.begin(
            "Its likely parents are proposed: by naming rules, the journal, names and siblings."
        )
        path = f"/api/v1/orphans/{orphan['id']}"
        parents = self.cast.curator.get(f"{path}/parents")["parents"]
        show("likely parents", parents)

        self.narrator.begin(
            "One click: it is noted here, and the person's browser sends the update to Magma."
        )
        review = self.cast.curator.post(f"{path}/adopt", {"parent": parents[0]["parent"]})
        show("what the browser sends", review["updates"])
        browser = Browser(self.cast.curator)
        for update in review["updates"]:
            status = browser.send_update(review["magma"], update)
        self.cast.curator.post(f"/api/v1/reviews/{review['id']}/sent", {"status": status})
        self.narrator.until("the adoption", lambda: self.named(record, "adopted"), seconds=SEEN_SECONDS)
        show_page("what the page says", browser.open(f"/{PROJECT}/orphans/reviews/{review['id']}"), most=18)

    def removed_after_review(self) -> None:
        """An upload gone awry is reviewed in the admin and removed after a verified copy."""
        self.narrator.begin(f"An upload forgets the patient of {STRAY}; a curator finds it in the admin.")
        self.cast.warehouse.load(stray())
        orphan = self.listed(STRAY)
        browser = Browser(self.cast.curator)
        show_page("the admin", browser.open(f"{ADMIN}?q={STRAY}"))

        self.narrator.begin("The action “Review the selected orphans” leads to the review.")
        chosen = {"action": "begin_review", "_selected_action": str(orphan["id"])}
        show_page("the review", browser.submit(ADMIN, **chosen))
        path = f"/api/v1/reviews/{browser.where.rpartition('/')[2]}"

        self.narrator.begin("The curator types the exact number; a copy is made and compared, then they go.")
        confirm = self.cast.curator.get(path)["confirm"]
        browser.submit(browser.where, decision="remove", confirm=confirm)
        done = self.narrator.until(
            "the end of the removal", lambda: self.ended(path), seconds=REMOVED_SECONDS
        )
        show("what became of it", {name: done[name] for name in ("status", "fates", "bundles")})
        show_page("the copies", browser.open(f"/{PROJECT}/orphans/bundles"))

        self.narrator.begin("The bundle says how to load it all again; somebody does, by hand.")
        undo = self.cast.curator.get(f"{path}/undo")
        show("undo", undo)
        for body in undo["updates"]:
            self.cast.warehouse.load(body["revisions"])
        self.listed(STRAY)

    def listed(self, record: str) -> dict[str, Any]:
        """The orphan, once it is listed."""
        return self.narrator.until(
            f"the orphan {record} in the list", lambda: self.named(record, "open"), seconds=SEEN_SECONDS
        )

    def named(self, record: str, status: str) -> dict[str, Any] | None:
        """The orphan of this name in this state, if there is one."""
        answer = self.cast.curator.get("/api/v1/orphans", project=PROJECT, status=status, text=record)
        return next((each for each in answer["orphans"] if each["record"] == record), None)

    def ended(self, path: str) -> dict[str, Any] | None:
        """The review, once it is done."""
        review: dict[str, Any] = self.cast.curator.get(path)
        return review if review["status"] == "done" else None


def stray() -> dict[str, dict[str, dict[str, Any]]]:
    """The sample and what hangs below it."""
    exome = f"{STRAY}.exome"
    fastqs = [file(f"{PROJECT}/sequence/{STRAY}_R{mate}.fastq.gz") for mate in (1, 2)]
    return {
        "sample": {STRAY: {"tumor_type": "Adenocarcinoma", "weight": 1.5}},
        "exome": {exome: {"sample": STRAY, "raw_fastqs": fastqs}},
    }
