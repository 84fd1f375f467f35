"""A loader that is only tried out: judged like the live one, told to nobody, compared on a page."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from loaders import registry, shadows
from loaders.checks import Matches
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.models import Suggestion
from loaders.registry import Registry
from loaders.services import suggestions
from loaders.services.verdicts import Engine
from magma.client import Magma
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level, Role
from tests.loaders.conftest import PATIENT, load_vcf, now, upload_normal
from tests.magma.demo_fixture import RunningWarehouse
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db(transaction=True)
CLEARED = Person(email="curator@ucsf.edu", roles={"dt_lung": Role(Level.EDITOR, restricted=True)})


class Same(ExomePipe):
    name = "exome_pipe_2"
    shadow_of = "exome_pipe"


class Stricter(Same):
    scope = Matches("::identifier", "DTL9.*")  # type: ignore[assignment]  # another kind of check than above


def judge(magma: Magma, shadow: ExomePipe) -> dict[str, dict[str, int]]:
    return (
        Engine.of(magma, "dt_lung", [ExomePipe(), shadow])
        .judge_names("patient", [PATIENT], now=now())
        .plain()
    )


def test_it_is_in_no_list(magma: Magma, warehouse: RunningWarehouse, settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    upload_normal(warehouse)
    judge(magma, Same())
    client = Client(headers={"Authorization": f"Etna {token(perm='E:dt_lung')}"})
    shadow = Suggestion.objects.get(loader="exome_pipe_2")

    listed = client.get("/api/v1/suggestions?project=dt_lung").json()["suggestions"]

    assert [one["loader"] for one in listed] == ["exome_pipe"]
    assert listed[0]["alternatives"] == []
    assert client.get(f"/api/v1/suggestions/{shadow.pk}").status_code == 404
    accepted = client.post(f"/api/v1/suggestions/{shadow.pk}/accept", "{}", content_type="application/json")
    assert accepted.status_code == 404


def test_it_counts_the_live_loaders_requests_as_its_own(
    magma: Magma, warehouse: RunningWarehouse, requester: str
) -> None:
    upload_normal(warehouse)
    judge(magma, Same())
    suggestions.accept(Suggestion.objects.get(loader="exome_pipe"), person=requester, now=now())

    assert judge(magma, Same()) == {"exome_pipe": {"in_progress": 1}, "exome_pipe_2": {"in_progress": 1}}


def test_it_archives_nothing(magma: Magma, warehouse: RunningWarehouse, requester: str) -> None:
    upload_normal(warehouse)
    judge(magma, Same())
    suggestions.accept(Suggestion.objects.get(loader="exome_pipe"), person=requester, now=now())
    load_vcf(warehouse)

    Engine.of(magma, "dt_lung", [Same()]).judge_names("patient", [PATIENT], now=now())

    assert AnalysisRequest.objects.get().status == "new"


@pytest.mark.parametrize(("shadow", "added", "withdrawn", "kept"), [(Same(), 0, 0, 1), (Stricter(), 0, 1, 0)])
def test_it_is_compared_with_the_live_one(
    magma: Magma, warehouse: RunningWarehouse, shadow: ExomePipe, added: int, withdrawn: int, kept: int
) -> None:
    upload_normal(warehouse)
    judge(magma, shadow)

    (one,) = shadows.compared(CLEARED, "dt_lung", [shadow])

    assert (len(one.added), len(one.withdrawn), len(one.kept)) == (added, withdrawn, kept)


def test_the_page_shows_the_comparison(
    magma: Magma, warehouse: RunningWarehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    known = Registry({"exome_pipe": ExomePipe(), "exome_pipe_2": Stricter()})
    monkeypatch.setattr(registry, "current", lambda: known)
    upload_normal(warehouse)
    judge(magma, Stricter())
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(perm="V:dt_lung")

    page = client.get("/dt_lung/shadows").content.decode()

    assert "0 added, 1 withdrawn, 0 the same" in page


def test_the_comparison_keeps_what_is_restricted_from_whoever_may_not_see_it(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)
    judge(magma, Same())
    lower = Person("curator@ucsf.edu", roles={"dt_lung": Role(Level.EDITOR, restricted=False)})

    (one,) = shadows.compared(lower, "dt_lung", [Same()])

    assert (one.added, one.withdrawn, one.kept) == ([], [], [])


def test_what_it_would_add_is_told_by_record(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    Engine.of(magma, "dt_lung", [Same()]).judge_names("patient", [PATIENT], now=now())

    (one,) = shadows.compared(CLEARED, "dt_lung", [Same()])

    assert [row.anchor for row in one.added] == [PATIENT]
    assert (one.withdrawn, one.kept) == ([], [])
