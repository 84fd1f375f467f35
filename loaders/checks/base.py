"""What every check is, and how checks compose."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import msgspec
from django.utils.translation import gettext_noop as _

from loaders.pages import Page
from polyphemus_site.sentences import Sentence, bytes_of, form_of, from_form, told


class Finding(msgspec.Struct, frozen=True, dict=True):
    """One check's answer for one anchor, with the values it saw and the answers it rests on.

    `says` and `whom` are shown to people: as they are, or a `Sentence`, in their language.
    """

    check: str
    passed: bool
    says: str
    seen: Any = None
    parts: tuple[Finding, ...] = ()
    whom: str = ""

    def as_json(self) -> dict[str, Any]:
        """The tree as JSON, empty places left out."""
        return self._form(form_of)

    def as_told(self) -> dict[str, Any]:
        """The same tree in the language of whoever asks, to be read and not to be kept."""
        return self._form(told)

    @cached_property
    def spelled(self) -> msgspec.Raw:
        """The tree as JSON's bytes, made once of each finding, however many trees it is in."""
        form = self._own_form(bytes_of)
        if self.parts:
            form["parts"] = [part.spelled for part in self.parts]
        return msgspec.Raw(msgspec.json.encode(form))

    def _form(self, spelled: Callable[[Any], Any]) -> dict[str, Any]:
        form = self._own_form(spelled)
        if self.parts:
            form["parts"] = [part._form(spelled) for part in self.parts]  # noqa: SLF001 — its own kind
        return form

    def _own_form(self, spelled: Callable[[Any], Any]) -> dict[str, Any]:
        """Without its parts; empty places are left out."""
        form = {"check": self.check, "passed": self.passed, "says": spelled(self.says)}
        if self.seen not in (None, "", []):
            form["seen"] = self.seen
        if self.whom:
            form["whom"] = spelled(self.whom)
        return form

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Finding:
        """The tree a form spells."""
        parts = tuple(cls.from_json(part) for part in form.get("parts", ()))
        says, whom = from_form(form["says"]), from_form(form.get("whom", ""))
        return cls(form["check"], form["passed"], says, form.get("seen"), parts, whom)

    @property
    def shown(self) -> str:
        """What it saw, as JSON of no more than a line; "" where it saw nothing of its own."""
        if self.seen is None:
            return ""
        text = json.dumps(self.seen, default=str, ensure_ascii=False).encode("utf-8", "replace").decode()
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

    def complaints(self) -> list[Finding]:
        """The findings that made this one fail, nearest to what a person can mend."""
        if self.passed:
            return []
        if self.check in TRANSPARENT:
            return [complaint for part in self.parts for complaint in part.complaints()]
        return [self]

    def why_not(self) -> list[str]:
        """The complaints, each with whom it is waited for from."""
        return [one._from_whom(one.says) for one in self.complaints()]  # noqa: SLF001 — its own kind

    def whats_wrong(self) -> list[str]:
        """The same where nothing is waited for: what should be and isn't is told as not being so."""
        return [one._from_whom(one._as_found()) for one in self.complaints()]  # noqa: SLF001 — its own kind

    def _as_found(self) -> str:
        if self.check == Not.id:
            return self.parts[0].says
        return Sentence(_("not so: %(what)s"), what=self.says) if self.check in CLAIMS else self.says

    def _from_whom(self, what: str) -> str:
        return Sentence(_("%(what)s (from %(whom)s)"), what=what, whom=self.whom) if self.whom else what


#: More of what was seen is not shown.
SHOWN = 200
#: Checks whose failure is told by their failing parts.
TRANSPARENT = frozenset({"all", "any"})
#: Checks that say what should be, whether or not it is.
CLAIMS = frozenset(
    {"present", "matches", "range", "one_of", "matrix_width", "updated_after", "quiet", "named_by_rule"}
)
ALL_OF_THESE = Sentence(_("all of these"))
ANY_OF_THESE = Sentence(_("any of these"))


class Check(ABC):
    """One question about an anchor.

    Subclass implementation: a frozen dataclass with a class attribute `id`, and `reads`, `judge`, `explain`.
    An absent value passes no check: ask for absence with `~Present(...)`, for form where present with `When`.
    Subclasses shouldn't need to override the rest.
    """

    id: ClassVar[str]

    @abstractmethod
    def reads(self) -> frozenset[str]:
        """The attribute paths it looks at, from the anchor on."""

    @abstractmethod
    def judge(self, page: Page) -> list[bool]:
        """For each anchor of the page, whether it passes."""

    @abstractmethod
    def explain(self, page: Page, index: int) -> Finding:
        """The same answer for one anchor, with what was seen."""

    def answers(self, page: Page) -> list[bool]:
        """The same as `judge`, asked of a page once however many loaders ask."""
        if self.key not in page.answers:
            page.answers[self.key] = self.judge(page)
        return page.answers[self.key]

    def explained(self, page: Page, index: int) -> Finding:
        """The same as `explain`, asked about an anchor of a page once however many loaders and checks ask."""
        return page.once(("finding", self.key, index), lambda: self.explain(page, index))

    @cached_property
    def key(self) -> tuple[tuple[type[Check], ...], str, str]:
        """What its answers are kept under: its classes, since labs may call theirs alike, and its forms.

        Equal checks may differ, since to Python `1 == True`; and a lab's JSON form may leave something out.
        """
        kinds = tuple(type(part) for part in within(self))
        return kinds, json.dumps(self.as_json(), sort_keys=True, default=repr), repr(self)

    def ripens(self, page: Page) -> list[datetime | None]:
        """For each anchor, when the answer changes by the mere passing of time; None when it doesn't."""
        return earliest(len(page), (part.ripens(page) for part in self.parts()))

    def parts(self) -> Iterable[Check]:
        """The checks it is made of that judge the same anchors."""
        return ()

    def __and__(self, other: Check) -> Check:
        """Both."""
        return All((*flat(All, self), *flat(All, other)))

    def __or__(self, other: Check) -> Check:
        """Either."""
        return AnyOf((*flat(AnyOf, self), *flat(AnyOf, other)))

    def __invert__(self) -> Check:
        """Not."""
        return Not(self)

    def named(self, label: str, *, whom: str = "") -> Check:
        """The same check, told to people as `label`, which is waited for from `whom`."""
        return Named(self, label, whom)

    def as_json(self) -> dict[str, Any]:
        """Its JSON form: the id and every field that isn't at its default."""
        return {"check": self.id} | own_fields(self)


def within(check: Check) -> Iterator[Check]:
    """The check itself and every one it is made of, those about linked records too."""
    yield check
    for field in fields(check):  # type: ignore[arg-type]  # every concrete check is a dataclass
        value = getattr(check, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Check):
                yield from within(part)


def own_fields(check: Check) -> dict[str, Any]:
    """The fields that differ from their defaults, as JSON values."""
    return {
        field.name: plain(value)
        for field in fields(check)  # type: ignore[arg-type]  # every concrete check is a dataclass
        if (value := getattr(check, field.name)) != field.default or field.default is MISSING
    }


def plain(value: Any) -> Any:
    """A field's value as JSON."""
    if isinstance(value, Check):
        return value.as_json()
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return value


def flat(kind: type[All] | type[AnyOf], check: Check) -> tuple[Check, ...]:
    """The parts of a check of that kind, or the check itself: `a & b & c` is one list of three."""
    return check.checks if isinstance(check, kind) else (check,)


def earliest(length: int, columns: Iterable[list[datetime | None]]) -> list[datetime | None]:
    """Row by row the earliest instant among columns."""
    result: list[datetime | None] = [None] * length
    for column in columns:
        result = [min(filter(None, pair), default=None) for pair in zip(result, column, strict=True)]
    return result


def settle(check: Check, field: str) -> None:
    """Make a tuple of a list somebody wrote for one; a text in its place is refused."""
    value = getattr(check, field)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"`{check.id}` wants a list of {field}, not {value!r}.")
    object.__setattr__(check, field, tuple(value))


def ensure_span(check: Check, low: float | None, high: float | None, *, least: float | None = None) -> None:
    """Refuse a range no number is in; `least` is the smallest that makes sense."""
    if low is not None and high is not None and not low <= high:
        raise ValueError(f"`{check.id}` asks for at least {low:g} and at most {high:g}.")
    if least is not None and low is not None and low < least:
        raise ValueError(f"`{check.id}` asks for at least {low:g}, which is less than {least:g}.")


@dataclass(frozen=True)
class All(Check):
    """Every one of them."""

    checks: tuple[Check, ...]
    id: ClassVar[str] = "all"

    def __post_init__(self) -> None:
        """Take a list for a tuple."""
        settle(self, "checks")

    def reads(self) -> frozenset[str]:
        """What any part reads."""
        return frozenset().union(*(check.reads() for check in self.checks))

    def judge(self, page: Page) -> list[bool]:
        """Row by row, all parts."""
        return list(map(all, zip(*(check.answers(page) for check in self.checks), strict=True)))

    def explain(self, page: Page, index: int) -> Finding:
        """All parts, passed or not, so that nobody mends one thing only to learn of the next."""
        parts = tuple(check.explained(page, index) for check in self.checks)
        return Finding(self.id, all(part.passed for part in parts), ALL_OF_THESE, parts=parts)

    def parts(self) -> Iterable[Check]:
        """Its checks."""
        return self.checks

    def as_json(self) -> dict[str, Any]:
        """`{"all": [...]}`."""
        return {"all": plain(self.checks)}


@dataclass(frozen=True)
class AnyOf(Check):
    """At least one of them."""

    checks: tuple[Check, ...]
    id: ClassVar[str] = "any"

    def __post_init__(self) -> None:
        """Take a list for a tuple."""
        settle(self, "checks")

    def reads(self) -> frozenset[str]:
        """What any part reads."""
        return frozenset().union(*(check.reads() for check in self.checks))

    def judge(self, page: Page) -> list[bool]:
        """Row by row, any part."""
        return list(map(any, zip(*(check.answers(page) for check in self.checks), strict=True)))

    def explain(self, page: Page, index: int) -> Finding:
        """All parts: any of them would do."""
        parts = tuple(check.explained(page, index) for check in self.checks)
        return Finding(self.id, any(part.passed for part in parts), ANY_OF_THESE, parts=parts)

    def parts(self) -> Iterable[Check]:
        """Its checks."""
        return self.checks

    def as_json(self) -> dict[str, Any]:
        """`{"any": [...]}`."""
        return {"any": plain(self.checks)}


@dataclass(frozen=True)
class Not(Check):
    """The opposite."""

    inner: Check
    id: ClassVar[str] = "not"

    def reads(self) -> frozenset[str]:
        """The same."""
        return self.inner.reads()

    def judge(self, page: Page) -> list[bool]:
        """Row by row, the opposite."""
        return [not passed for passed in self.inner.answers(page)]

    def explain(self, page: Page, index: int) -> Finding:
        """The inner finding, turned over."""
        part = self.inner.explained(page, index)
        says = Sentence(_("not: %(what)s"), what=part.says)
        return Finding(self.id, not part.passed, says, parts=(part,))

    def parts(self) -> Iterable[Check]:
        """The inner check."""
        return (self.inner,)

    def as_json(self) -> dict[str, Any]:
        """`{"not": {...}}`."""
        return {"not": self.inner.as_json()}


@dataclass(frozen=True)
class Named(Check):
    """A check under the name people know it by, and who brings what it asks for."""

    inner: Check
    label: str
    whom: str = ""
    id: ClassVar[str] = "named"

    def reads(self) -> frozenset[str]:
        """The same."""
        return self.inner.reads()

    def judge(self, page: Page) -> list[bool]:
        """The same."""
        return self.inner.answers(page)

    def explain(self, page: Page, index: int) -> Finding:
        """The inner finding under the label."""
        part = self.inner.explained(page, index)
        says = label = Sentence(self.label)
        if not part.passed:
            says = Sentence(_("%(label)s: %(detail)s"), label=label, detail=part.whats_wrong())
        return Finding(self.id, part.passed, says, parts=(part,), whom=self.whom and Sentence(self.whom))

    def parts(self) -> Iterable[Check]:
        """The inner check."""
        return (self.inner,)
