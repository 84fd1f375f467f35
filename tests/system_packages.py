"""Programs the suite needs and pip can't give: found, or installed from Debian, or named with the way out."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest

INSTALL_SECONDS = 600


def _apt(*arguments: str) -> None:
    subprocess.run(  # noqa: S603 — fixed words, no shell
        ["apt-get", "-qq", *arguments],  # noqa: S607 — Debian keeps it on every PATH
        check=True,
        capture_output=True,
        timeout=INSTALL_SECONDS,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


@cache
def program(name: str, *, package: str) -> str:
    """The path of a program, installing its Debian package first where that is possible (as root)."""
    if found := shutil.which(name) or shutil.which(name, path="/usr/sbin"):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _apt("update")
        _apt("install", "-y", "--no-install-recommends", package)
        if found := shutil.which(name) or shutil.which(name, path="/usr/sbin"):
            return found
    pytest.fail(
        f"These tests need {name}. Install it (Debian: apt-get install {package}) and run them again."
    )
