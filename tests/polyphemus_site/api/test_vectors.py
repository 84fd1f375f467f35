"""`manage.py verify_vectors`: the recorded requests through the whole application."""

from __future__ import annotations

import base64
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from polyphemus_site.api import vectors

FILE = Path(__file__).parent / "etna_vectors.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text())
OUTCOMES = {outcome.name: outcome for outcome in vectors.replay(DOCUMENT)}


def run(file: Path, *options: str) -> str:
    out = StringIO()
    call_command("verify_vectors", str(file), *options, stdout=out)
    return out.getvalue()


def changed(tmp_path: Path, **fields: Any) -> Path:
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(DOCUMENT | fields))
    return file


class TestReplay:
    @pytest.mark.parametrize("name", [vector["name"] for vector in DOCUMENT["vectors"]])
    def test_the_verdict_is_the_one_wanted(self, name: str) -> None:
        outcome = OUTCOMES[name]

        assert outcome.agrees, f"wanted {outcome.wanted}, got {outcome.got}"

    def test_nothing_real_etna_refuses_is_believed_but_a_signed_false(self) -> None:
        refused_by_etna = {vector["name"] for vector in DOCUMENT["vectors"] if not vector["valid"]}
        believed = {outcome.name for outcome in OUTCOMES.values() if outcome.got == "ACCEPT"}

        assert believed & refused_by_etna == {"bad_body_false", "bad_client_false"}

    def test_malformed_bytes_are_refused(self) -> None:
        vector = {
            "name": "garbage",
            "strict_policy": "malformed",
            "request": {"raw_base64": base64.b64encode(b"\xff\x00").decode()},
        }

        (outcome,) = vectors.replay(DOCUMENT | {"vectors": [vector]})

        assert outcome.agrees


class TestCommand:
    def test_says_how_many_agree(self) -> None:
        assert run(FILE).strip() == "81 of 81 verdicts agree"

    def test_says_nothing_of_each_request(self, caplog: pytest.LogCaptureFixture) -> None:
        run(FILE)

        assert caplog.records == []

    def test_prints_json(self) -> None:
        outcomes = json.loads(run(FILE, "--json"))

        assert len(outcomes) == 81
        assert all(outcome["agrees"] for outcome in outcomes)

    def test_fails_when_a_verdict_differs(self) -> None:
        with pytest.raises(CommandError, match="verdicts differ"):
            run(FILE, "--now", "2027-01-01T00:00:00Z")

    def test_fails_on_a_wrong_key(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="verdicts differ"):
            run(changed(tmp_path, keys={"arachne": "another"}))

    def test_fails_on_no_vectors(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError):
            run(changed(tmp_path, vectors=[]))

    def test_an_unreadable_file_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="can't be read"):
            run(tmp_path / "missing.json")
