"""The form of nf-core/sarek, 176 parameters: drawn, sent, read and judged, against Django's own forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from types import SimpleNamespace

from django import forms
from django.http import QueryDict
from django.template import engines
from django.template.loader import render_to_string

from dispatch.configuring.forms import ConfigForm
from dispatch.configuring.values import PREFIX
from dispatch.services.configs import Contract
from tests.bench.results import Row, bounded, cpu, paired

SCHEMA = Path(__file__).parents[1] / "analyst" / "schemas" / "nf-core_sarek.nextflow_schema.json"
NAMES = ["N1.exome", "T1.exome"]
FILLED = {"outdir": "out", "wes": "true", "tools": "mutect2,strelka"}
#: What the issue asks for, a form drawn and judged.
LONGEST = 0.05
ROUNDS = 15
TEXTBOOK = '<form method="post">{{ form.as_div }}</form>'
FLOOR = (
    "a Django form of as many fields and help texts, drawn by as_div, and drawn again after it was validated"
)


def rows() -> Iterator[Row]:
    """Beside the floor, and alone."""
    ours, textbook = Ours(), Textbook()
    yield paired(
        "sarek_form_over_django_form",
        cpu(ours),
        cpu(textbook),
        limit=1.0,
        rounds=ROUNDS,
        how=f"sarek's form drawn, sent, judged by its schema and drawn again; CPU; floor: {FLOOR}",
    )
    measure = cpu(ours)
    yield bounded(
        "sarek_form_cpu_s",
        median(measure() / 2 for _ in range(ROUNDS)),
        limit=LONGEST,
        how="the same, half of both drawings: the CPU time of one page",
    )


class Ours:
    """The page of the form, twice: as it is opened, and as it comes back."""

    def __init__(self) -> None:
        """Read the schema once, as a process does."""
        self.contract = Contract(json.loads(SCHEMA.read_text()))
        self.sent = QueryDict(mutable=True)
        self.sent.update({PREFIX + name: text for name, text in FILLED.items()})
        self.sent.setlist("offered", NAMES)
        self.sent.setlist("input", NAMES)

    def __call__(self) -> None:
        """Open it, send it, see it again."""
        self.draw(ConfigForm.start("labors", self.contract, inputs=NAMES, params={}))
        form = ConfigForm.sent("labors", self.contract, self.sent)
        form.inputs = form.inputs.settled()
        self.draw(form)

    def draw(self, form: ConfigForm) -> str:
        """Everything but the frame of the page."""
        order = SimpleNamespace(analysis="sarek", reason="", origin=None, configuration_name="sarek")
        request = SimpleNamespace(GET={}, path="/labors/", person=None)
        return render_to_string(
            "configuring/configure.html",
            {
                "form": form,
                "order": order,
                "project": "labors",
                "request": request,
                "may_edit": True,
                "sent": {},
            },
        )


class Textbook:
    """What one would write by hand with nothing but Django."""

    def __init__(self) -> None:
        """Fields of the kinds sarek has."""
        schema = json.loads(SCHEMA.read_text())
        said = {name: one for group in schema["$defs"].values() for name, one in group["properties"].items()}
        fields = {name: self.field(one) for name, one in said.items()}
        self.form: type[forms.Form] = type("Sarek", (forms.Form,), fields)
        self.template = engines["django"].from_string(TEXTBOOK)

    def field(self, said: dict[str, object]) -> forms.Field:
        """A box, a choice or a line."""
        words = f"{said.get('description', '')} {said.get('help_text', '')}"
        if said["type"] == "boolean":
            return forms.BooleanField(required=False, help_text=words)
        if isinstance(options := said.get("enum"), list):
            choices = [(one, one) for one in options]
            return forms.ChoiceField(choices=choices, required=False, help_text=words)
        return forms.CharField(required=False, help_text=words)

    def __call__(self) -> None:
        """Open it, send it, see it again."""
        self.template.render({"form": self.form()})
        sent = self.form(FILLED)
        sent.is_valid()
        self.template.render({"form": sent})
