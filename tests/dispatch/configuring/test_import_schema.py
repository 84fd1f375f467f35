"""`manage.py import_schema`: nf-core's files as they are published, and files that are something else."""

from __future__ import annotations

import json
import socket
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dispatch.configuring.models import SchemaEdition
from dispatch.models import Analysis
from tests.dispatch.configuring.conftest import FOLDER, RNASEQ, SAREK, published

pytestmark = pytest.mark.django_db


def imported(*arguments: str) -> str:
    out = StringIO()
    call_command("import_schema", *arguments, stdout=out)
    return out.getvalue()


def path_of(name: str) -> str:
    return str(FOLDER / f"nf-core_{name}.json")


def written(folder: Path, content: Any) -> str:
    file = folder / "schema.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(file)


class TestPublishedPipelines:
    def test_sarek_is_taken_unchanged_and_named_as_it_names_itself(self) -> None:
        told = imported(path_of("sarek.nextflow_schema"))

        assert told.startswith("sarek: 176 parameters in 12 groups, 23 hidden, 2 required. Edition ")
        assert json.dumps(Analysis.objects.get(name="sarek").schema) == json.dumps(SAREK.schema)

    def test_rnaseq_with_its_sheet_takes_csv_only(self) -> None:
        sheet = path_of("rnaseq.schema_input")

        told = imported(
            path_of("rnaseq.nextflow_schema"), "--input-schema", sheet, "--analysis", "rna_seq_pipe"
        )

        assert "133 parameters in 11 groups, 23 hidden, 2 required" in told
        assert "inputs are rows of a csv sheet with 9 columns" in told
        row = Analysis.objects.get(name="rna_seq_pipe")
        assert json.dumps(row.schema) == json.dumps(RNASEQ.schema)
        assert json.dumps(row.input_schema) == json.dumps(published("rnaseq.schema_input"))

    def test_importing_again_changes_nothing_and_a_new_release_is_a_new_edition(self) -> None:
        for _ in range(2):
            imported(path_of("sarek.nextflow_schema"), "--analysis", "exome_pipe")
        assert SchemaEdition.objects.count() == 1

        imported(path_of("rnaseq.nextflow_schema"), "--analysis", "exome_pipe")

        assert SchemaEdition.objects.filter(analysis="exome_pipe").count() == 2

    def test_what_admins_set_for_the_analysis_stays(self) -> None:
        Analysis.objects.create(name="sarek", title="Ours", floor_seconds=60)

        imported(path_of("sarek.nextflow_schema"))

        row = Analysis.objects.get(name="sarek")
        assert (row.title, row.floor_seconds) == ("Ours", 60)


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "is empty"),
            (b"{", "not JSON"),
            (b"\xff", "not UTF-8"),
            (b'{"type": "object", "type": "array"}', "given twice"),
            (b'{"minimum": NaN}', "not a JSON number"),
            ([1], "holds no object"),
            ({"type": "nonsense"}, "schema can't be used"),
            ({"properties": {"a": {"pattern": "(["}}}, "schema can't be used"),
            ({"properties": {"a\u202e": {}}}, "can't be seen"),
            ({"properties": {f"p{n}": {} for n in range(10_001)}}, "More than 10000 parameters"),
            ({"description": "x" * 5_000_000}, "Larger than 4 MB"),
        ],
        ids=str,
    )
    def test_what_is_no_schema_is_refused_with_its_reason(
        self, tmp_path: Path, content: Any, words: str
    ) -> None:
        with pytest.raises(CommandError, match=words):
            imported(written(tmp_path, content), "--analysis", "a")

        assert not Analysis.objects.exists()

    def test_a_reference_to_elsewhere_is_refused_and_not_followed(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"http://127.0.0.1:{server.getsockname()[1]}/x.json"
            with pytest.raises(CommandError, match="is not part of this schema"):
                imported(written(tmp_path, {"$ref": address}), "--analysis", "a")
            server.settimeout(0.2)
            with pytest.raises(TimeoutError):
                server.accept()

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="can't be read: No such file"):
            imported(str(tmp_path / "none.json"), "--analysis", "a")

    def test_a_schema_that_does_not_say_what_it_is_of_needs_a_name(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="give --analysis NAME"):
            imported(written(tmp_path, {"properties": {}}))

    @pytest.mark.parametrize("name", ["a b", "..", "a/b", "x" * 101])
    def test_a_name_no_analysis_can_have_is_refused(self, name: str) -> None:
        with pytest.raises(CommandError, match="analysis must be"):
            imported(path_of("sarek.nextflow_schema"), "--analysis", name)

    def test_a_broken_sheet_schema_changes_nothing(self, tmp_path: Path) -> None:
        sheet = written(tmp_path, {"type": "nonsense"})

        with pytest.raises(CommandError, match="input_schema can't be used"):
            imported(path_of("sarek.nextflow_schema"), "--input-schema", sheet)

        assert not Analysis.objects.exists()
