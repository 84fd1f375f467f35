"""Programs from PyPI that must not share our environment: each in one of its own, made once and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / ".polyphemus" / "tools"
INSTALL_SECONDS = 900


def installed(requirement: str, *more: str) -> Path:
    """The folder of the programs of a pinned package, installing it on first use."""
    home = TOOLS / requirement.replace("==", "-")
    if not (home / "ready").exists():
        _run(sys.executable, "-m", "venv", "--clear", str(home))
        _run(str(home / "bin" / "pip"), "install", "--quiet", requirement, *more)
        (home / "ready").touch()
    return home / "bin"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)  # noqa: S603 — fixed words
