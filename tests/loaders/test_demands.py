"""What of a scope Magma's own filters can tell."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from loaders.checks import All, Check, Files, Linked, OneOf, Present, Rows
from loaders.checks.uploads import is_absent
from loaders.demands import demanded, filters
from loaders.loader import Loader
from loaders.pages import Page
from tests.loaders.pages import SHAPES
from tests.loaders.strategies import checks, pages


@settings(deadline=None)
@given(checks, pages)
def test_whatever_passes_a_check_holds_what_the_check_demands(check: Check, page: Page) -> None:
    passing = [name for name, passed in zip(page.names, check.judge(page), strict=True) if passed]
    documents = [page.store.documents["patient"][name] for name in passing]

    held = [
        is_absent(one[attribute])
        for one in documents
        for word, attribute in demanded(check)
        if word == "::has"
    ]
    lacked = [
        is_absent(one[attribute])
        for one in documents
        for word, attribute in demanded(check)
        if word != "::has"
    ]

    assert not any(held)
    assert all(lacked)


@pytest.mark.parametrize(
    ("check", "asked"),
    [
        (Present("physician") & Files("files"), [["::has", "files"], ["::has", "physician"]]),
        (Present("physician") | Files("files"), []),
        (All((Present("age") | Present("age") & Files("files"),)), [["::has", "age"]]),
        (~Present("age") & Linked("sample.exome"), [["::has", "sample"], ["::lacks", "age"]]),
        (~Present("physician"), []),
        (~OneOf("age", (3,)), []),
        (Files("files", min=0), []),
        (Linked("sample.exome", min=0, max=1), []),
        (Present("::identifier"), []),
        (Present("counts"), []),
        (Present("sample.tumor_type").named("a tumor"), [["::has", "sample"]]),
    ],
)
def test_a_scope_is_asked_of_magma_as_far_as_absence_means_the_same_there(
    check: Check, asked: list[object]
) -> None:
    loader = type("Asking", (Loader,), {"scope": check})()

    assert filters([loader], SHAPES["patient"]) == asked


def test_the_scopes_of_several_are_joined() -> None:
    scopes = (Present("age"), Present("physician") & Files("files"), Present("age"))
    loaders = [type("Asking", (Loader,), {"scope": scope})() for scope in scopes]

    assert filters(loaders, SHAPES["patient"]) == [
        ["::or", ["::has", "age"], ["::and", ["::has", "files"], ["::has", "physician"]]]
    ]


@pytest.mark.parametrize(
    ("scopes", "asked"),
    [
        ((Present("age"), Linked("sample.exome")), []),
        (
            (Present("age"), Present("physician") & Linked("sample.exome")),
            [["::or", ["::has", "age"], ["::has", "physician"]]],
        ),
        (
            (Present("age") & Linked("sample"), Present("physician") & Linked("sample.exome")),
            [["::has", "sample"], ["::or", ["::has", "age"], ["::has", "physician"]]],
        ),
        ((Present("age") & Linked("sample"), Present("age")), [["::has", "age"]]),
        ((Present("age") & Linked("sample"), Present("age") & Rows("demographics")), [["::has", "age"]]),
    ],
)
def test_what_stands_in_other_records_is_asked_of_all_or_of_none(
    scopes: tuple[Check, ...], asked: list[object]
) -> None:
    """Magma would ask it of all in any case."""
    loaders = [type("Asking", (Loader,), {"scope": scope})() for scope in scopes]

    assert filters(loaders, SHAPES["patient"]) == asked


def test_what_may_be_restricted_is_asked_of_none() -> None:
    loader = type("Asking", (Loader,), {"scope": Files("vcf") & Files("raw_fastqs")})()

    assert filters([loader], SHAPES["exome"]) == [["::has", "raw_fastqs"]]


def test_a_labs_own_kind_of_check_demands_nothing() -> None:
    class OwnFiles(Files):
        """May pass what holds none."""

    assert demanded(OwnFiles("files")) == frozenset()
