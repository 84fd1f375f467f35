"""What a request's config may hold: checked in shape here, and then against the analysis's schemas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dispatch.models import Analysis
from polyphemus_analyst import schemas
from polyphemus_analyst.wording import Detail
from polyphemus_site.errors import InvalidInputError

#: Janus's rule for the names of projects.
PROJECT_PATTERN = re.compile(r"(?!pg_)[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*", re.ASCII)
LONGEST_INPUT = 500
MOST_INPUTS = 10_000
UNSEEN = Detail(gettext_noop("Holds characters that can't be seen."))
#: What the judge of params says, for the catalogues: analysts' programs read it in English.
FAULTS = (
    gettext_noop("This is needed."),
    gettext_noop("This must be a whole number."),
    gettext_noop("This must be a number."),
    gettext_noop("This must be true or false."),
    gettext_noop("This must be text."),
    gettext_noop("This must be a list."),
    gettext_noop("This must be an object."),
    gettext_noop("a whole number"),
    gettext_noop("a number"),
    gettext_noop("true or false"),
    gettext_noop("text"),
    gettext_noop("a list"),
    gettext_noop("an object"),
    gettext_noop("nothing"),
    gettext_noop("This does not have the form asked for here."),
    gettext_noop("This does not have the form asked for here; its help says more."),
    gettext_noop("This has no place here."),
    gettext_noop("This must be one of these: %(options)s."),
    gettext_noop("This must be %(value)s."),
    gettext_noop("No entry may be there twice."),
    gettext_noop("This must be at least %(limit)s."),
    gettext_noop("This must be at most %(limit)s."),
    gettext_noop("This must be more than %(limit)s."),
    gettext_noop("This must be less than %(limit)s."),
    gettext_noop("This must be a multiple of %(limit)s."),
    gettext_noop("Characters at least: %(limit)s."),
    gettext_noop("Characters at most: %(limit)s."),
    gettext_noop("Entries at least: %(limit)s."),
    gettext_noop("Entries at most: %(limit)s."),
    gettext_noop("Names at least: %(limit)s."),
    gettext_noop("Names at most: %(limit)s."),
    gettext_noop("No such parameter."),
    gettext_noop("No such column."),
    gettext_noop("Nested deeper than %(levels)s levels."),
    gettext_noop("Row %(row)s repeats row %(first)s in %(names)s."),
    gettext_noop("A schema is a JSON object."),
    gettext_noop("Its parts refer to each other so often that judging by it would not end."),
)
#: Marks that make text read otherwise than it is stored.
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def project_name(value: object) -> str:
    """The value if a project may be called so."""
    if isinstance(value, str) and len(value) <= 100 and PROJECT_PATTERN.fullmatch(value):  # noqa: PLR2004 — the column
        return value
    raise InvalidInputError(_("project must be the name of a project."), code="invalid_project")


def plain(text: str) -> bool:
    """Whether text is only what it looks like: no control characters, half characters or direction marks."""
    return not any(unicodedata.category(mark) in {"Cc", "Cs"} or mark in DIRECTION_MARKS for mark in text)


@dataclass(frozen=True, slots=True)
class Contract:
    """What requests of an analysis are held to; without schemas anything of the right shape goes."""

    schema: schemas.Schema | None = None
    input_schema: schemas.Schema | None = None

    @property
    def sheet(self) -> str:
        """The form of sample sheet the analyst will make of the inputs and name in `params.input`."""
        return schemas.sheet_form(self.schema) if self.schema and self.input_schema else ""

    def param_faults(self, params: dict[str, Any]) -> list[schemas.Fault]:
        """What is wrong with params that are an object."""
        odd = _not_plain(params)
        return _told(odd or (schemas.faults(self.schema, params, sheet=self.sheet) if self.schema else []))

    def input_faults(self, inputs: Sequence[Any]) -> list[schemas.Fault]:
        """What is wrong with inputs that are a list of names, or of rows where there is a sheet."""
        if self.input_schema is None:
            return [
                {"pointer": schemas.pointer_to(number), "detail": name_rule()}
                for number, name in enumerate(inputs)
                if not (isinstance(name, str) and 0 < len(name) <= LONGEST_INPUT and plain(name))
            ]
        rows = {str(number): row for number, row in enumerate(inputs)}
        return _told(_not_plain(rows) or schemas.sheet_faults(self.input_schema, inputs))


def name_rule() -> str:
    """What an input is where the analysis has no sample sheet."""
    return _("Each input must be text of 1 to %(most)s plain characters.") % {"most": LONGEST_INPUT}


def sheet_rule() -> str:
    """What an input is where it has one."""
    return _("Each input of this analysis is a row of its sample sheet, and these do not fit it.")


def _told(faults: list[schemas.Fault]) -> list[schemas.Fault]:
    return [fault | {"detail": spoken(fault["detail"])} for fault in faults]


def spoken(detail: str) -> str:
    """In the language of whoever asks; a schema's own words stay as its authors wrote them."""
    if not isinstance(detail, Detail):
        return detail
    values = {
        name: ", ".join(map(spoken, value)) if isinstance(value, tuple) else value
        for name, value in detail.values.items()
    }
    return _(detail.message) % values if values else _(detail.message)


def contract_of(analysis: str) -> Contract:
    """What is known of an analysis; one that has no row leaves everything open."""
    found = Analysis.objects.filter(name=analysis).values_list("schema", "input_schema").first()
    return Contract(*found) if found else Contract()


def clean(*, analysis: str, project: str, inputs: Sequence[Any], params: Any) -> dict[str, Any]:
    """The config as it will be published: `{project, inputs, params}`, params only when given."""
    config: dict[str, Any] = {"project": project_name(project)}
    contract = contract_of(analysis)
    config["inputs"] = _inputs(inputs, contract)
    if params is not None:
        config["params"] = _params(params, contract)
    return config


def _inputs(inputs: object, contract: Contract) -> list[Any]:
    if not isinstance(inputs, list | tuple) or len(inputs) > MOST_INPUTS:
        raise InvalidInputError(
            _("inputs must be a list of at most %(most)s names or rows.") % {"most": MOST_INPUTS},
            code="invalid_inputs",
        )
    if faults := contract.input_faults(inputs):
        told = name_rule() if contract.input_schema is None else sheet_rule()
        raise InvalidInputError(told, code="invalid_inputs", errors=faults[: schemas.MOST_FAULTS])
    return list(inputs)


def _params(params: object, contract: Contract) -> dict[str, Any]:
    if not isinstance(params, dict):
        raise InvalidInputError(_("params must be an object, its texts plain."), code="invalid_params")
    if faults := contract.param_faults(params):
        raise InvalidInputError(
            _("params do not fit the schema of this analysis."), code="invalid_params", errors=faults
        )
    return params


def _not_plain(document: dict[str, Any]) -> list[schemas.Fault]:
    """The parts of a document that hold text which is not only what it looks like."""
    return [
        {"pointer": schemas.pointer_to(name), "detail": UNSEEN}
        for name, part in document.items()
        if not (plain(name) and plain_throughout(part))
    ]


def plain_throughout(value: object) -> bool:
    """Whether every text in a document is plain, line breaks and tabs allowed."""
    if isinstance(value, dict):
        return all(plain(name) and plain_throughout(part) for name, part in value.items())
    if isinstance(value, list):
        return all(plain_throughout(part) for part in value)
    return not isinstance(value, str) or plain(value.replace("\n", "").replace("\t", ""))
