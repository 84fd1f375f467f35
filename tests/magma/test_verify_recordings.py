from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from magma.recordings.exchanges import RecordedResponse
from magma.recordings.rehearsal import Finding, Outcome, rehearse

Findings = dict[str, Finding]
RECORDINGS = Path(__file__).parent / "recordings"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings, to be spoiled."""
    for name in ("query_count", "retrieve_page1"):
        shutil.copy(RECORDINGS / f"{name}.json", tmp_path)
    return tmp_path


def spoil(folder: Path, name: str, *path: str, value: Any) -> None:
    """Set one value of a recording."""
    file = folder / f"{name}.json"
    recorded = json.loads(file.read_text())
    place = recorded
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file.write_text(json.dumps(recorded))


def findings(folder: Path) -> Findings:
    return {finding.name: finding for finding in rehearse(folder)}


@pytest.fixture(scope="module")
def recorded() -> Findings:
    """What comes of all recordings."""
    return findings(RECORDINGS)


class TestRehearse:
    def test_understands_every_recorded_exchange_that_a_reader_can_make(self, recorded: Findings) -> None:
        assert [one for one in recorded.values() if one.outcome is Outcome.NOT_UNDERSTOOD] == []
        assert sum(one.outcome is Outcome.UNDERSTOOD for one in recorded.values()) == 97

    def test_asks_everything_that_is_posted_to_the_two_reads_as_a_person(self, recorded: Findings) -> None:
        left_out = {
            name
            for name, one in recorded.items()
            if one.outcome is Outcome.NOT_ASKED
            and name.startswith(("query_", "retrieve_", "scenario_", "err_"))
        }

        assert left_out == {"err_malformed_json", "scenario_page_shift 2/4", "scenario_page_shift 4/4"}

    def test_reads_the_refusals_of_exchanges_it_never_makes(self, recorded: Findings) -> None:
        reasons = [recorded[name].reason for name in ("err_malformed_json", "delete_try_DELETE_update")]

        assert [reason.rpartition(" ")[2] for reason in reasons] == ["MagmaFailed", "MagmaNoSuchRoute"]

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("request", "body", "frobnicate"), True),
            (("request", "body", "page"), {"number": 1}),
            (("response", "status"), 418),
            (("response", "status"), 204),
            (("response", "headers", "Content-Type"), "text/html"),
            (("response", "body"), {"modles": {}}),
            (("response", "body"), "not an answer"),
            (("response", "body", "models"), []),
            (("response", "body", "models", "victim", "documents"), None),
            (("response", "body", "models", "victim", "count"), "178"),
        ],
    )
    def test_does_not_pretend_to_understand(self, folder: Path, path: tuple[str, ...], value: Any) -> None:
        spoil(folder, "retrieve_page1", *path, value=value)

        found = findings(folder)

        assert found["retrieve_page1"].outcome is Outcome.NOT_UNDERSTOOD
        assert found["query_count"].outcome is Outcome.UNDERSTOOD

    @pytest.mark.parametrize("text", ["", "{", "[]]", '"text"', '{"request": {}}', "\xff"])
    def test_names_a_file_that_is_no_recording(self, folder: Path, text: str) -> None:
        (folder / "strange.json").write_text(text, encoding="latin-1")

        found = findings(folder)

        assert found["strange"].outcome is Outcome.NOT_UNDERSTOOD

    @pytest.mark.parametrize(
        ("status", "content_type", "body"),
        [
            (404, "text/html", "<html><body>Not here</body></html>"),
            (422, "application/json", {"error": "singular"}),
            (422, "application/json", {"errors": ["one", "two"]}),
            (422, "application/json", {"errors": [{"message": "m", "source": {}, "reason": "r"}]}),
            (403, "application/json", "a bare string"),
            (500, "", "Puma caught this error: boom\n/usr/lib/ruby"),
            (501, "application/json", {"errors": ["Database error."]}),
            (502, "text/html", "<h1>502 Bad Gateway</h1>"),
            (302, "text/html", "login redirect"),
        ],
    )
    def test_understands_refusals_that_no_recording_here_shows(
        self, folder: Path, status: int, content_type: str, body: Any
    ) -> None:
        spoil(
            folder,
            "query_count",
            "response",
            value={"status": status, "headers": {"Content-Type": content_type}, "body": body},
        )

        found = findings(folder)

        assert found["query_count"].outcome is Outcome.UNDERSTOOD

    @pytest.mark.parametrize(
        ("body", "content_type", "answer"),
        [
            ({"query": "::predicates"}, "application/json", {"record": ["::has"]}),
            ({"query": "::predicates"}, "application/json", "Magma::Predicate"),
            ({"query": ["labor", "::first", "notes"]}, "application/json; charset=utf-8", {"answer": None}),
            ({"query": ["labor"], "format": "tsv"}, "text/tsv", 'id\tnotes\na\t"x\t""y""\n z"\n'),
            ({"query": ["labor"], "format": "tsv"}, "text/tsv", ""),
            ({"query": ["labor"], "page": "1", "page_size": True}, "application/json", {"answer": []}),
            ({}, "application/json", {"answer": [], "type": None, "format": None, "more": 1}),
        ],
    )
    def test_understands_answers_that_no_recording_here_shows(
        self, folder: Path, body: Any, content_type: str, answer: Any
    ) -> None:
        response = {"status": 200, "headers": {"Content-Type": content_type}, "body": answer}
        spoil(folder, "query_count", "request", "body", value=body)
        spoil(folder, "query_count", "response", value=response)

        found = findings(folder)

        assert found["query_count"].outcome is Outcome.UNDERSTOOD


class TestARecordedString:
    @pytest.mark.parametrize(
        ("content_type", "length", "encoded"),
        [
            ("application/json", "5", b'"abc"'),
            ("application/json", "3", b"abc"),
            ("application/json", "", b'"abc"'),
            ("text/html", "3", b"abc"),
            ("", "3", b"abc"),
        ],
    )
    def test_is_json_or_text_as_its_length_says(self, content_type: str, length: str, encoded: bytes) -> None:
        headers = {"content-type": content_type, "Content-Length": length}

        assert RecordedResponse(status=404, headers=headers, body="abc").encoded() == encoded


class TestTheCommand:
    def test_prints_one_json_object_with_both_sides(self, folder: Path) -> None:
        out = StringIO()

        call_command("verify_recordings", folder, "--json", stdout=out)

        sides = json.loads(out.getvalue())
        assert [one["outcome"] for one in sides["client"]] == ["understood", "understood"]
        assert [one["name"] for one in sides["demo"]] == ["query_count", "retrieve_page1"]

    def test_fails_and_names_what_was_not_understood(self, folder: Path) -> None:
        spoil(folder, "query_count", "request", "body", "frobnicate", value=True)
        out = StringIO()

        with pytest.raises(CommandError, match="not understood"):
            call_command("verify_recordings", folder, stdout=out)

        assert "client: not understood  query_count  the client can't ask this" in out.getvalue()

    def test_fails_where_there_are_no_recordings(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="no recordings"):
            call_command("verify_recordings", tmp_path)
