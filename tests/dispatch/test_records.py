"""Completion records, verified as the documentation says, by a program that knows nothing of Polyphemus."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dispatch.models import AnalysisRequest
from tests.dispatch.calls import HOST, Program
from tests.dispatch.conftest import Submit

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


@pytest.fixture
def verifier(tmp_path: Path) -> Path:
    """The program in the documentation."""
    (script,) = re.findall(
        r"```python\n(import base64.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL
    )
    path = tmp_path / "verify.py"
    path.write_text(script, encoding="utf-8")
    return path


def verify(verifier: Path, signed: dict[str, Any], key: str) -> str:
    """What the program prints, or the last line of its trouble."""
    done = subprocess.run(  # noqa: S603 — the documentation's own program
        [sys.executable, str(verifier), key],
        input=json.dumps(signed),
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.fixture
def public_key(janus: None) -> str:
    key: str = Client(headers={"Host": HOST}).get("/api/v1/record-key").json()["public_key"]
    return key


class TestRecord:
    def test_it_says_who_did_what_and_verifies_offline(
        self, archived: AnalysisRequest, program: Program, analyst: str, verifier: Path, public_key: str
    ) -> None:
        signed = program.get("/api/v1/requests/running/record").json()

        assert (signed["record"]["analyst"], signed["record"]["outcome"]) == (analyst, "ticket")
        assert verify(verifier, signed, public_key) == "verified"

    def test_openssl_alone_verifies_it(
        self, archived: AnalysisRequest, program: Program, tmp_path: Path
    ) -> None:
        signed = program.get("/api/v1/requests/running/record").json()
        pem = Client(headers={"Host": HOST}).get("/api/v1/record-key").json()["pem"]
        (tmp_path / "answer.json").write_text(json.dumps(signed), encoding="utf-8")
        (tmp_path / "key.pem").write_text(pem)
        page = REFERENCE.read_text(encoding="utf-8")
        [recipe] = [block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "pkeyutl" in block]

        done = subprocess.run(  # noqa: S603 — the documentation's own lines
            ["/bin/sh", "-ec", recipe], cwd=tmp_path, capture_output=True, text=True, check=False
        )

        assert (done.returncode, done.stdout.strip()) == (0, "Signature Verified Successfully")

    def test_the_digest_of_the_config_is_made_as_documented(
        self, archived: AnalysisRequest, program: Program
    ) -> None:
        signed = program.get("/api/v1/requests/running/record").json()
        config = program.get("/api/v1/requests/running").json()["config"]

        text = json.dumps(config, separators=(",", ":"), ensure_ascii=False)
        assert signed["record"]["config_sha256"] == hashlib.sha256(text.encode()).hexdigest()

    @pytest.mark.parametrize(
        ("member", "value"), [("analyst", "rival@ucsf.edu"), ("verification", "verified"), ("ended_at", None)]
    )
    def test_an_altered_record_does_not_verify(
        self,
        archived: AnalysisRequest,
        program: Program,
        verifier: Path,
        public_key: str,
        member: str,
        value: str | None,
    ) -> None:
        signed = program.get("/api/v1/requests/running/record").json()

        signed["record"][member] = value

        assert "InvalidSignature" in verify(verifier, signed, public_key)

    def test_what_has_not_ended_has_none(self, submit: Submit, program: Program) -> None:
        submit(name="open")

        refused = program.get("/api/v1/requests/open/record")

        assert (refused.status_code, refused.json()["code"]) == (409, "not_archived")

    def test_inputs_are_named_with_their_fingerprints(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="mine", subjects=[("patient", "DTL001", "f00d")])
        body = {"analysis": "exome_pipe", "name": "mine"}
        program.post("/api/v1/bids", {**body, "analyst": analyst, "time": "60"})
        program.post("/api/v1/tickets", body)

        record = program.get("/api/v1/requests/mine/record").json()["record"]

        assert record["subjects"] == [{"model": "patient", "record": "DTL001", "fingerprint": "f00d"}]
