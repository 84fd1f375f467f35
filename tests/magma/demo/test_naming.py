"""Naming rules as the demo warehouse answers them: routes and refusals of a real Magma's."""

from __future__ import annotations

from http import HTTPStatus

import httpx
import pytest

from magma.client import Magma
from magma.demo.naming import Naming
from magma.demo.server import serving
from magma.demo.tokens import KeyPair, mint
from magma.demo.warehouse import Warehouse
from magma.errors import MagmaForbidden
from magma.gnomon import grammar_of
from tests.magma.demo_fixture import RunningWarehouse


def get(warehouse: RunningWarehouse, path: str) -> httpx.Response:
    return httpx.get(
        f"{warehouse.url}/gnomon/{path}", headers={"Authorization": f"Etna {warehouse.mint('viewer')}"}
    )


def test_a_name_is_taken_apart(warehouse: RunningWarehouse) -> None:
    answer = get(warehouse, "dt_lung/decompose/DTL001.T1.exome").json()

    assert answer["rule_name"] == "exome"
    assert {rule: one["name"] for rule, one in answer["rules"].items()} == {
        "project": "DT Lung",
        "patient": "DTL001",
        "sample": "DTL001.T1",
        "exome": "DTL001.T1.exome",
    }
    assert answer["rules"]["sample"]["record_created_at"]
    assert answer["tokens"][0] == ["PROJ", "DTL"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("labors", "No grammar found for project labors."),
        ("dt_lung/decompose/X-1", "Could not decompose identifier X-1 for dt_lung"),
    ],
)
def test_refusals_are_magmas_own(warehouse: RunningWarehouse, path: str, sentence: str) -> None:
    answer = get(warehouse, path)

    assert (answer.status_code, answer.json()) == (HTTPStatus.UNPROCESSABLE_ENTITY, {"error": sentence})


def test_the_client_reads_the_grammar_or_finds_none(warehouse: RunningWarehouse) -> None:
    magma = Magma(url=warehouse.url, token=warehouse.mint("viewer"))
    grammar = grammar_of(magma, "dt_lung")

    assert grammar is not None
    assert grammar.names_in("DTL001.clinical")["patient"] == "DTL001"
    assert grammar_of(magma, "labors") is None
    magma.close()


def test_a_stranger_reads_no_grammar(warehouse: RunningWarehouse) -> None:
    magma = Magma(url=warehouse.url, token=warehouse.mint("viewer", projects="labors"))

    with pytest.raises(MagmaForbidden):
        grammar_of(magma, "dt_lung")
    magma.close()


def test_a_grammar_nobody_can_read_is_not_used(janus_keys: KeyPair) -> None:
    unreadable = Naming({"labors": {"config": {"tokens": {}, "rules": {"a": ".a"}}}})
    token = mint(janus_keys.private, email="viewer@ucsf.edu", perm="v:labors")

    with serving(Warehouse(janus_keys.public, naming=unreadable).answer) as server:
        magma = Magma(url=server.url, token=token)

        assert grammar_of(magma, "labors") is None
        magma.close()
