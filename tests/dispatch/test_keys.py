"""Keys: told once, sealed, scoped, rotated and revoked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from dispatch.models import ApiKey, KeyEvent, KeyScope
from dispatch.scopes import Scope
from dispatch.sealing import SealBrokenError
from dispatch.services import keys
from dispatch.services.keys import NewKey
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from tests.dispatch.calls import KEK

OTHER_KEK = bytes(reversed(range(32)))


@pytest.fixture
def made(db: None, analyst: str, now: datetime) -> NewKey:
    return keys.create(
        analyst=analyst, scheme="etna-v1", scopes=[Scope("dt_lung", "*")], kek=KEK, actor="admin", now=now
    )


class TestCreate:
    def test_the_id_fits_both_schemes(self, made: NewKey) -> None:
        assert re.fullmatch(r"pk_[a-z2-7]{16}", made.key.pk)

    def test_the_secret_is_not_in_the_database(self, made: NewKey) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT dispatch_apikey::text FROM dispatch_apikey")
            rows = str(cursor.fetchall())

        assert made.secret not in rows
        assert made.secret.encode().hex() not in rows

    def test_the_secret_is_in_no_representation(self, made: NewKey) -> None:
        assert made.secret not in f"{made!r} {made.key!r} {made.key} {made.key.__dict__}"

    def test_the_secret_opens_with_its_key(self, made: NewKey) -> None:
        assert keys.secret_of(made.key, keks=[KEK]) == made.secret.encode()

    def test_two_live_keys_and_no_third(self, made: NewKey, analyst: str, now: datetime) -> None:
        keys.create(analyst=analyst, scheme="etna-v1", kek=KEK, actor="admin", now=now)

        with pytest.raises(MoveRefusedError) as refused:
            keys.create(analyst=analyst, scheme="etna-v1", kek=KEK, actor="admin", now=now)

        assert refused.value.code == "two_live_keys"

    @pytest.mark.parametrize(
        ("analyst", "scheme", "code"),
        [("nobody", "etna-v1", "invalid_analyst"), ("a@b.org", "basic", "invalid_scheme")],
    )
    def test_what_makes_no_sense_is_refused(
        self, db: None, now: datetime, analyst: str, scheme: str, code: str
    ) -> None:
        with pytest.raises(InvalidInputError) as refused:
            keys.create(analyst=analyst, scheme=scheme, kek=KEK, actor="admin", now=now)

        assert refused.value.code == code


class TestSealing:
    def test_a_ciphertext_moved_to_another_key_does_not_open(
        self, made: NewKey, rival: str, now: datetime
    ) -> None:
        other = keys.create(analyst=rival, scheme="etna-v1", kek=KEK, actor="admin", now=now)
        other.key.ciphertext, other.key.nonce = made.key.ciphertext, made.key.nonce

        with pytest.raises(SealBrokenError):
            keys.secret_of(other.key, keks=[KEK])

    def test_another_kek_does_not_open_it(self, made: NewKey) -> None:
        with pytest.raises(SealBrokenError):
            keys.secret_of(made.key, keks=[OTHER_KEK])

    def test_rewrapped_secrets_open_with_the_new_kek_alone(self, made: NewKey, now: datetime) -> None:
        count = keys.rewrap(keks=[OTHER_KEK, KEK], now=now, actor="admin")

        key = ApiKey.objects.get(pk=made.key.pk)
        assert (count, keys.secret_of(key, keks=[OTHER_KEK])) == (1, made.secret.encode())

    def test_rewrapping_again_changes_nothing(self, made: NewKey, now: datetime) -> None:
        keys.rewrap(keks=[OTHER_KEK, KEK], now=now, actor="admin")

        assert keys.rewrap(keks=[OTHER_KEK, KEK], now=now, actor="admin") == 0


class TestRotate:
    def test_the_old_key_goes_on_for_a_while_and_the_new_one_may_do_the_same(
        self, made: NewKey, now: datetime
    ) -> None:
        new = keys.rotate(made.key, keep=timedelta(days=7), kek=KEK, actor="admin", now=now)

        old = ApiKey.objects.get(pk=made.key.pk)
        assert (old.state, old.expires_at) == ("retiring", now + timedelta(days=7))
        assert [str(scope) for scope in new.key.scopes.all()] == ["* on dt_lung/*"]

    def test_a_key_is_replaced_once(self, made: NewKey, now: datetime) -> None:
        new = keys.rotate(made.key, keep=timedelta(days=7), kek=KEK, actor="admin", now=now)
        keys.revoke(new.key, actor="admin", now=now)

        with pytest.raises(MoveRefusedError):
            keys.rotate(made.key, keep=timedelta(days=7), kek=KEK, actor="admin", now=now)


class TestRevoke:
    def test_it_is_kept_in_the_keys_history_once(self, made: NewKey, now: datetime) -> None:
        keys.revoke(made.key, actor="admin", now=now)
        keys.revoke(made.key, actor="admin", now=now)

        assert list(KeyEvent.objects.values_list("kind", flat=True)) == ["created", "revoked"]

    def test_the_history_of_a_key_is_only_added_to(self, made: NewKey) -> None:
        with pytest.raises(Exception, match="only added to"):
            KeyEvent.objects.update(actor="somebody else")


@pytest.mark.django_db
class TestCreateKeyCommand:
    def test_it_prints_id_and_secret_once(self, analyst: str) -> None:
        out = StringIO()

        call_command(
            "create_key",
            analyst,
            "--scheme",
            "etna-v1",
            "--analysis",
            "a",
            "b",
            "--project",
            "p",
            stdout=out,
            stderr=StringIO(),
        )

        key = ApiKey.objects.get()
        words = out.getvalue().split()
        assert words[:2] == ["id", key.pk]
        assert keys.secret_of(key, keks=[KEK]).decode() == words[3]
        assert sorted(key.scopes.values_list("project", "analysis")) == [("p", "a"), ("p", "b")]

    def test_without_naming_anything_the_key_may_do_nothing(self, analyst: str) -> None:
        warning = StringIO()

        call_command("create_key", analyst, "--scheme", "rfc9421-v1", stdout=StringIO(), stderr=warning)

        assert not KeyScope.objects.exists()
        assert "may do nothing yet" in warning.getvalue()

    def test_without_a_kek_it_says_what_is_missing(self, analyst: str, settings: Settings) -> None:
        settings.POLYPHEMUS_KEK = b""

        with pytest.raises(CommandError, match="POLYPHEMUS_KEK is not set"):
            call_command("create_key", analyst, "--scheme", "etna-v1", stdout=StringIO())

    def test_rewrapping_without_the_old_kek_says_where_to_put_it(
        self, made: NewKey, settings: Settings
    ) -> None:
        settings.POLYPHEMUS_KEK = OTHER_KEK

        with pytest.raises(CommandError, match="POLYPHEMUS_KEK_PREVIOUS"):
            call_command("rewrap_keys", stdout=StringIO())
