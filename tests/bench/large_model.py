"""One model of the large warehouse: encoded once for each set of attributes, given out in slices."""

from __future__ import annotations

import mmap
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from tests.bench.large_records import SEEDED_AT, fragment


@dataclass(frozen=True)
class Encoded:
    """All seeded records with some attributes, end to end; record n begins at `starts[n]`."""

    text: mmap.mmap
    starts: array[int]


@dataclass
class LargeModel:
    """Records 0 to `size`, of which some have been written or disconnected since they were seeded."""

    name: str
    size: int
    versions: dict[int, int] = field(default_factory=dict)
    stamps: dict[int, str] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    live: Sequence[int] = ()
    encoded: dict[tuple[str, ...], Encoded] = field(default_factory=dict)
    building: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.live = range(self.size)

    def touch(self, numbers: Iterable[int], stamp: str) -> None:
        """Write these records: their values and their stamps change."""
        for number in numbers:
            self.versions[number] = self.versions.get(number, 0) + 1
            self.stamps[number] = stamp

    def disconnect(self, numbers: Iterable[int]) -> None:
        """Take these records from their parents: all after them move up."""
        self.gone |= set(numbers)
        self.live = array("L", (number for number in range(self.size) if number not in self.gone))

    def changed_after(self, instant: str, *, disconnected: bool) -> Sequence[int]:
        """Numbers of the records written after an instant, in order."""
        if instant < SEEDED_AT[: len(instant)]:
            return sorted(self.gone) if disconnected else self.live
        changed = sorted(number for number, stamp in self.stamps.items() if stamp[: len(instant)] > instant)
        return [number for number in changed if (number in self.gone) is disconnected]

    def stamp(self, number: int) -> str:
        """When the record was last written."""
        return self.stamps.get(number, SEEDED_AT)

    def documents(self, numbers: Sequence[int], attributes: tuple[str, ...]) -> bytes:
        """The records as they stand between the braces of `documents`."""
        encoded = self.encoded.get(attributes) or self._encode(attributes)
        changed = sorted(self.versions)
        pieces: list[bytes] = []
        for first, last in stretches(numbers):
            pieces += self._stretch(encoded, first, last, changed, attributes)
        return b"".join(pieces).removesuffix(b",")

    def _stretch(
        self, encoded: Encoded, first: int, last: int, changed: list[int], attributes: tuple[str, ...]
    ) -> list[bytes]:
        """Slices of what was encoded, with the changed records in between encoded anew."""
        pieces: list[bytes] = []
        starts, text = encoded.starts, encoded.text
        for number in changed[bisect_left(changed, first) : bisect_left(changed, last + 1)]:
            pieces.append(text[starts[first] : starts[number]])
            pieces.append(fragment(self.name, attributes, number, self.versions[number], self.stamp(number)))
            first = number + 1
        return [*pieces, text[starts[first] : starts[last + 1]]]

    def _encode(self, attributes: tuple[str, ...]) -> Encoded:
        with self.building:
            if attributes not in self.encoded:
                self.encoded[attributes] = self._encoded(attributes)
            return self.encoded[attributes]

    def _encoded(self, attributes: tuple[str, ...]) -> Encoded:
        starts = array("Q", [0])
        with tempfile.TemporaryFile() as file:
            for number in range(self.size):
                starts.append(starts[-1] + file.write(fragment(self.name, attributes, number, 0, SEEDED_AT)))
            file.flush()
            return Encoded(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), starts)


def stretches(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Unbroken runs of ascending numbers, as first and last."""
    if isinstance(numbers, range) and numbers:
        return [(numbers[0], numbers[-1])]
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
