"""Start what is not named, run the command, stop everything."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from polyphemus_site import env
from polyphemus_site.embedded import outside, places, programs
from polyphemus_site.embedded.accounts import server_account
from polyphemus_site.embedded.children import adopt_the_orphaned, adopted, bury, spawn, stop, stop_adopted
from polyphemus_site.embedded.errors import EmbeddedError
from polyphemus_site.embedded.locks import PRIVATE_FILE
from polyphemus_site.embedded.places import Place
from polyphemus_site.embedded.postgres import Postgres
from polyphemus_site.embedded.recovery import recover
from polyphemus_site.embedded.redis import Redis
from polyphemus_site.embedded.servers import Server
from polyphemus_site.embedded.signals import Signals

SERVERS: dict[str, type[Server]] = {"DATABASE_URL": Postgres, "REDIS_URL": Redis}
TRIALS = {"DATABASE_URL": outside.try_database, "REDIS_URL": outside.try_redis}
SIGNAL_EXIT_BASE = 128
#: How often the servers are looked at when no signal says that a child changed.
LOOK_S = 1.0


def run(command: Sequence[str], *, folder: Path, fresh: bool) -> int:
    """Run the command beside its servers; the command's exit code."""
    missing = [name for name in SERVERS if not env.text(name)]
    for name in SERVERS:
        if name not in missing:
            TRIALS[name](env.text(name))
    adopt_the_orphaned()
    with Signals() as signals, ExitStack() as stack:
        servers = stack.enter_context(_running(missing, folder, signals, fresh=fresh)) if missing else {}
        environment = os.environ | {name: server.url for name, server in servers.items()}
        return _watch(command, environment, signals, list(servers.values()))


@contextmanager
def _running(
    names: Sequence[str], folder: Path, signals: Signals, *, fresh: bool
) -> Iterator[dict[str, Server]]:
    """The servers of these variables, stopped at the end however it comes."""
    with _place(folder, fresh=fresh) as place, ExitStack() as stack:
        binaries = programs.installed()
        if not binaries.usable_by(place.account):
            binaries = programs.within_reach(binaries, place.account, places.shelf())
        passwords = _passwords(place)
        servers = {name: SERVERS[name](place, binaries, passwords[name], signals) for name in names}
        for server in servers.values():
            stack.callback(server.stop)
            server.start()
        yield servers


@contextmanager
def _place(folder: Path, *, fresh: bool) -> Iterator[Place]:
    account = server_account()
    home = places.home_for(folder, account)
    place = places.fresh(home, account, recover=recover) if fresh else places.lasting(home, account)
    try:
        recover(place)
        yield place
    finally:
        if fresh:
            places.discard(place)
        place.close()


def _passwords(place: Place) -> dict[str, str]:
    """The place's passwords, made once; a file only we can read."""
    path = place.path / "passwords.json"
    if path.exists():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    made = {name: secrets.token_urlsafe(32) for name in SERVERS}
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as file:
        json.dump(made, file)
    draft.replace(path)
    return made


def _watch(
    command: Sequence[str], environment: dict[str, str], signals: Signals, servers: Sequence[Server]
) -> int:
    """Run the command to its end, passing signals on; a server that dies ends it too."""
    child = _begin(command, environment, signals)
    known = [child.pid, *(server.child.pid for server in servers if server.child is not None)]
    try:
        while child.poll() is None:
            _pass_on(signals, child)
            bury(adopted(known))
            _all_alive(servers)
    finally:
        stop(child, signal.SIGTERM)
        stop_adopted(known)
    code = child.returncode
    return SIGNAL_EXIT_BASE - code if code < 0 else code


def _begin(command: Sequence[str], environment: dict[str, str], signals: Signals) -> subprocess.Popen[bytes]:
    if shutil.which(command[0]) is None:
        raise EmbeddedError(f"There is no program {command[0]!r} to run.")
    sys.stdout.flush()
    return spawn(command, signals=signals, dying_signal=signal.SIGTERM, env=environment)


def _pass_on(signals: Signals, child: subprocess.Popen[bytes]) -> None:
    asked = signals.wait(LOOK_S)
    if asked is not None and not asked[1]:
        child.send_signal(asked[0])


def _all_alive(servers: Sequence[Server]) -> None:
    for server in servers:
        if server.child is not None and server.child.poll() is not None:
            raise EmbeddedError(
                f"{server.kind} stopped unexpectedly: {server.last_words()} (log: {server.log})"
            )
