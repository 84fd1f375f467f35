from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyphemus_site.embedded import proof
from polyphemus_site.embedded.accounts import server_account
from polyphemus_site.embedded.servers import free_port
from tests.polyphemus_site.embedded.runs import Staying, eventually, run


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A live process of the servers' own user that has nothing to do with us."""
    child = subprocess.Popen(["/bin/sleep", "600"], **server_account().spawning())
    yield child
    child.kill()
    child.wait()


def kill(staying: Staying) -> None:
    staying.child.kill()
    staying.child.wait()


def freeze_and_kill(staying: Staying) -> list[proof.Identity]:
    """Leave servers behind that can't hear: a frozen one does not act on the signal of its parent's death."""
    servers = staying.servers()
    assert [server.signal(signal.SIGSTOP) for server in servers] == [True, True]
    kill(staying)
    return servers


def test_a_killed_supervisor_is_recovered_from(stay: Callable[..., Staying], folder: Path) -> None:
    kill(stay())

    done = run("true", folder=folder)

    assert done.returncode == 0, done.stderr


def test_orphaned_servers_proven_ours_are_stopped(stay: Callable[..., Staying], folder: Path) -> None:
    orphans = freeze_and_kill(stay())

    done = run("true", folder=folder)

    assert done.returncode == 0, done.stderr
    assert [orphan.alive() for orphan in orphans] == [False, False]


def test_orphaned_servers_that_are_not_proven_ours_stay_and_the_start_is_refused(
    stay: Callable[..., Staying], folder: Path
) -> None:
    orphans = freeze_and_kill(stay())
    record = folder / "lasting" / "running.json"
    written = record.read_text()
    record.write_text(json.dumps([entry | {"born": "another time"} for entry in json.loads(written)]))

    done = run("true", folder=folder)

    assert done.returncode == 1
    assert "can't be proven ours to stop; stop them by hand" in done.stderr
    assert [orphan.alive() for orphan in orphans] == [True, True]
    record.write_text(written)


def test_a_stranger_with_a_recorded_pid_is_not_hurt(
    folder: Path, stay: Callable[..., Staying], stranger: subprocess.Popen[bytes]
) -> None:
    kill(stay())
    record = folder / "lasting" / "running.json"
    record.write_text(json.dumps([entry | {"pid": stranger.pid} for entry in json.loads(record.read_text())]))

    done = run("true", folder=folder)

    assert done.returncode == 0, done.stderr
    assert stranger.poll() is None


def test_a_stranger_named_by_a_stale_pid_file_is_not_hurt(
    folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    run("true", folder=folder)
    pid_file = folder / "lasting" / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n1462364520\n5432\n\n127.0.0.1\n\n")

    done = run("true", folder=folder)

    assert done.returncode == 0, done.stderr
    assert stranger.poll() is None


def test_a_postgresql_somebody_started_by_hand_stays_and_the_start_is_refused(
    folder: Path, stay: Callable[..., Staying]
) -> None:
    staying = stay()
    [ours] = [server for server in staying.servers() if server.name == "postgres"]
    binary = Path(f"/proc/{ours.pid}/exe").resolve()
    staying.finish()
    storage = folder / "lasting" / "postgres"
    by_hand = subprocess.Popen(  # noqa: S603 — the real binary on its own data
        [binary, "-D", storage, "-c", f"port={free_port()}", "-c", "unix_socket_directories="],
        cwd="/",
        stderr=subprocess.DEVNULL,
        **server_account().spawning(),
    )
    eventually(lambda: "ready" in _pid_file(storage), "the one started by hand is up")

    done = run("true", folder=folder)

    assert done.returncode == 1
    assert (
        f"PostgreSQL (pid {by_hand.pid}) already runs on {storage} and was not started from here"
        in done.stderr
    )
    assert by_hand.poll() is None
    by_hand.send_signal(signal.SIGINT)
    by_hand.wait()


def test_a_second_supervisor_on_the_same_data_is_refused(stay: Callable[..., Staying], folder: Path) -> None:
    first = stay()

    done = run("true", folder=folder)

    assert done.returncode == 1
    assert done.stderr.startswith(
        f"polyphemus: Another supervisor (pid {first.child.pid}) already runs the servers in"
    )
    assert len(done.stderr.splitlines()) == 1


def test_leftovers_of_killed_fresh_runs_are_removed(stay: Callable[..., Staying], folder: Path) -> None:
    kill(stay(fresh=True))

    run("true", folder=folder, fresh=True)

    assert list(folder.glob("fresh-*")) == []


def test_a_folder_that_only_looks_like_a_leftover_stays(folder: Path) -> None:
    run("true", folder=folder, fresh=True)
    precious = folder / "fresh-ideas"
    precious.mkdir()
    (precious / "note").write_text("keep")

    run("true", folder=folder, fresh=True)

    assert (precious / "note").read_text() == "keep"


def test_a_running_fresh_one_is_no_leftover(stay: Callable[..., Staying], folder: Path) -> None:
    running = stay(fresh=True)

    run("true", folder=folder, fresh=True)

    assert [server.alive() for server in running.servers()] == [True, True]


def test_a_killed_first_start_leaves_no_half_of_a_database(folder: Path) -> None:
    run("true", folder=folder)
    half = folder / "lasting" / "postgres.new"
    (folder / "lasting" / "postgres").rename(half)
    (half / "PG_VERSION").unlink()

    done = run("true", folder=folder)

    assert done.returncode == 0, done.stderr
    assert not half.exists()


def _pid_file(storage: Path) -> str:
    path = storage / "postmaster.pid"
    return path.read_text() if path.exists() else ""
