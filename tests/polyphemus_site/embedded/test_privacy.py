from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from tests.polyphemus_site.embedded.runs import Staying, run


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [0o711, 0o755, 0o750])
def test_permissions_of_what_exists_are_not_changed(folder: Path, before: int) -> None:
    folder.mkdir()
    folder.chmod(before)

    run("true", folder=folder, fresh=True)

    assert mode(folder) == before
    assert mode(folder.parent) == 0o711


def test_files_are_their_owners_alone(folder: Path) -> None:
    run("true", folder=folder)

    place = folder / "lasting"
    files = [path for path in place.iterdir() if path.is_file()]
    assert {mode(path) for path in files} == {0o600}
    assert {mode(place / name) for name in ("postgres", "redis")} == {0o700}


def test_no_password_stands_on_a_command_line(stay: Callable[..., Staying]) -> None:
    staying = stay()
    passwords = (staying.folder / "lasting" / "passwords.json").read_text().split('"')[3::4]

    lines = [Path(f"/proc/{server.pid}/cmdline").read_text() for server in staying.servers()]

    assert len(passwords) == 2
    assert not any(password in line for password in passwords for line in lines)


def test_without_the_password_neither_server_opens(stay: Callable[..., Staying]) -> None:
    staying = stay(fresh=True)
    address = staying.database_url.partition("@")[2]

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://polyphemus:guess@{address}")
    client = redis.Redis.from_url(f"redis://{staying.redis_url.partition('@')[2]}")
    with client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_they_listen_on_loopback_alone_and_on_no_socket_file(stay: Callable[..., Staying]) -> None:
    staying = stay(fresh=True)

    with psycopg.connect(staying.database_url) as connection:
        answer = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        ).fetchone()
    with redis.Redis.from_url(staying.redis_url, decode_responses=True) as client:
        bound = client.config_get("bind"), client.config_get("unixsocket")

    assert answer == ("127.0.0.1", "")
    assert bound == ({"bind": "127.0.0.1"}, {"unixsocket": ""})
