"""Names taken apart by a project's rules, as Magma's own answers show it done."""

from __future__ import annotations

import pytest

from magma.gnomon import Grammar, GrammarError

CONFIG = {
    "tokens": {
        "PROJECT": {
            "label": "project",
            "values": {"The Twelve Labors of Hercules": "The Twelve Labors of Hercules"},
        },
        "PROJ": {"label": "project", "values": {"LABORS": "The Twelve Labors of Hercules"}},
        "LABOR": {"label": "labor", "values": {"The Nemean Lion": "The Nemean Lion"}},
        "LAB": {"label": "labor", "values": {"LION": "The Nemean Lion", "HYDRA": "The Lernean Hydra"}},
        "VILL": {"label": "Village type", "values": {"V": "Village", "H": "Hamlet"}},
        "VICT": {"label": "Victim type", "values": {"S": "Soldier", "C": "Civilian"}},
        "SEP": {"label": "Separator", "values": {"-": "# Separator"}},
    },
    "synonyms": [["PROJ", "PROJECT"], ["LAB", "LABOR"]],
    "rules": {
        "project": "PROJECT",
        "labor": "LABOR",
        "village": "PROJ SEP LAB SEP VILL .n",
        "victim": ".village SEP VICT .n",
    },
}


@pytest.fixture
def grammar() -> Grammar:
    return Grammar.parse(CONFIG)


def test_a_name_names_whatever_it_belongs_to(grammar: Grammar) -> None:
    assert grammar.rule_of("LABORS-LION-H2-C1") == "victim"
    assert grammar.names_in("LABORS-LION-H2-C1") == {
        "project": "The Twelve Labors of Hercules",
        "labor": "The Nemean Lion",
        "village": "LABORS-LION-H2",
        "victim": "LABORS-LION-H2-C1",
    }


def test_its_tokens_come_in_order(grammar: Grammar) -> None:
    assert grammar.tokens_in("LABORS-LION-H2-C1") == [
        ("PROJ", "LABORS"),
        ("SEP", "-"),
        ("LAB", "LION"),
        ("SEP", "-"),
        ("VILL", "H"),
        ("village_counter", "2"),
        ("SEP", "-"),
        ("VICT", "C"),
        ("victim_counter", "1"),
    ]


@pytest.mark.parametrize(
    "name", ["LABORS-LOON-H2-C1", "", "LABORS-LION-H2-C", "x\nLABORS-LION-H2-C1", "LABORS-LION-H٢-C1"]
)
def test_a_name_that_follows_no_rule_names_nothing(grammar: Grammar, name: str) -> None:
    assert (grammar.rule_of(name), grammar.names_in(name), grammar.tokens_in(name)) == (None, {}, [])


def test_a_synonym_without_that_meaning_names_nothing(grammar: Grammar) -> None:
    assert "labor" not in grammar.names_in("LABORS-HYDRA-H2-C1")


@pytest.mark.parametrize(
    "config",
    [
        None,
        [],
        {"tokens": {}},
        {"tokens": [], "rules": {}},
        {"tokens": {"A": "b"}, "rules": {}},
    ],
)
def test_what_is_no_grammar_is_refused(config: object) -> None:
    with pytest.raises(GrammarError):
        Grammar.parse(config)


@pytest.mark.parametrize("rules", [{"one": ".two", "two": ".one"}, {"one": "UNKNOWN"}, {"one": ".missing"}])
def test_rules_that_lead_nowhere_are_refused(rules: dict[str, str]) -> None:
    with pytest.raises(GrammarError):
        Grammar.parse({"tokens": {}, "rules": rules}).rule_of("x")


def test_a_value_is_never_read_as_a_pattern() -> None:
    grammar = Grammar.parse({"tokens": {"T": {"values": {"a.c": "x", "(": "y"}}}, "rules": {"one": "T"}})

    assert (grammar.rule_of("a.c"), grammar.rule_of("abc"), grammar.rule_of("(")) == ("one", None, "one")
