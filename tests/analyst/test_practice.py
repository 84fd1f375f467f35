"""The server to practise with: clients that keep the contract, and one that keeps little of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from polyphemus_analyst import practice
from polyphemus_analyst.client import Dispatch, Held
from polyphemus_analyst.errors import AnalystError
from polyphemus_analyst.signing import Key
from tests.analyst.test_cron_recipe import blocks, run
from tests.system_packages import program

ANALYST = "saurabh.asthana@ucsf.edu"
SHARED = b"a secret to practise with"
PAIR = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
KEYS = {
    "etna-v1": Key("pk_practice", SHARED, "etna-v1"),
    "rfc9421-v1": Key("pk_practice", SHARED, "rfc9421-v1"),
    "a pair": Key("pk_practice", PAIR, "rfc9421-v1"),
}


@contextmanager
def practising(folder: Path, key: Key, *, seconds: float) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command, and the address it says to point a client at."""
    secret = folder / "practice-secret"
    secret.write_bytes(key.secret)
    secret.chmod(0o600)
    words = ["--key-id", key.id, "--secret-file", str(secret), "--scheme", key.scheme, "--port", "0"]
    words += ["--analysis", "exome_pipe", "--analyst", ANALYST, "--seconds", str(seconds)]
    with subprocess.Popen(  # noqa: S603 — the program itself
        [sys.executable, "-m", "polyphemus_analyst", "practice", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr
        address = re.search(r"http://[0-9.:]+", server.stderr.readline())
        assert address
        try:
            yield address[0], server
        finally:
            server.kill()


def told(server: subprocess.Popen[str]) -> dict[str, str]:
    """What was broken, and what was seen instead."""
    out, _ = server.communicate(timeout=60)
    lines = [line.split("\t") for line in out.splitlines()]
    assert len(lines) == len(practice.RULES)
    return {rule: seen for kept, rule, seen in lines if kept != "kept"}


@pytest.mark.parametrize("kind", KEYS)
def test_our_own_client_keeps_every_rule(tmp_path: Path, kind: str) -> None:
    with practising(tmp_path, KEYS[kind], seconds=60) as (address, server):
        settings = {
            "POLYPHEMUS_URL": address,
            "POLYPHEMUS_KEY_ID": KEYS[kind].id,
            "POLYPHEMUS_ANALYST": ANALYST,
            "POLYPHEMUS_SECRET_FILE": str(tmp_path / "practice-secret"),
            "POLYPHEMUS_ANALYST_HOME": str(tmp_path / "home"),
            "POLYPHEMUS_SCHEME": KEYS[kind].scheme,
        }
        words = ["run", "--analysis", "exome_pipe", "--command", "true", "--estimate", "60", "--once"]
        subprocess.run(  # noqa: S603 — the program itself
            [sys.executable, "-m", "polyphemus_analyst", *words], env=os.environ | settings, check=True
        )

        assert told(server) == {}
        assert server.returncode == 0


def test_a_client_that_keeps_little_is_told_what_it_breaks(tmp_path: Path) -> None:
    with practising(tmp_path, KEYS["etna-v1"], seconds=5) as (address, server):
        dispatch = Dispatch(address, KEYS["etna-v1"], tries=1)
        httpx.get(f"{address}/api/v1/requests")
        for _ in range(2):
            with suppress(AnalystError):
                dispatch.bid(analysis="other", name=practice.WORK, seconds=60, analyst=ANALYST)
        with suppress(AnalystError):
            dispatch.ticket(Held("other", practice.LOST))
        dispatch.http.close()

        seen = told(server)

    assert server.returncode == 1
    assert set(seen) == {
        "Every call carries a signature that a server believes.",
        "Open work is asked for before anything is bid for.",
        "A bid names analysis, analyst, request and time, and nothing else; the time is digits.",
        "What is answered 503 is tried again, and no sooner than Retry-After asks.",
        "What another analyst won is neither reported nor given back.",
        "What was won ends in a ticket, or is given back with a reason.",
    }
    assert (
        "GET requests: there is no X-Etna-Signature"
        in seen["Every call carries a signature that a server believes."]
    )


def test_a_client_that_never_comes_is_told(tmp_path: Path) -> None:
    with practising(tmp_path, KEYS["etna-v1"], seconds=1) as (_, server):
        assert told(server)["Every call carries a signature that a server believes."] == "no call came"


def test_the_recipe_of_curl_and_openssl_signs_well(tmp_path: Path) -> None:
    for tool in ("curl", "openssl", "perl"):
        program(tool, package=tool)
    round_, call, keep = blocks()
    key = Key("pk_practice", SHARED.replace(b" ", b"_"), "etna-v1")
    with practising(tmp_path, key, seconds=20) as (address, server):
        settings = {"URL": address, "HOST": "127.0.0.1", "KEY_ID": key.id, "EMAIL": ANALYST}
        lines = [f"{name}={value}" for name, value in (settings | {"ANALYSIS": "exome_pipe"}).items()]
        (tmp_path / "settings").write_text("\n".join(lines))
        for name, text in (("round", round_), ("call", call), ("pipeline", "#!/bin/sh\ntrue\n")):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o700)
        run("sh", "-c", keep, cwd=tmp_path, told=key.secret.decode() + "\n")
        for _ in range(3):
            run("sh", "./round", cwd=tmp_path)

        seen = told(server)

    assert "Every call carries a signature that a server believes." not in seen
    assert "No nonce is used twice." not in seen
