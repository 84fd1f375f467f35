"""The rules of a request's life, played out on one that was set aside for it: by two analysts, to its end.

Each rule goes on from where the last one left the request.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from polyphemus_analyst.conformance import ARCHIVED, AWARDED, FOUNDING, Server, expect_refused
from polyphemus_analyst.rules import BrokenRuleError, expect

AWARD, DUE = "Polyphemus-Award", "Polyphemus-Due"
ESTIMATE = "3600"


@dataclass
class Trial:
    """The request, and the two who want it; `holder` and `other` are known once one of them has won."""

    name: str
    one: Server
    two: Server
    analysis: str = ""
    holder: Server | None = None
    other: Server | None = None
    award: int = 0
    #: Under which each bid may be sent again.
    key: str = field(default_factory=lambda: f"trial-{uuid.uuid4().hex}")

    @property
    def played(self) -> tuple[Server, Server]:
        """The holder and the other; without them there is nothing to try."""
        if self.holder is None or self.other is None:
            raise BrokenRuleError("nobody has won it")
        return self.holder, self.other

    def body(self, **more: Any) -> dict[str, Any]:
        """What names the request, and whatever else is said."""
        return {"analysis": self.analysis, "name": self.name, **more}

    def bid(self, server: Server, repeat: str = "", time: str = ESTIMATE) -> httpx.Response:
        """An offer by one of the two."""
        return server.post("bids", repeat, **self.body(analyst=server.analyst, time=time))

    def document(self, server: Server) -> dict[str, Any]:
        """The request as one of the two is shown it."""
        answer = server.get(f"requests/{self.name}")
        expect(answer.status_code == httpx.codes.OK, f"HTTP {answer.status_code} for its document")
        return dict(answer.json())


def said(answer: httpx.Response, word: str) -> None:
    """Expect a good answer with this message."""
    expect(answer.status_code == httpx.codes.OK, f"HTTP {answer.status_code} for {word}")
    message = answer.json().get("message")
    expect(message == word, f"the message is {message!r}, not {word!r}")


def told_no(answer: httpx.Response, code: str) -> None:
    """Expect a bid to be refused with this code."""
    document = expect_refused(answer, 409)
    found = document.get("message"), document["code"]
    expect(found == ("no", code), f"message and code are {found}")


def award_in(answer: httpx.Response) -> int:
    """The number of the award in a good answer to a bid."""
    said(answer, "go")
    number = answer.headers.get(AWARD, "")
    expect(number.isascii() and number.isdigit(), f"{AWARD} is {number!r}")
    due = answer.headers.get(DUE, "")
    expect(due and datetime.fromisoformat(due).tzinfo, f"{DUE} is {due!r}")
    return int(number)


def it_is_open_under_its_address(trial: Trial) -> None:
    """The request is shown as new, under its address and in the list."""
    document = trial.document(trial.one)
    trial.analysis = str(document.get("analysis", ""))
    expect(document.get("status") == "new", f"its status is {document.get('status')!r}")
    expect(list(document) == FOUNDING, f"its members are {list(document)}")
    listed = trial.one.get("requests", analysis=trial.analysis).json()["requests"]
    expect(trial.name in [one["name"] for one in listed], "the list lacks it")


def of_two_bids_at_once_one_wins(trial: Trial) -> None:
    """Of two bids at once one gets go, its award's number and due instant; the other gets no."""
    both = trial.one, trial.two
    with ThreadPoolExecutor(len(both)) as pool:
        answers = list(pool.map(lambda server: trial.bid(server, trial.key), both))
    statuses = [answer.status_code for answer in answers]
    expect(sorted(statuses) == [httpx.codes.OK, httpx.codes.CONFLICT], f"HTTP {statuses}")
    first = statuses.index(httpx.codes.OK)
    trial.holder, trial.other = both[first], both[1 - first]
    trial.award = award_in(answers[first])
    told_no(answers[1 - first], "already_awarded")


def the_winner_gets_go_again(trial: Trial) -> None:
    """The winner that repeats its bid gets go and the same award; the other still gets no."""
    holder, other = trial.played
    number = award_in(trial.bid(holder))
    expect(number == trial.award, f"award {trial.award} has become {number}")
    told_no(trial.bid(other), "already_awarded")


def a_repeated_call_is_answered_alike(trial: Trial) -> None:
    """Under one Idempotency-Key the same bid is answered alike, and another is refused."""
    holder, _ = trial.played
    number = award_in(trial.bid(holder, trial.key))
    expect(number == trial.award, f"award {trial.award} has become {number}")
    expect_refused(trial.bid(holder, trial.key, time="7200"), 409, 422)


def the_document_says_who_has_it(trial: Trial) -> None:
    """Its document names the holder and dates; a due date shown is no later than the instant that counts."""
    holder, other = trial.played
    answer = other.get(f"requests/{trial.name}")
    document = answer.json()
    expect(list(document) == FOUNDING + AWARDED, f"its members are {list(document)}")
    found = document["status"], document["analyst"]
    expect(found == ("running", holder.analyst), f"status and analyst are {found}")
    shown = datetime.strptime(document["due-date"], "%Y-%m-%d@%H:%M").replace(tzinfo=UTC)
    due = datetime.fromisoformat(answer.headers.get(DUE, ""))
    expect(shown <= due, f"{document['due-date']} is shown, {due} counts")


def others_change_nothing(trial: Trial) -> None:
    """Whoever does not hold it neither ends it, nor gives it back, nor gets it more time."""
    holder, other = trial.played
    for route, more in (("tickets", {}), ("releases", {"reason": "trial"}), ("extensions", {"time": "60"})):
        expect_refused(other.post(route, **trial.body(**more)), 403, 404, 409)
    document = trial.document(holder)
    found = document["status"], document["analyst"]
    expect(found == ("running", holder.analyst), f"status and analyst are {found}")


def more_time_is_given_or_asked_for(trial: Trial) -> None:
    """The holder that asks for more time has it later due, or is told that somebody was asked."""
    holder, _ = trial.played
    before = datetime.fromisoformat(trial.bid(holder).headers.get(DUE, ""))
    answer = holder.post("extensions", **trial.body(time="60"))
    if answer.status_code == httpx.codes.ACCEPTED:
        expect(answer.json().get("message") == "asked", f"the message is {answer.json().get('message')!r}")
        return
    said(answer, "extended")
    due = datetime.fromisoformat(answer.headers.get(DUE, ""))
    expect(due > before, f"it is due at {due}, and was at {before}")


def what_is_given_back_is_open(trial: Trial) -> None:
    """What its holder gives back is new, and names nobody."""
    holder, other = trial.played
    said(holder.post("releases", **trial.body(reason="The trial goes on.")), "released")
    document = trial.document(other)
    expect(document["status"] == "new", f"its status is {document['status']!r}")
    expect(list(document) == FOUNDING, f"its members are {list(document)}")


def the_next_award_has_the_next_number(trial: Trial) -> None:
    """Whoever wins it then gets a higher number."""
    former, other = trial.played
    number = award_in(trial.bid(other))
    expect(number > trial.award, f"award {number} follows award {trial.award}")
    trial.holder, trial.other = other, former


def a_former_holder_ends_nothing(trial: Trial) -> None:
    """The ticket of a former holder is refused, whether or not it names its award; the request goes on."""
    holder, former = trial.played
    naming: tuple[dict[str, int], ...] = ({}, {"award": trial.award})
    for more in naming:
        answer = former.post("tickets", **trial.body(**more))
        document = expect_refused(answer, 409)
        expect(document["code"] == "award_lost", f"the code is {document['code']!r}")
    found = trial.document(former)
    expect((found["status"], found["analyst"]) == ("running", holder.analyst), f"it is {found['status']!r}")


def a_ticket_ends_it(trial: Trial) -> None:
    """The holder's ticket archives it, and its document stays where it was."""
    holder, other = trial.played
    said(holder.post("tickets", **trial.body()), "archived")
    document = trial.document(other)
    found = document["status"], document.get("outcome")
    expect(found == ("archived", "ticket"), f"status and outcome are {found}")
    expect(list(document) == FOUNDING + AWARDED + ARCHIVED, f"its members are {list(document)}")


def what_has_ended_takes_no_bid(trial: Trial) -> None:
    """A bid for what has ended gets no, from whomever."""
    for server in trial.played:
        told_no(trial.bid(server), "archived")


def its_record_can_be_verified(trial: Trial) -> None:
    """Its completion record names holder and outcome, under a signature of the published key."""
    holder, other = trial.played
    signed = other.get(f"requests/{trial.name}/record").json()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(other.get("record-key").json()["public_key"]))
    text = json.dumps(signed["record"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        key.verify(base64.b64decode(signed["signature"]), text.encode())
    except InvalidSignature as error:
        raise BrokenRuleError("the key did not make its signature") from error
    found = signed["record"]["analyst"], signed["record"]["outcome"]
    expect(found == (holder.analyst, "ticket"), f"analyst and outcome are {found}")


RULES: tuple[Callable[[Trial], None], ...] = (
    it_is_open_under_its_address,
    of_two_bids_at_once_one_wins,
    the_winner_gets_go_again,
    a_repeated_call_is_answered_alike,
    the_document_says_who_has_it,
    others_change_nothing,
    more_time_is_given_or_asked_for,
    what_is_given_back_is_open,
    the_next_award_has_the_next_number,
    a_former_holder_ends_nothing,
    a_ticket_ends_it,
    what_has_ended_takes_no_bid,
    its_record_can_be_verified,
)
