"""What a stranger starts from works before they have changed a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[2]


def test_the_package_passes_its_own_tests(tmp_path: Path) -> None:
    place = tmp_path / "made"
    call_command("startloader", "gene_counts", place)

    ran = subprocess.run(  # noqa: S603 — our own interpreter on what was just written
        [sys.executable, "-m", "pytest", "-q", str(place)],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "4 passed" in ran.stdout, ran.stdout + ran.stderr


def test_its_entry_point_names_its_class(tmp_path: Path) -> None:
    call_command("startloader", "gene_counts", tmp_path / "made")

    text = (tmp_path / "made" / "pyproject.toml").read_text()

    assert 'gene_counts = "gene_counts.loader:GeneCounts"' in text


@pytest.mark.parametrize("name", ["9lives", "a-b", "a b", "", "x/../y"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="is no loader's name"):
        call_command("startloader", name, tmp_path / "made")


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    with pytest.raises(CommandError, match="not empty"):
        call_command("startloader", "gene_counts", tmp_path)
