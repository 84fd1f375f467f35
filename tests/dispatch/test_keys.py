"""Keys: told once, sealed, scoped, rotated and revoked."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from dispatch import key_bytes
from dispatch.models import ApiKey, KeyEvent, KeyScope
from dispatch.scopes import Scope
from dispatch.sealing import SealBrokenError
from dispatch.services import keys
from dispatch.services.keys import NewKey, Terms
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from tests.dispatch.calls import KEK

OTHER_KEK = bytes(reversed(range(32)))


PAIR = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
PUBLIC_PEM = PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
RSA_PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def public_key_of(analyst: str, text: str, now: datetime, scheme: str = "rfc9421-v1") -> NewKey:
    return keys.create(analyst=analyst, scheme=scheme, public_key=text, kek=KEK, actor="admin", now=now)


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


class TestSecrets:
    def test_a_secret_carries_its_checksum(self, made: NewKey) -> None:
        found = re.fullmatch(r"psk_([a-z2-7]{52})([a-z2-7]{7})", made.secret)

        assert found
        assert key_bytes.checksum_of(found[1]) == found[2]

    def test_an_ended_key_leaves_room_for_another(self, made: NewKey, analyst: str, now: datetime) -> None:
        keys.rotate(made.key, keep=timedelta(days=7), kek=KEK, actor="admin", now=now)
        later = now + timedelta(days=7, seconds=1)

        made_later = keys.create(analyst=analyst, scheme="etna-v1", kek=KEK, actor="admin", now=later)

        assert made_later.key.state == "active"

    @pytest.mark.django_db(transaction=True)
    def test_of_many_made_at_once_two_are(self, analyst: str, now: datetime) -> None:
        together = Barrier(6)

        def make(_: int) -> str:
            with closing(connection):
                connection.ensure_connection()
                together.wait()
                try:
                    return keys.create(
                        analyst=analyst, scheme="etna-v1", kek=KEK, actor="admin", now=now
                    ).key.state
                except MoveRefusedError as refused:
                    return refused.code

        with ThreadPoolExecutor(6) as pool:
            outcomes = sorted(pool.map(make, range(6)))

        assert outcomes == ["active"] * 2 + ["two_live_keys"] * 4


class TestPublicKeys:
    @pytest.mark.parametrize("written", ["pem", "base64"])
    def test_a_public_key_is_kept_and_no_secret_is_made(
        self, analyst: str, now: datetime, written: str, db: None
    ) -> None:
        raw = PAIR.public_key().public_bytes_raw()
        forms = {"pem": PUBLIC_PEM, "base64": base64.b64encode(raw).decode()}

        made = public_key_of(analyst, forms[written], now)

        assert (made.secret, made.key.algorithm) == ("", "ed25519")
        assert keys.secret_of(made.key, keks=[KEK]) == raw

    @pytest.mark.parametrize(
        ("text", "scheme", "code"),
        [
            ("nonsense", "rfc9421-v1", "invalid_public_key"),
            ("AAAA", "rfc9421-v1", "invalid_public_key"),
            ("-----BEGIN PUBLIC KEY-----", "rfc9421-v1", "invalid_public_key"),
            (RSA_PEM, "rfc9421-v1", "invalid_public_key"),
            (PUBLIC_PEM, "etna-v1", "invalid_scheme"),
        ],
    )
    def test_what_is_none_is_refused(
        self, analyst: str, now: datetime, db: None, text: str, scheme: str, code: str
    ) -> None:
        with pytest.raises(InvalidInputError) as refused:
            public_key_of(analyst, text, now, scheme=scheme)

        assert refused.value.code == code
        assert not ApiKey.objects.exists()

    def test_it_is_succeeded_by_a_public_key_alone(self, analyst: str, now: datetime, db: None) -> None:
        made = public_key_of(analyst, PUBLIC_PEM, now)
        how: dict[str, Any] = {"keep": keys.OVERLAP, "kek": KEK, "actor": "admin", "now": now}

        with pytest.raises(InvalidInputError):
            keys.rotate(made.key, **how)

        assert keys.rotate(made.key, public_key=PUBLIC_PEM, **how).key.algorithm == "ed25519"

    def test_a_secret_is_not_succeeded_by_one(self, made: NewKey, now: datetime) -> None:
        with pytest.raises(InvalidInputError):
            keys.rotate(made.key, keep=keys.OVERLAP, public_key=PUBLIC_PEM, kek=KEK, actor="admin", now=now)


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
        assert [str(scope) for scope in new.key.scopes.all()] == ["*: dt_lung/*"]

    @pytest.mark.parametrize("left", [timedelta(days=2), timedelta(days=-2)], ids=["soon", "ended"])
    def test_no_key_lives_longer_for_being_replaced(
        self, analyst: str, db: None, now: datetime, left: timedelta
    ) -> None:
        how: dict[str, Any] = {"kek": KEK, "actor": "admin", "now": now}
        made = keys.create(analyst=analyst, scheme="etna-v1", terms=Terms(expires_at=now + left), **how)

        keys.rotate(made.key, keep=timedelta(days=7), **how)

        assert ApiKey.objects.get(pk=made.key.pk).expires_at == now + left

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

    def test_it_ends_when_it_was_said_to(self, analyst: str) -> None:
        call_command("create_key", analyst, "--scheme", "etna-v1", "--days", "30", stdout=StringIO())

        key = ApiKey.objects.get()
        assert key.expires_at == key.created_at + timedelta(days=30)

    @pytest.mark.parametrize("days", ["0", "-1", "3651", "1.5", "soon", "٣"])
    def test_days_that_are_none_are_refused(self, analyst: str, days: str) -> None:
        with pytest.raises(CommandError, match="days are 1 to 3650"):
            call_command("create_key", analyst, "--scheme=etna-v1", f"--days={days}")

        assert not ApiKey.objects.exists()

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

    def test_a_public_key_comes_from_a_file(self, analyst: str, tmp_path: Path) -> None:
        (tmp_path / "key.pem").write_text(PUBLIC_PEM)
        out = StringIO()

        call_command(
            "create_key",
            analyst,
            "--scheme",
            "rfc9421-v1",
            "--public-key",
            str(tmp_path / "key.pem"),
            stdout=out,
            stderr=StringIO(),
        )

        assert out.getvalue().split() == ["id", ApiKey.objects.get(algorithm="ed25519").pk]

    def test_a_file_that_cannot_be_read_is_named(self, analyst: str, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"missing\.pem can't be read"):
            call_command(
                *("create_key", analyst, "--scheme", "rfc9421-v1"),
                *("--public-key", str(tmp_path / "missing.pem")),
            )


@pytest.mark.django_db
class TestRotateAndRevokeCommands:
    def test_a_key_is_replaced_and_the_new_secret_printed(self, made: NewKey) -> None:
        out = StringIO()

        call_command("rotate_key", made.key.pk, "--keep-days", "3", stdout=out)

        words = out.getvalue().split()
        old, new = ApiKey.objects.get(pk=made.key.pk), ApiKey.objects.get(state="active")
        assert (old.state, words[1]) == ("retiring", new.pk)
        assert keys.secret_of(new, keks=[KEK]).decode() == words[3]

    def test_a_key_is_revoked(self, made: NewKey) -> None:
        out = StringIO()

        call_command("revoke_key", made.key.pk, stdout=out)

        assert ApiKey.objects.get().state == "revoked"
        assert made.key.pk in out.getvalue()

    @pytest.mark.parametrize("command", ["rotate_key", "revoke_key"])
    def test_a_key_nobody_has_is_named(self, command: str) -> None:
        with pytest.raises(CommandError, match="There is no key pk_nobody"):
            call_command(command, "pk_nobody")

    def test_what_cannot_be_replaced_says_why(self, made: NewKey) -> None:
        call_command("revoke_key", made.key.pk, stdout=StringIO())

        with pytest.raises(CommandError, match="is not in use"):
            call_command("rotate_key", made.key.pk)
