from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

from tests.polyphemus_site.embedded.runs import environment, run

NOBODY = pwd.getpwnam("nobody")
#: The interpreter may lie where nobody else can walk, so it becomes that user only after reading its modules.
BECOME_AND_RUN = f"""
import encodings.idna, os, sys
from polyphemus_site.embedded.__main__ import main
os.setgroups([])
os.setgid({NOBODY.pw_gid})
os.setuid({NOBODY.pw_uid})
sys.exit(main(sys.argv[1:]))
"""


def run_as_nobody(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 — the supervisor itself
        [sys.executable, "-c", BECOME_AND_RUN, "run", "--data", folder, "--", *words],
        env=environment(),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_ordinary_user_needs_nothing_of_root(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)

    done = run_as_nobody("sh", "-c", 'id -u; echo "$DATABASE_URL" | cut -c -10', folder=folder)

    assert done.stdout.split() == [str(NOBODY.pw_uid), "postgresql"], done.stderr
    assert {path.stat().st_uid for path in (folder / "lasting").iterdir()} == {NOBODY.pw_uid}


def test_an_ordinary_user_is_refused_what_root_owns(folder: Path) -> None:
    run("true", folder=folder)

    done = run_as_nobody("true", folder=folder)

    assert done.returncode == 1
    assert done.stderr == f"polyphemus: {folder} belongs to another user; name another with --data.\n"
