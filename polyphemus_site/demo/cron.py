"""An analyst with nothing but a shell: the scripts of docs/how-to/cron-analyst.md, as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGE = CHECKOUT / "docs" / "how-to" / "cron-analyst.md"
TOOLS = ("sh", "curl", "openssl", "perl")
#: What a cron analyst's `pipeline` may look like: fetch the document, do the work, load what was made.
PIPELINE = '#!/bin/sh\n./call GET "requests/$1" > "$1.json" && {python} -m magma.demo.exome_pipe "$1.json"\n'


@dataclass(frozen=True)
class CronAnalyst:
    """Who it is, and the folder with the page's scripts."""

    email: str
    folder: Path

    @property
    def command(self) -> list[str]:
        """One round, as cron would begin it."""
        return ["sh", "-c", 'cd "$0" && exec sh ./round', str(self.folder)]


def lacking() -> list[str]:
    """The tools of the recipe that this machine does not have."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def prepare(folder: Path, *, email: str, url: str, key: dict[str, str]) -> CronAnalyst:
    """Do what the page says, in this folder."""
    folder.mkdir(mode=0o700)
    round_, call, keep = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    host = urlsplit(url).hostname
    settings = f"URL={url} HOST={host}\nKEY_ID={key['id']} EMAIL={email} ANALYSIS=exome_pipe\n"
    scripts = {"round": round_, "call": call, "settings": settings}
    scripts["pipeline"] = PIPELINE.format(python=sys.executable)
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o700)
    subprocess.run(  # noqa: S603 — the page's own script
        ["sh", "-c", keep],  # noqa: S607 — every system has it on its PATH
        cwd=folder,
        input=key["secret"] + "\n",
        text=True,
        check=True,
    )
    return CronAnalyst(email, folder)
