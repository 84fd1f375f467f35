from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magma.demo.tokens import KeyPair, mint
from magma.tokens import StaticToken, read_roles, read_token

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class TestReadToken:
    def test_reads_what_janus_wrote(self, janus_keys: KeyPair) -> None:
        text = mint(
            janus_keys.private, email="analyst@ucsf.edu", perm="e:labors,ipi;V:dt_lung;a:administration"
        )

        token = read_token(f" {text}\n")

        assert token.text == text
        assert token.email == "analyst@ucsf.edu"
        assert token.roles == {"labors": "e", "ipi": "e", "dt_lung": "V", "administration": "a"}
        assert token.expires_at is not None
        assert token.expires_at - datetime.now(UTC) > timedelta(hours=23)

    @given(text=st.text(max_size=60) | st.text(".abc=-_", max_size=60))
    def test_reads_nothing_from_what_is_no_token(self, text: str) -> None:
        token = read_token(text)

        assert not token.roles
        assert token.expires_at is None

    @pytest.mark.parametrize("payload", ["W10", "bnVsbA", "eyJleHAiOiJzb29uIn0", "eyJleHAiOjFlOTl9"])
    def test_takes_no_claims_of_the_wrong_shape(self, payload: str) -> None:
        token = read_token(f"a.{payload}.c")

        assert token.expires_at is None


class TestReadRoles:
    @pytest.mark.parametrize(
        ("perm", "roles"),
        [
            ("", {}),
            ("v:labors", {"labors": "v"}),
            ("A:a,b;g:c", {"a": "A", "b": "A", "c": "g"}),
            ("x:labors;v;:;v:", {}),
            (" ;v: labors ,", {"labors": "v"}),
        ],
    )
    def test_grants_only_what_is_well_formed(self, perm: str, roles: dict[str, str]) -> None:
        assert read_roles(perm) == roles


class TestAToken:
    @pytest.mark.parametrize(
        ("perm", "sees", "views"),
        [
            ("v:labors", False, True),
            ("V:labors", True, True),
            ("g:labors", False, True),
            ("A:administration", False, True),
            ("v:administration", False, True),
            ("G:administration", False, False),
            ("V:other", False, False),
            ("", False, False),
        ],
    )
    def test_knows_what_it_opens(self, janus_keys: KeyPair, perm: str, sees: bool, views: bool) -> None:
        token = read_token(mint(janus_keys.private, email="x@ucsf.edu", perm=perm))

        assert token.sees_restricted("labors") is sees
        assert token.can_view("labors") is views

    def test_has_expired_at_its_very_end(self, janus_keys: KeyPair) -> None:
        token = read_token(mint(janus_keys.private, email="x@ucsf.edu", perm="", exp=NOON))

        end = token.expires_at or NOON

        assert token.has_expired(now=end)
        assert not token.has_expired(now=end - timedelta(microseconds=1))


def test_a_static_token_is_always_the_same() -> None:
    source = StaticToken("a.b.c")

    assert source.current() == source.current()
    assert source.renewed(source.current()) is None
