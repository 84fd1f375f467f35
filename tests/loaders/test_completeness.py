"""Whatever is lost, late or twice: after the next scan the suggestions are those of the truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from loaders.models import Change, ScanCursor, Suggestion
from loaders.services import changes, scans
from magma.client import Magma
from tests.loaders.conftest import load_vcf, now, reach_another_second, upload, uploaded
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)
PATIENTS = ("DTL001", "DTL002", "DTL003")
STEPS = 14


def later() -> datetime:
    return now() + timedelta(minutes=1)


class History:
    """A random course of changes, journal entries (some lost, some twice) and scans of every kind."""

    def __init__(self, magma: Magma, warehouse: RunningWarehouse, seed: int) -> None:
        self.magma, self.warehouse, self.random = magma, warehouse, Random(seed)

    def play(self) -> None:
        for _ in range(STEPS):
            self.random.choice((self.change, self.change, self.drain, self.scan, self.sweep))()

    def change(self) -> None:
        exome = f"{self.random.choice(PATIENTS)}.{self.random.choice(('T1', 'N1'))}.exome"
        kind = self.random.randrange(6)
        if kind == 0:
            upload(self.warehouse, exome, [])
        elif kind in {4, 5}:
            sample = exome.removesuffix(".exome")
            self.warehouse.load({"exome": {exome: {"sample": None if kind == 4 else sample}}})
        elif kind == 1:
            load_vcf(self.warehouse, exome, f"{self.random.random()}.vcf")
        else:
            upload(self.warehouse, exome, uploaded(f"{exome}.{self.random.randrange(2)}"))
        for _ in range(self.random.choice((0, 1, 2))):
            changes.tell("dt_lung", {"exome": [exome]}, now=now())

    def drain(self) -> None:
        scans.judge_pending(self.magma, "dt_lung", clock=now)

    def scan(self) -> None:
        scans.scan_changes(self.magma, "dt_lung", clock=now)

    def sweep(self) -> None:
        scans.scan_all(self.magma, "dt_lung", clock=now)


def standing() -> set[tuple[str, str, str]]:
    return set(Suggestion.objects.standing().values_list("anchor", "fingerprint", "due"))


@pytest.mark.parametrize("seed", range(6))
def test_any_course_of_journal_and_scans_ends_in_the_same_suggestions(
    magma: Magma, warehouse: RunningWarehouse, seed: int
) -> None:
    scans.scan_changes(magma, "dt_lung", clock=now)
    History(magma, warehouse, seed).play()
    scans.scan_changes(magma, "dt_lung", clock=later)
    found = standing()

    wipe()
    scans.scan_all(magma, "dt_lung", clock=later)

    assert found == standing()


def wipe() -> None:
    """Forget everything that was concluded."""
    for suggestion in Suggestion.objects.all():
        suggestion.events.all().delete()
    Suggestion.objects.all().delete()
    Change.objects.all().delete()


def test_of_changes_the_journal_lost_none_is_missing_and_the_figure_is_right(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    scans.scan_changes(magma, "dt_lung", clock=now)
    reach_another_second()
    exomes = [f"DTL{number:03}.T1.exome" for number in range(6, 26)]
    normals = [name.replace("T1", "N1") for name in exomes]
    touched = [*exomes, *normals]
    warehouse.load({"exome": {name: {"raw_fastqs": uploaded(name)} for name in touched}})
    lost = Random(5).sample(touched, k=len(touched) // 20)
    changes.tell("dt_lung", {"exome": [name for name in touched if name not in lost]}, now=now())
    scans.judge_pending(magma, "dt_lung", clock=now)

    scans.scan_changes(magma, "dt_lung", clock=later)

    cursor = ScanCursor.objects.get(model="exome", disconnected=False)
    assert (cursor.found, cursor.missed) == (40, len(lost)) == (40, 2)
    assert len(standing()) == len(exomes)
