from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from polyphemus_site.embedded import proof
from tests.polyphemus_site.embedded.runs import Staying, command_line, environment, eventually, gone, run

COUNT_INTERRUPTS = """
import signal, time
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
print("ready", flush=True)
while not heard:
    time.sleep(0.02)
time.sleep(0.5)  # a second one would come within this
print("heard", len(heard), flush=True)
"""


def test_the_command_finds_both_servers_in_its_environment(folder: Path) -> None:
    done = run("sh", "-c", 'echo "$DATABASE_URL $REDIS_URL"', folder=folder, fresh=True)

    database, broker = done.stdout.split()
    assert database.startswith("postgresql://polyphemus:")
    assert broker.startswith("redis://:")


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_the_commands(folder: Path, code: int) -> None:
    done = run("sh", "-c", f"exit {code}", folder=folder, fresh=True)

    assert done.returncode == code


def test_what_is_written_is_there_on_the_next_start(folder: Path) -> None:
    run(sys.executable, "-c", _query("CREATE TABLE kept (word text)"), folder=folder)

    second = run(sys.executable, "-c", _query("SELECT * FROM kept"), folder=folder)

    assert second.returncode == 0, second.stderr


def test_queues_survive_a_killed_supervisor(stay: Callable[..., Staying]) -> None:
    first = stay()
    client = redis.Redis.from_url(first.redis_url)
    client.rpush("celery", "task")
    client.close()
    first.child.kill()
    first.child.wait()

    second = stay()

    client = redis.Redis.from_url(second.redis_url, decode_responses=True)
    assert client.lrange("celery", 0, -1) == ["task"]
    client.close()


def test_queues_are_never_evicted(stay: Callable[..., Staying]) -> None:
    staying = stay(fresh=True)

    client = redis.Redis.from_url(staying.redis_url, decode_responses=True)

    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.close()


def test_a_path_beyond_the_length_of_a_socket_works(folder: Path) -> None:
    long = folder / ("a" * 60) / ("b" * 60) / 'with a space and a "quote"'

    done = run("true", folder=long)

    assert done.returncode == 0, done.stderr


def test_two_checkouts_run_at_once(stay: Callable[..., Staying], folder: Path) -> None:
    one = stay()

    other = stay(folder=folder.parent / "other")

    assert one.database_url != other.database_url
    assert _answers(one.database_url)
    assert _answers(other.database_url)


def test_fresh_ones_run_beside_the_lasting_one(stay: Callable[..., Staying]) -> None:
    stayings = [stay(), stay(fresh=True), stay(fresh=True)]

    assert len({staying.database_url for staying in stayings}) == 3
    assert [_answers(staying.database_url) for staying in stayings] == [True, True, True]


def test_a_fresh_one_leaves_nothing(folder: Path) -> None:
    run("true", folder=folder, fresh=True)

    assert list(folder.glob("fresh-*")) == []


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_child(stay: Callable[..., Staying], folder: Path, signum: int) -> None:
    staying = stay(fresh=True)
    servers = staying.servers()

    code, words = staying.finish(signum)

    assert code == 128 + signum, words
    assert len(servers) == 2
    assert gone(servers)
    assert list(folder.glob("fresh-*")) == []


def test_a_signal_during_the_first_start_ends_it_and_the_next_start_works(folder: Path) -> None:
    starting = subprocess.Popen(command_line("true", folder=folder), env=environment())  # noqa: S603 — ourselves
    eventually((folder / "lasting" / "postgres.new").exists, "the database is being made")

    starting.terminate()

    assert starting.wait(60) == 128 + signal.SIGTERM
    assert run("true", folder=folder).returncode == 0


def test_what_the_command_leaves_running_is_stopped(folder: Path) -> None:
    left = folder.parent / "left"

    run("sh", "-c", f"setsid sleep 600 & echo $! > {left}", folder=folder, fresh=True)

    assert proof.birth(int(left.read_text())) is None


def test_a_killed_supervisor_takes_its_servers_and_command_along(stay: Callable[..., Staying]) -> None:
    staying = stay()
    servers = staying.servers()

    staying.child.kill()

    eventually(lambda: gone(servers), "the kernel told the servers")


def test_ctrl_c_in_a_terminal_reaches_the_command_once(folder: Path) -> None:
    counting = command_line("python3", "-c", COUNT_INTERRUPTS, folder=folder, fresh=True)
    pid, terminal = pty.fork()
    if pid == 0:  # the child of a fork, not a case of the test
        os.execve(counting[0], counting, environment())  # noqa: S606 — a terminal is made by forking
    _read_until(terminal, b"ready")

    os.write(terminal, b"\x03")

    assert b"heard 1" in _read_until(terminal, b"heard")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)


def test_a_server_that_dies_ends_the_run_with_a_sentence(stay: Callable[..., Staying]) -> None:
    staying = stay(fresh=True)
    [postgres] = [server for server in staying.servers() if server.name == "postgres"]

    postgres.signal(signal.SIGKILL)

    _, words = staying.child.communicate(timeout=60)
    assert staying.child.returncode == 1
    assert words.startswith("polyphemus: PostgreSQL stopped unexpectedly: ")


def test_nothing_is_started_when_both_are_named(folder: Path, stay: Callable[..., Staying]) -> None:
    named = stay(fresh=True)
    urls = {"DATABASE_URL": named.database_url, "REDIS_URL": named.redis_url}
    elsewhere = folder.parent / "untouched"

    done = run("sh", "-c", 'echo "$DATABASE_URL $REDIS_URL"', folder=elsewhere, env=urls)

    assert done.stdout.split() == [named.database_url, named.redis_url]
    assert not elsewhere.exists()


def test_only_the_missing_one_is_started(folder: Path, stay: Callable[..., Staying]) -> None:
    named = stay(fresh=True)
    elsewhere = folder.parent / "half"

    done = run(
        "sh",
        "-c",
        "ls $HALF/lasting",
        folder=elsewhere,
        env={"DATABASE_URL": named.database_url, "HALF": str(elsewhere)},
    )

    assert "redis.log" in done.stdout
    assert "postgres.log" not in done.stdout


def _query(statement: str) -> str:
    return f"""
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute({statement!r})
"""


def _answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def _read_until(terminal: int, word: bytes) -> bytes:
    read = b""
    while word not in read or not read.endswith(b"\n"):
        read += os.read(terminal, 1000)
    return read
