"""The form of a config: what it shows, what was typed, what that means, and what is wrong with it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.configuring import rows, values
from dispatch.configuring.fields import Field, Kind, Section, columns, sections
from dispatch.configuring.rows import Inputs, Row
from dispatch.services.configs import MOST_INPUTS, Contract
from polyphemus_analyst import schemas

UNTYPED = frozenset({Kind.SWITCH, Kind.CHOICE})
INPUT_MODES = {Kind.WHOLE: "numeric", Kind.NUMBER: "decimal"}
HOW = {Kind.LINES: gettext_lazy("one a line"), Kind.DOCUMENT: gettext_lazy("as JSON")}
LONGEST_HINT = 200
#: Where an analysis has no schema, its params are asked for as one document.
OPEN = Field(name="params", kind=Kind.DOCUMENT, types=frozenset({"object"}))


@dataclass(frozen=True, slots=True)
class Control:
    """A field as it is shown now."""

    id: str
    name: str
    field: Field
    text: str
    faults: Sequence[str]
    #: Part of the sparse params.
    is_changed: bool

    @property
    def options(self) -> list[tuple[str, bool]]:
        """What can be picked, and whether it is."""
        spelled = [values.spelled(option) for option in self.field.options]
        strange = [] if self.text in {"", *spelled} else [self.text]
        return [(option, option == self.text) for option in [*spelled, *strange]]

    @property
    def is_optional(self) -> bool:
        """Whether nothing may be picked."""
        return self.field.default is None

    @property
    def is_told_unticked(self) -> bool:
        """Whether a box left unticked is an answer, which the browser alone would not send."""
        return self.field.kind is Kind.SWITCH and (self.field.default is True or self.field.is_required)

    @property
    def is_long(self) -> bool:
        """Whether it takes more than a line."""
        return self.field.kind in {Kind.LINES, Kind.DOCUMENT}

    @property
    def is_rare(self) -> bool:
        """Whether the pipeline hides it, and nothing draws attention to it."""
        return self.field.is_hidden and not self.is_changed and not self.faults

    @property
    def attributes(self) -> SafeString:
        """What the element carries, whichever it is. A schema's patterns never reach a browser."""
        typed = {} if self.field.kind in UNTYPED else {"spellcheck": "false"}  # autocomplete: for going back
        found: dict[str, str | bool] = {
            "id": self.id,
            "name": self.name,
            **typed,
            "aria-describedby": f"{self.id}-d",
        }
        if self.field.kind in INPUT_MODES:
            found["inputmode"] = INPUT_MODES[self.field.kind]
        if self.field.is_required and typed:
            found["aria-required"] = "true"
        if self.faults:
            found["aria-invalid"] = "true"
        found["checked"] = self.field.kind is Kind.SWITCH and self.text == "true"
        return flatatt(found)

    @property
    def hint(self) -> str:
        """What its value may be, how it is written, and what holds when nothing is said."""
        parts = [self.field.limits, HOW.get(self.field.kind, "")]
        default = values.text_of(self.field, self.field.default)
        if default not in {"", self.text} and self.field.kind is not Kind.SWITCH:
            parts.append(_("Left empty: %(default)s") % {"default": default[:LONGEST_HINT]})
        return " · ".join(str(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Panel:
    """A section as it is shown now."""

    id: str
    section: Section
    controls: Sequence[Control]

    @property
    def changed(self) -> int:
        """How many of its fields differ from what the pipeline does anyway."""
        return sum(control.is_changed for control in self.controls)

    @property
    def count(self) -> str:
        """How many fields there are, and how many were changed."""
        total = ngettext("%(number)s parameter", "%(number)s parameters", len(self.controls))
        words = total % {"number": len(self.controls)}
        return f"{words} · " + _("%(number)s changed") % {"number": self.changed} if self.changed else words

    @property
    def is_open(self) -> bool:
        """Whether there is something to look at."""
        return any(one.is_changed or one.faults or one.field.is_required for one in self.controls)

    @property
    def is_rare(self) -> bool:
        """Whether it holds nothing but what is hidden."""
        return all(control.field.is_hidden for control in self.controls)


@dataclass
class ConfigForm:
    """A config being made: `texts` is what each field shows, by the field's name."""

    project: str
    contract: Contract
    texts: dict[str, str]
    inputs: Inputs
    #: Params kept from an earlier configuration that the schema no longer knows.
    lost: Mapping[str, Any] = field(default_factory=dict)
    #: Nothing has been sent yet, so nothing is wrong yet.
    is_fresh: bool = False

    @classmethod
    def start(
        cls, project: str, contract: Contract, *, inputs: Sequence[Any], params: Mapping[str, Any]
    ) -> ConfigForm:
        """The form as it is first shown, with these values."""
        shown = form_sections(contract)
        if contract.schema is None:
            texts, lost = {OPEN.name: values.text_of(OPEN, dict(params)) if params else ""}, {}
        else:
            texts = values.texts_of(shown, params)
            lost = {name: value for name, value in params.items() if name not in texts}
        offered = rows.prefilled(form_columns(contract), inputs)
        return cls(project, contract, texts, offered, lost, is_fresh=True)

    @classmethod
    def sent(cls, project: str, contract: Contract, form: QueryDict) -> ConfigForm:
        """The form as somebody sent it."""
        texts = values.texts_sent(form_sections(contract), form)
        return cls(project, contract, texts, rows.sent(form_columns(contract), form))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """What is asked for."""
        return form_sections(self.contract)

    @cached_property
    def params(self) -> Any:
        """The sparse params."""
        if self.contract.schema is None:
            return values.value_of(OPEN, self.texts[OPEN.name]) or {}
        return values.params_of(self.sections, self.texts)

    @cached_property
    def chosen(self) -> list[Any]:
        """The inputs."""
        return self.inputs.chosen()

    @property
    def config(self) -> dict[str, Any]:
        """The config as it would be published."""
        params = {"params": self.params} if self.params else {}
        return {"project": self.project, "inputs": self.chosen, **params}

    @property
    def preview(self) -> str:
        """The same, for people."""
        return json.dumps(self.config, ensure_ascii=False, indent=2)

    @cached_property
    def param_faults(self) -> list[schemas.Fault]:
        """What is wrong with the params."""
        if not isinstance(self.params, dict):
            return [{"pointer": "/params", "detail": _("Params are a JSON object.")}]
        return self.contract.param_faults(self.params)

    @cached_property
    def input_faults(self) -> list[schemas.Fault]:
        """What is wrong with the inputs."""
        if len(self.chosen) > MOST_INPUTS:
            return [{"pointer": "", "detail": _("At most %(most)s inputs.") % {"most": MOST_INPUTS}}]
        return self.contract.input_faults(self.chosen)[: schemas.MOST_FAULTS]

    @property
    def is_right(self) -> bool:
        """Whether it may be published."""
        return not (self.param_faults or self.input_faults)

    @cached_property
    def panels(self) -> list[Panel]:
        """What the page shows of the params."""
        told = {} if self.is_fresh else by_step(self.param_faults)
        changed = set(self.params) if isinstance(self.params, dict) else set()
        found = []
        number = 0
        for place, section in enumerate(self.sections):
            controls = []
            for one in section.fields:
                number += 1
                faults = told.get(one.name, ())
                name = values.PREFIX + one.name
                is_changed = one.name in changed or bool(changed and one is OPEN)
                controls.append(Control(f"p{number}", name, one, self.texts[one.name], faults, is_changed))
            found.append(Panel(f"s{place}", section, controls))
        return found

    @property
    def rows(self) -> list[Row]:
        """What the page shows of the inputs."""
        return self.inputs.rows({} if self.is_fresh else by_step(self.input_faults))

    @property
    def summary(self) -> list[tuple[str, str]]:
        """What is wrong, with the id of where to mend it."""
        if self.is_fresh:
            return []
        ids = {control.field.name: control.id for panel in self.panels for control in panel.controls}
        about_params = [
            (ids.get(name, ""), f"{name}: {one}" if name else one)
            for name, told in by_step(self.param_faults).items()
            for one in told
        ]
        return about_params + [("inputs", _about_a_row(fault)) for fault in self.input_faults]


def form_sections(contract: Contract) -> tuple[Section, ...]:
    """What is asked for: the sample sheet is made from the inputs, so nobody is asked where it is."""
    if contract.schema is None:
        return (Section("", "", "", (OPEN,)),)
    without = frozenset({schemas.SHEET_PARAM}) if contract.input_schema else frozenset()
    return sections(contract.schema, without=without)


def form_columns(contract: Contract) -> tuple[Field, ...]:
    """The columns of the inputs' table; none where inputs are names."""
    return columns(contract.input_schema) if contract.input_schema else ()


def by_step(faults: Sequence[schemas.Fault]) -> dict[str, list[str]]:
    """The faults by the first step of their pointers: a parameter's name, a row's number."""
    found: dict[str, list[str]] = defaultdict(list)
    for fault in faults:
        _, _, rest = fault["pointer"].partition("/")
        first, _, deeper = rest.partition("/")
        step = first.replace("~1", "/").replace("~0", "~")
        found[step].append(f"{deeper}: {fault['detail']}" if deeper else fault["detail"])
    return found


def _about_a_row(fault: schemas.Fault) -> str:
    rest = fault["pointer"].removeprefix("/")
    number, _slash, column = rest.partition("/")
    place = _("input %(number)s") % {"number": int(number) + 1} if number.isdigit() else ""
    return ": ".join(part for part in (", ".join(filter(None, (place, column))), fault["detail"]) if part)
