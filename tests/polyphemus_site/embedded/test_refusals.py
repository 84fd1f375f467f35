from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyphemus_site.embedded.runs import run


@pytest.mark.parametrize(
    ("variable", "address", "sentence"),
    [
        (
            "DATABASE_URL",
            "postgresql://a:secret@127.0.0.1:1/x",
            "DATABASE_URL names a database that can't be reached: ",
        ),
        (
            "DATABASE_URL",
            "postgresql://a:secret@127.0.0.1:zero/x",
            "DATABASE_URL names a database that can't be reached: ",
        ),
        ("REDIS_URL", "redis://:secret@127.0.0.1:1/0", "REDIS_URL names a server that can't be reached: "),
        ("REDIS_URL", "nonsense", "REDIS_URL names a server that can't be reached: "),
    ],
)
def test_a_named_server_that_is_not_there_is_told_before_the_command_runs(
    folder: Path, variable: str, address: str, sentence: str
) -> None:
    done = run("echo", "the command ran", folder=folder, env={variable: address})

    assert done.returncode == 1
    assert done.stderr.startswith(f"polyphemus: {sentence}")
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr
    assert done.stdout == ""


def test_data_of_another_postgresql_is_refused(folder: Path) -> None:
    run("true", folder=folder)
    (folder / "lasting" / "postgres" / "PG_VERSION").write_text("16\n")

    done = run("true", folder=folder)

    assert done.returncode == 1
    assert "is PostgreSQL 16's and ours is 18" in done.stderr


def test_a_postgresql_that_does_not_start_says_why_in_one_sentence(folder: Path) -> None:
    run("true", folder=folder)
    (folder / "lasting" / "postgres" / "postgresql.conf").write_text("nonsense = on\n")

    done = run("true", folder=folder)

    assert done.returncode == 1
    assert done.stderr.startswith("polyphemus: PostgreSQL did not start: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_redis_that_does_not_start_says_why_in_one_sentence(folder: Path) -> None:
    run("true", folder=folder)
    manifest = folder / "lasting" / "redis" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_text("nonsense\n")

    done = run("true", folder=folder)

    assert done.returncode == 1
    assert done.stderr.startswith("polyphemus: The Redis-compatible server did not start: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_command_that_does_not_exist_is_named(folder: Path) -> None:
    done = run("no-such-program", folder=folder, fresh=True)

    assert done.returncode == 1
    assert done.stderr == "polyphemus: There is no program 'no-such-program' to run.\n"


def test_a_folder_that_can_not_be_made_is_named(folder: Path) -> None:
    (folder.parent / "file").write_text("")

    done = run("true", folder=folder.parent / "file" / "data")

    assert done.returncode == 1
    assert done.stderr.startswith("polyphemus: The servers' data can't be kept in ")
    assert done.stderr.endswith("file is a file.\n")
