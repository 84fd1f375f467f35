"""A project's naming rules ("gnomon"): what a name says of the records it belongs to.

Magma keeps a grammar for a project: tokens with their values, synonyms among tokens, and rules that string
tokens together, most of them named after a model. Taking a name apart by its rule gives the tokens; whatever
other rule needs no more than those gives a name as well: the patient's, out of a sample's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

import msgspec
import re2

from magma.client import Magma
from magma.questions import ReadPath
from magma.reading import read_json
from magma.refusals import refusal

logger = logging.getLogger(__name__)

NUMBERED = ".n"
SEPARATORS = frozenset({"SEP"})
#: No grammar was ever made; or this Magma is older than grammars.
NO_GRAMMAR = frozenset({HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND})


class GrammarError(ValueError):
    """The grammar can't be understood: a rule in a circle, or a token nobody defined."""


class Kept(msgspec.Struct, frozen=True):
    """Magma's answer: the newest grammar of a project."""

    config: Any


def grammar_of(magma: Magma, project: str) -> Grammar | None:
    """The project's naming rules; None where it has none, Magma knows of none, or nobody can read them."""
    asked = f"{ReadPath.GRAMMAR.value}{project}"
    reply = magma.wire.send(ReadPath.GRAMMAR, below=project)
    if reply.status in NO_GRAMMAR:
        return None
    if reply.status != HTTPStatus.OK:
        raise refusal(asked, reply)
    try:
        grammar = Grammar.parse(read_json(reply, msgspec.json.Decoder(Kept).decode, asked).config)
        grammar.rule_of("")
    except GrammarError as error:
        logger.warning("the naming rules of %s are not used: %s", project, error)
        return None
    return grammar


@dataclass(frozen=True)
class Grammar:
    """Tokens' values with their descriptions, sets of synonymous tokens, and rules in Magma's order."""

    tokens: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    synonyms: Sequence[Sequence[str]] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    numbered: str = NUMBERED

    @classmethod
    def parse(cls, config: Any) -> Grammar:
        """The grammar as Magma holds it; GrammarError when it is none."""
        try:
            return cls(
                tokens={name: dict(token.get("values") or {}) for name, token in config["tokens"].items()},
                synonyms=[list(names) for names in config.get("synonyms") or []],
                rules={name: str(rule) for name, rule in config["rules"].items()},
                numbered=config.get("numeric_increment") or NUMBERED,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise GrammarError(f"The naming rules can't be read: {error!r}.") from error

    def rule_of(self, name: str) -> str | None:
        """The first rule the name follows."""
        return next((rule for rule, words in self._words.items() if self._values(words, name)), None)

    def names_in(self, name: str) -> dict[str, str]:
        """Every name that this one implies, by rule, itself included; none when it follows no rule."""
        rule = self.rule_of(name)
        if rule is None:
            return {}
        said = self._with_synonyms(self.tokens_in(name))
        return {
            other: "".join(said[word] for word in words)
            for other, words in self._words.items()
            if all(word in said for word in words)
        }

    def tokens_in(self, name: str) -> list[tuple[str, str]]:
        """The name's tokens in order, each with its value."""
        words = self._words[rule] if (rule := self.rule_of(name)) is not None else ()
        return list(zip(words, self._values(words, name), strict=True))

    @cached_property
    def _words(self) -> dict[str, tuple[str, ...]]:
        """Each rule as the tokens it comes down to; a number is called after its rule."""
        return {rule: tuple(self._expanded(rule, ())) for rule in self.rules}

    def _expanded(self, rule: str, above: tuple[str, ...]) -> Iterator[str]:
        if rule in above:
            raise GrammarError(f"The naming rule {rule} leads back to itself.")
        for word in self.rules[rule].split():
            if word == self.numbered:
                yield f"{rule}_counter"
            elif word.startswith(".") and word[1:] in self.rules:
                yield from self._expanded(word[1:], (*above, rule))
            else:
                yield word

    @cached_property
    def _patterns(self) -> dict[tuple[str, ...], Any]:
        options = re2.Options()
        options.log_errors = False
        return {
            words: re2.compile("".join(map(self._pattern, words)), options) for words in self._words.values()
        }

    def _pattern(self, word: str) -> str:
        if word in self.tokens:
            return "(" + "|".join(re2.escape(value) for value in self.tokens[word]) + ")"
        if word.endswith("_counter"):
            return r"([0-9]+)"
        raise GrammarError(f"The naming rules use a token {word} that nobody defined.")

    def _values(self, words: Sequence[str], name: str) -> tuple[str, ...]:
        found = self._patterns[tuple(words)].fullmatch(name) if words else None
        return tuple(found.groups()) if found else ()

    def _with_synonyms(self, tokens: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Tokens, and what stands for them: synonyms share their values' descriptions."""
        said = dict(tokens)
        for token, value in tokens:
            meaning = self.tokens.get(token, {}).get(value)
            for names in self.synonyms:
                if token in names and token not in SEPARATORS and meaning is not None:
                    said |= self._meaning(names, meaning)
        return said

    def _meaning(self, names: Sequence[str], meaning: str) -> dict[str, str]:
        return {
            name: value
            for name in names
            for value, described in self.tokens.get(name, {}).items()
            if described == meaning
        }
