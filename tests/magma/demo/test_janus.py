from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from magma.demo.tokens import KeyPair, make_keys
from tests.magma.demo_fixture import RunningWarehouse

SERVICE = "polyphemus@ucsf.edu"


@pytest.fixture(scope="module")
def service_keys() -> KeyPair:
    return make_keys()


@pytest.fixture
def janus(
    start_warehouse: Callable[..., RunningWarehouse],
    tmp_path: Path,
    janus_keys: KeyPair,
    service_keys: KeyPair,
) -> RunningWarehouse:
    janus_keys.save(tmp_path / "janus")
    service_keys.save(tmp_path / "service")
    account = f"{SERVICE}=V:labors,dt_lung={tmp_path / 'service' / 'janus.pub'}"
    return start_warehouse("--janus-private-key", str(tmp_path / "janus" / "janus.pem"), "--service", account)


def signed(nonce: str, keys: KeyPair) -> dict[str, str]:
    """The header a service logs in with."""
    key = load_pem_private_key(keys.private.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    text = f"{nonce}.{base64.b64encode(SERVICE.encode()).decode()}"
    signature = base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
    return {"Authorization": f"Signed-Nonce {text}.{signature}"}


def count_victims(janus: RunningWarehouse, headers: dict[str, str]) -> httpx.Response:
    body = {"project_name": "labors", "query": ["victim", "::count"]}
    return httpx.post(f"{janus.url}/query", json=body, headers=headers)


def test_signing_in_sets_a_cookie_the_warehouse_takes(janus: RunningWarehouse) -> None:
    address = f"{janus.url}/login?refer={janus.url}/labors"
    assert "curator@ucsf.edu" in httpx.get(address).text

    answer = httpx.post(address, data={"email": "curator@ucsf.edu"})

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{janus.url}/labors")
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    cookie = {"Cookie": f"JANUS_TOKEN={answer.cookies['JANUS_TOKEN']}"}
    assert count_victims(janus, cookie).json()["answer"] == 178


@pytest.mark.parametrize("refer", ["https://evil.example/", "javascript:alert(1)", "", "//127.0.0.1/"])
def test_nobody_is_sent_elsewhere_after_signing_in(janus: RunningWarehouse, refer: str) -> None:
    answer = httpx.get(f"{janus.url}/login", params={"refer": refer})

    assert answer.status_code == 422


def test_a_service_gets_a_token_for_a_signed_nonce(janus: RunningWarehouse, service_keys: KeyPair) -> None:
    nonce = httpx.get(f"{janus.url}/api/tokens/nonce").text

    answer = httpx.post(f"{janus.url}/api/tokens/generate", headers=signed(nonce, service_keys))

    headers = {"Authorization": f"Etna {answer.text}"}
    assert count_victims(janus, headers).json()["answer"] == 178


def test_a_nonce_counts_once(janus: RunningWarehouse, service_keys: KeyPair) -> None:
    headers = signed(httpx.get(f"{janus.url}/api/tokens/nonce").text, service_keys)

    answers = [httpx.post(f"{janus.url}/api/tokens/generate", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]


def test_another_key_gets_no_token(janus: RunningWarehouse) -> None:
    nonce = httpx.get(f"{janus.url}/api/tokens/nonce").text

    answer = httpx.post(f"{janus.url}/api/tokens/generate", headers=signed(nonce, make_keys()))

    assert answer.status_code == 401


def test_a_token_that_holds_is_exchanged_for_another(janus: RunningWarehouse) -> None:
    headers = {"Authorization": f"Etna {janus.mint('VIEWER')}"}

    answer = httpx.post(f"{janus.url}/api/tokens/generate", headers=headers)

    assert count_victims(janus, {"Authorization": f"Etna {answer.text}"}).json()["answer"] == 178


def test_projects_come_with_the_role_in_them(janus: RunningWarehouse) -> None:
    headers = {"Authorization": f"Etna {janus.mint('EDITOR', projects='dt_lung')}"}

    answer = httpx.get(f"{janus.url}/api/user/projects", headers=headers).json()["projects"]

    roles = {one["project_name"]: (one["role"], one["privileged"], one["resource"]) for one in answer}
    assert roles == {"dt_lung": ("editor", True, False), "cc_atlas": (None, False, True)}


@pytest.mark.parametrize("path", ["/api/user/projects", "/api/tokens/generate", "/api/tokens/validate_task"])
def test_strangers_learn_nothing(janus: RunningWarehouse, path: str) -> None:
    answers = [httpx.request(method, f"{janus.url}{path}") for method in ("GET", "POST")]

    assert [answer.status_code for answer in answers] == [401, 401]
