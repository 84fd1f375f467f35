"""What judging a page comes to before anything is written: values passed from the bench to the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from loaders.gaps import Gaps
from loaders.states import STANDING, SuggestionStatus


class Gist(msgspec.Struct, frozen=True, kw_only=True):
    """What a suggestion says: while this is the same, nothing is written."""

    #: The anchor, or the record that a batch of anchors shares.
    anchor: str
    loader_version: str
    due: str
    reason: str
    restricted: bool
    fingerprint: str
    #: A cheap digest of the loader and of all that was read.
    touch: str
    #: Due anchor -> fingerprint.
    members: Mapping[str, str]


class Proposal(Gist, frozen=True, kw_only=True):
    """A whole suggestion as it should stand."""

    analysis: str
    output_key: str
    output: str
    config: Mapping[str, Any]
    #: Spelled already: loaders of a page share the parts.
    receipt: msgspec.Raw | Mapping[str, Any]
    records: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Retouch:
    """What a suggestion starts from and rests on, brought up to date without a word: it says what it said."""

    id: int
    touch: str
    analysis: str
    output_key: str
    output: str
    config: Mapping[str, Any]
    records: Sequence[str]


class Known(msgspec.Struct, frozen=True):
    """The latest suggestion there is for an anchor or batch."""

    pk: int
    status: SuggestionStatus
    gist: Gist

    @property
    def stands(self) -> bool:
        """Open or snoozed."""
        return self.status in STANDING

    def says(self, gist: Gist) -> bool:
        """Whether it says already what the other would, however often the records were touched."""
        return _told(self.gist) == _told(gist)


def _told(gist: Gist) -> tuple[object, ...]:
    # the members besides their fingerprint, which covers no names where inputs lie behind a link
    return (gist.fingerprint, gist.members, gist.loader_version, gist.due, gist.reason, gist.restricted)


@dataclass
class Draft:
    """What one loader's judging of a page came to."""

    counts: Counter[str] = field(default_factory=Counter)
    open: list[Proposal] = field(default_factory=list)
    refresh: list[Proposal] = field(default_factory=list)
    #: Anchor or batch -> why its suggestion ends.
    close: dict[str, str] = field(default_factory=dict)
    #: Of standing ones that say what they should, drawn from other writes or by a loader written otherwise.
    retouch: list[Retouch] = field(default_factory=list)
    #: Anchor -> when time alone may change its verdict.
    ripens: dict[str, datetime] = field(default_factory=dict)
    #: Anchors with an open request whose output is there.
    made: list[str] = field(default_factory=list)
    #: What is waited for, where that is counted.
    gaps: Gaps = field(default_factory=dict)
