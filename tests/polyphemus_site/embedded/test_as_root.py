from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyphemus_site.embedded import places
from tests.polyphemus_site.embedded.runs import Staying, run

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def private_home(folder: Path) -> Iterator[Path]:
    """A home closed to others, as root's is, and what is kept elsewhere for it."""
    home = folder.parent / "home"
    home.mkdir(mode=0o700)
    yield home
    shutil.rmtree(_elsewhere(home / "data"), ignore_errors=True)


def _elsewhere(folder: Path) -> Path:
    return places.SHELF / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def test_the_servers_run_as_an_unprivileged_user(stay: Callable[..., Staying]) -> None:
    staying = stay(fresh=True)

    owners = {Path(f"/proc/{server.pid}").stat().st_uid for server in staying.servers()}

    assert owners == {NOBODY.pw_uid}


def test_the_command_stays_root(folder: Path) -> None:
    done = run("id", "-u", folder=folder, fresh=True)

    assert done.stdout.strip() == "0"


def test_the_servers_user_can_be_chosen(folder: Path) -> None:
    run("true", folder=folder, env={"POLYPHEMUS_EMBEDDED_USER": "daemon"})

    assert (folder / "lasting" / "postgres").owner() == "daemon"


@pytest.mark.parametrize("user", ["root", "no-such-user"])
def test_a_user_that_will_not_do_is_refused(folder: Path, user: str) -> None:
    done = run("true", folder=folder, env={"POLYPHEMUS_EMBEDDED_USER": user})

    assert done.returncode == 1
    assert done.stderr.startswith("polyphemus: PostgreSQL does not run as root")


def test_under_a_private_home_data_is_kept_elsewhere_and_found_again(private_home: Path) -> None:
    first = run("true", folder=private_home / "data")
    written = (_elsewhere(private_home / "data") / "lasting" / "postgres" / "PG_VERSION").stat()

    second = run("true", folder=private_home / "data")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (_elsewhere(private_home / "data") / "lasting" / "postgres" / "PG_VERSION").stat() == written
    assert stat.S_IMODE(private_home.stat().st_mode) == 0o700


def test_fresh_works_under_a_private_home(private_home: Path) -> None:
    done = run("true", folder=private_home / "data", fresh=True)

    assert done.returncode == 0, done.stderr
    assert list(_elsewhere(private_home / "data").glob("fresh-*")) == []


def test_root_leaves_an_ordinary_users_folder_alone(folder: Path) -> None:
    folder.mkdir()
    shutil.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)

    done = run("true", folder=folder)

    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []
    shutil.rmtree(_elsewhere(folder))
