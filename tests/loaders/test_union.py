"""A page is read once for all loaders of a model: one request a model, for the union of what they read."""

from __future__ import annotations

import pytest

from loaders.checks import Linked, Present
from loaders.loader import Loader
from loaders.services.verdicts import Engine
from magma.client import Magma
from magma.questions import Question, RetrieveQuestion
from magma.reading import Understood
from magma.rows import RowShape
from tests.loaders.conftest import PATIENT, now

pytestmark = pytest.mark.django_db(transaction=True)


class Diagnosed(Loader):
    name = "diagnosed"
    model = "patient"
    analysis = "consult"
    needs = Present("date_of_diagnosis")
    outputs = Linked("sample", where=Present("tumor_type"))


class Attended(Loader):
    name = "attended"
    model = "patient"
    analysis = "consult"
    needs = Present("physician")
    outputs = Linked("sample", where=Present("weight"))


class Listening(Magma):
    """Keeps what was asked about records."""

    def __init__(self, magma: Magma) -> None:
        self.wire, self._projects = magma.wire, ()
        self.asked: list[tuple[str, set[str]]] = []

    def ask(self, question: Question, rows: RowShape | None = None) -> Understood:
        if isinstance(question, RetrieveQuestion) and question.model_name != "all":
            self.asked.append((str(question.model_name), set(map(str, question.attribute_names or ()))))
        return super().ask(question, rows)


def test_each_model_is_asked_once_for_what_any_of_them_reads(magma: Magma) -> None:
    listening = Listening(magma)

    tally = Engine.of(listening, "dt_lung", [Diagnosed(), Attended()]).judge_names(
        "patient", [PATIENT], now=now()
    )

    assert tally.plain().keys() == {"diagnosed", "attended"}
    models = [model for model, _ in listening.asked]
    assert sorted(set(models)) == sorted(models)
    asked = dict(listening.asked)
    assert {"date_of_diagnosis", "physician", "sample"} <= asked["patient"]
    assert {"tumor_type", "weight"} <= asked["sample"]
