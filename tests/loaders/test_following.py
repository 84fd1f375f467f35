"""Scans and suggestions follow what a project's admins decide."""

from __future__ import annotations

from datetime import datetime

import pytest

from loaders import shadows
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.models import Suggestion
from loaders.services import following
from loaders.services.verdicts import Engine
from loaders.states import SuggestionStatus
from magma.client import Magma
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level, Role
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from tests.loaders.conftest import PATIENT, now, upload_normal
from tests.loaders.rows import suggested
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)
CURATOR = Person("curator@ucsf.edu", roles={"dt_lung": Role(Level.EDITOR, restricted=True)})
OFF = Decided(loaders_off=("exome_pipe",))
TRIED = Decided(loaders_shadow=("exome_pipe",))


def judge(magma: Magma) -> dict[str, dict[str, int]]:
    engine = Engine.of(magma, "dt_lung", [ExomePipe()])
    return engine.judge_names("patient", [PATIENT], now=now()).plain()


def decide(wanted: Decided, at: datetime) -> None:
    decisions.change("dt_lung", wanted, actor=CURATOR.email, now=at)


def seen() -> list[str]:
    shown = Suggestion.objects.visible_to(CURATOR, ["dt_lung"]).standing()
    return list(shown.values_list("loader", flat=True))


def test_a_loader_that_is_off_judges_nothing(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    decide(OFF, now())

    assert judge(magma) == {}
    assert not Suggestion.objects.exists()


def test_a_loader_off_in_one_project_judges_the_others(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    decisions.change("labors", OFF, actor=CURATOR.email, now=now())

    assert judge(magma) == {"exome_pipe": {"due": 1}}


def test_a_loader_tried_out_judges_and_tells_nobody_but_the_page_that_compares(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)
    decide(TRIED, now())

    assert judge(magma) == {"exome_pipe": {"due": 1}}
    assert seen() == []
    (compared,) = shadows.compared(CURATOR, "dt_lung", [ExomePipe()])
    assert [one.anchor for one in compared.added] == [PATIENT]


def test_what_stood_open_is_closed_with_its_reason_when_its_loader_is_switched_off(now: datetime) -> None:
    suggested("DTL001", now)
    suggested("DTL001", now, loader="other", analysis="other")
    decide(OFF, now)

    following.follow_all(now=now)

    closed = Suggestion.objects.get(loader="exome_pipe")
    assert (closed.status, closed.because) == (SuggestionStatus.CLOSED, following.SWITCHED_OFF)
    assert seen() == ["other"]


def test_what_stood_open_hides_while_its_loader_is_tried_out_and_shows_again_after(now: datetime) -> None:
    suggested("DTL001", now)
    decide(TRIED, now)
    following.follow("dt_lung", now=now)
    hidden = seen()
    decide(Decided(version=1), now)
    following.follow("dt_lung", now=now)

    assert (hidden, seen()) == ([], ["exome_pipe"])


def test_a_shadow_whose_loader_is_gone_never_comes_to_light(now: datetime) -> None:
    suggested("DTL001", now, loader="vanished")
    Suggestion.objects.update(shadow=True)
    decide(OFF, now)

    following.follow("dt_lung", now=now)

    assert seen() == []


def test_following_twice_writes_nothing_more(now: datetime) -> None:
    suggested("DTL001", now)
    decide(TRIED, now)

    assert (following.follow("dt_lung", now=now), following.follow("dt_lung", now=now)) == (1, 0)
