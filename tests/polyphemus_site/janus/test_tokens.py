"""Only what Janus signed and meant is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable

import jwt
import pytest

from polyphemus_site.janus.errors import TokenRefusedError
from polyphemus_site.janus.people import Person, Source
from polyphemus_site.janus.tokens import Credentials, read_person
from tests.polyphemus_site.janus.tokens import key_pair, public_key, token


def read(text: str) -> Person:
    return read_person(Credentials(text, Source.HEADER), public_key=public_key())


def raw_token(header: dict[str, str], claims: dict[str, object], signature: bytes = b"") -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, signature])


def claims() -> dict[str, object]:
    return {"email": "dr.who@ucsf.edu", "perm": "a:administration", "exp": int(time.time()) + 60}


def hmac_token_with_the_public_key() -> str:
    unsigned = raw_token({"alg": "HS256", "typ": "JWT"}, claims()).rpartition(".")[0]
    digest = hmac.new(public_key().encode(), unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def rs512() -> str:
    return jwt.encode(claims(), key_pair()[0], algorithm="RS512")


REFUSED: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=int(time.time()) - 1),
    "expiring this second": lambda: token(exp=int(time.time())),
    "no expiry": lambda: token(exp=None),
    "expiry is beyond all time": lambda: token(exp=float("inf")),
    "expiry is no number": lambda: token(exp=float("nan")),
    "expiry is text": lambda: token(exp="tomorrow"),
    "no address": lambda: token(email=None),  # type: ignore[arg-type]  # on purpose
    "address is a number": lambda: token(email=7),  # type: ignore[arg-type]  # on purpose
    "address is no address": lambda: token(email="dr.who"),
    "address with a NUL": lambda: token(email="a\x00@b.c"),
    "roles are a list": lambda: token(perm=["a:ipi"]),  # type: ignore[arg-type]  # on purpose
    "flags are a list": lambda: token(flags=["inactive"]),
    "another key": lambda: token(key=key_pair("stranger")[0]),
    "alg none": lambda: raw_token({"alg": "none", "typ": "JWT"}, claims()),
    "HS256 with the public key": hmac_token_with_the_public_key,
    "RS512 with the right key": rs512,
    "inactive": lambda: token(flags="external;inactive"),
    "a task for two projects": lambda: token(perm="e:labors,ipi", task=True),
    "a task for no project": lambda: token(perm="", task=True),
    "meant for another audience": lambda: token(aud="somebody"),
    "over 8 kB": lambda: token(name="x" * 9000),
    "not a token": lambda: "abc",
    "empty": lambda: "",
    "not even text one can encode": lambda: "\udcff",
    "not before tomorrow": lambda: token(nbf=int(time.time()) + 86400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_token_speaks_for_nobody(name: str) -> None:
    text = REFUSED[name]()

    with pytest.raises(TokenRefusedError):
        read(text)


def test_without_a_public_key_nobody_is_believed() -> None:
    with pytest.raises(TokenRefusedError):
        read_person(Credentials(token(), Source.HEADER), public_key="")


def test_a_public_key_that_is_no_key_believes_nobody() -> None:
    with pytest.raises(TokenRefusedError):
        read_person(Credentials(token(), Source.HEADER), public_key="not a PEM")


def test_a_token_tells_who_and_what() -> None:
    person = read(token("Dr.Who@UCSF.edu", "A:ipi;e:labors,mvir1;v:dt_lung;g:x", flags="external;vulcan"))

    assert (person.email, person.name) == ("dr.who@ucsf.edu", "The Doctor")
    assert person.flags == {"external", "vulcan"}
    assert person.own_projects == ["dt_lung", "ipi", "labors", "mvir1", "x"]
    assert person.is_task is False


def test_a_token_without_roles_is_still_a_person() -> None:
    person = read(token(perm=""))

    assert person.own_projects == []
    assert not person.can_view("labors")


def test_a_token_of_almost_8_kb_is_read() -> None:
    many = ",".join(f"project_{number}" for number in range(330))

    person = read(token(perm=f"v:{many}"))

    assert person.can_view("project_329")


def test_a_task_token_is_never_an_admins() -> None:
    person = read(token(perm="A:labors", task=True))

    assert person.is_task
    assert person.can_edit("labors")
    assert not person.is_admin("labors")
    assert person.can_see_restricted("labors")


def test_a_role_nobody_knows_grants_nothing() -> None:
    person = read(token(perm="q:labors;e:"))

    assert person.own_projects == []


def test_the_token_is_not_in_what_gets_logged() -> None:
    text = token()

    assert text not in repr(read(text))
