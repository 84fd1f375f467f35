"""An analyst's track record: how earlier awards of an analysis ended, and how long they really took.

What is realistic is read from the estimates' own history: the time by which four of five such pieces of work
were done. It is shown and proposed; it decides nothing.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.models import AnalysisRequest, Bid
from dispatch.states import BidState, Outcome, Verification

#: What is longer ago says little of today.
NEWEST = 50
#: How many awards of all analyses are looked through for those of one.
LOOKED_THROUGH = 500
#: Below this nobody can say by when four of five are done.
FEWEST = 4
FIFTHS = 5
COLUMNS = (
    *("state", "estimate_seconds", "bid_at", "ended_at"),
    *("request__analysis", "request__outcome", "request__verification"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one award ended: what was promised, and what came of it."""

    state: str
    promised: int
    taken: timedelta
    outcome: str = ""
    verification: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it ended by the analyst's own ticket: other ends say nothing of the analyst."""
        return self.state == BidState.ENDED and self.outcome == Outcome.TICKET

    @property
    def share(self) -> float:
        """How long it took, as a multiple of the estimate."""
        return self.taken.total_seconds() / self.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """Counts of an analyst's newest awards of one analysis; on time means by the date first promised."""

    analyst: str
    analysis: str
    on_time: int = 0
    late: int = 0
    released: int = 0
    #: Offered to others, because no answer came when help was asked for.
    lapsed: int = 0
    #: Tickets whose output nobody has seen.
    unverified: int = 0
    #: Four of five took no longer than this multiple of their estimate; None while too few are known.
    usual_share: float | None = None
    #: The same in seconds, whatever was estimated: a program that always bids alike goes by this.
    usual_seconds: int | None = None

    @property
    def known(self) -> int:
        """How many awards it is made of."""
        return self.on_time + self.late + self.released + self.lapsed

    def realistic(self, seconds: int) -> int | None:
        """The time by which work with this estimate is done four times of five."""
        return None if self.usual_share is None else _whole(seconds * self.usual_share)

    def realistic_at(self, request: AnalysisRequest) -> datetime | None:
        """When the work that runs is realistically done."""
        if request.started_at is None or request.estimate_seconds is None:
            return None
        seconds = self.realistic(request.estimate_seconds)
        return None if seconds is None else request.started_at + timedelta(seconds=seconds)


def of(analyst: str, analysis: str) -> TrackRecord:
    """The track record of an analyst's newest awards of an analysis."""
    return judged(analyst, analysis, _endings(analyst, analysis))


def of_project(project: str) -> list[TrackRecord]:
    """Those of everybody who lately worked for a project, from that project's awards alone."""
    rows = Bid.objects.ended_awards().filter(request__project=project).select_related("request")
    endings: dict[tuple[str, str], list[Ending]] = defaultdict(list)
    for bid in rows.only("analyst", *COLUMNS)[:LOOKED_THROUGH]:
        endings[bid.analyst, bid.request.analysis].append(_ending(bid))
    return [judged(*whose, endings[whose]) for whose in sorted(endings)]


def of_holder(request: AnalysisRequest) -> TrackRecord | None:
    """That of whoever holds the request; None while nobody does."""
    return of(request.analyst, request.analysis) if request.analyst else None


def judged(analyst: str, analysis: str, endings: list[Ending]) -> TrackRecord:
    """The counts, and the share by which four of five were done."""
    done = [ending for ending in endings if ending.is_done]
    shares = [ending.share for ending in done]
    states = [ending.state for ending in endings]
    return TrackRecord(
        analyst=analyst,
        analysis=analysis,
        on_time=sum(share <= 1 for share in shares),
        late=sum(share > 1 for share in shares),
        released=states.count(BidState.RELEASED),
        lapsed=states.count(BidState.LAPSED),
        unverified=sum(ending.verification == Verification.UNVERIFIED for ending in done),
        usual_share=_four_of_five(shares),
        usual_seconds=_whole(_four_of_five([ending.taken.total_seconds() for ending in done])),
    )


def _four_of_five(values: list[float]) -> float | None:
    """What the next value stays below with four chances of five, whatever way they are spread."""
    return statistics.quantiles(values, n=FIFTHS)[-1] if len(values) >= FEWEST else None


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else max(1, math.ceil(seconds))


def _endings(analyst: str, analysis: str) -> list[Ending]:
    rows = Bid.objects.ended_awards_of(analyst).select_related("request").only(*COLUMNS)[:LOOKED_THROUGH]
    return [_ending(bid) for bid in rows if bid.request.analysis == analysis][:NEWEST]


def _ending(bid: Bid) -> Ending:
    return Ending(
        state=bid.state,
        promised=bid.estimate_seconds,
        taken=(bid.ended_at or bid.bid_at) - bid.bid_at,
        outcome=bid.request.outcome,
        verification=bid.request.verification,
    )
