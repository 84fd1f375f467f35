"""What is told to people and kept: a message of the catalogues and what fills its places, not the words.

A refusal is put into words where it is raised, for whoever asked. A reason is written by a worker and read
later, by people of several languages: it is kept as a `Sentence` and put into words where it is shown.
Programs and histories read its English.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import msgspec
from django.db import models
from django.utils.translation import gettext

#: Between the parts of a list that fills one place.
BETWEEN = "; "


class Sentence(str):
    """A text that knows its message and values; by itself it is English.

    Values are texts, numbers, other sentences, or lists of these. Without values, `message` may be any text
    of a loader's author, percent signs and all.
    """

    message: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, /, **values: Any) -> Self:
        """Fill the places, in English."""
        self = super().__new__(cls, _filled(message, values, str) if values else message)
        self.message, self.values = message, values
        return self

    @cached_property
    def form(self) -> dict[str, Any]:
        """As JSON; spelled once for a sentence that many findings share, so nobody may change it."""
        places = {name: form_of(value) for name, value in self.values.items()}
        return {"say": self.message, "with": places} if places else {"say": self.message}

    @cached_property
    def spelled(self) -> msgspec.Raw:
        """As JSON's bytes."""
        return msgspec.Raw(msgspec.json.encode(self.form))


class Telling(str):
    """A sentence as it is told at this moment, which can be kept, and told again in another language.

    What is refused is read at once by whoever asked, and may have to be written down as well.
    """

    sentence: Sentence

    def __new__(cls, sentence: Sentence, /) -> Self:
        """Tell it."""
        self = super().__new__(cls, told(sentence))
        self.sentence = sentence
        return self

    def __mod__(self, values: Mapping[str, Any], /) -> Self:
        """Fill the places."""
        kept = {name: _kept(value) for name, value in values.items()}
        return type(self)(Sentence(self.sentence.message, **kept))


def say(message: str) -> Telling:
    """As gettext does: import it as `_` where sentences are both told and kept."""
    return Telling(Sentence(message))


def in_a_row(parts: Sequence[str]) -> str:
    """Whole sentences, one after the other, as one."""
    if len(parts) == 1:
        return parts[0]
    places = {f"part{number}": _kept(part) for number, part in enumerate(parts)}
    return Sentence(" ".join(f"%({name})s" for name in places), **places)


def _kept(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_kept(part) for part in value]
    return value.sentence if isinstance(value, Telling) else value


def joined(parts: list[Sentence]) -> Sentence:
    """Several as one."""
    return parts[0] if len(parts) == 1 else Sentence("%(parts)s", parts=parts)


def told(said: Any) -> str:
    """In the language of this thread; what is no sentence stays as it is."""
    if isinstance(said, list | tuple):
        return BETWEEN.join(map(told, said))
    said = _kept(said)
    if not isinstance(said, Sentence):
        return str(said)
    message = gettext(said.message) if said.message else ""
    return _filled(message, said.values, told) if said.values else message


def _filled(message: str, values: Mapping[str, Any], spoken: Any) -> str:
    return message % {
        name: BETWEEN.join(map(spoken, value)) if isinstance(value, list | tuple) else spoken(value)
        for name, value in values.items()
    }


def form_of(said: Any) -> Any:
    """As JSON that `from_form` reads; of what else a lab's own code may give, its text."""
    if isinstance(said, list | tuple):
        return [form_of(part) for part in said]
    said = _kept(said)
    if not isinstance(said, Sentence):
        return said if isinstance(said, str | int) else str(said)
    return said.form


def bytes_of(said: Any) -> Any:
    """The same as `form_of` for what is spelled straight away: a sentence as its bytes, made once."""
    return said.spelled if type(said) is Sentence else form_of(said)


def from_form(form: Any) -> Any:
    """The text or sentence that a form spells; plain texts spell themselves."""
    if isinstance(form, list):
        return [from_form(part) for part in form]
    if not isinstance(form, dict):
        return form
    return Sentence(form["say"], **{name: from_form(value) for name, value in form.get("with", {}).items()})


if TYPE_CHECKING:
    _Text = models.TextField[Any, Any]
else:
    _Text = models.TextField  # a loader's own tests run without Django's patches for types


class SentenceField(_Text):
    """A column of sentences, or of plain texts that people typed; JSON in the database."""

    def db_type(self, connection: Any) -> str:
        """What PostgreSQL keeps it as."""
        del connection
        return "jsonb"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """Read it as a text that can be told."""
        del expression, connection
        return None if value is None else from_form(json.loads(value))

    def get_prep_value(self, value: Any) -> Any:
        """Spell it."""
        return None if value is None else json.dumps(form_of(value))
