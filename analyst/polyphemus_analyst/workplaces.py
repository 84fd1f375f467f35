"""A job's own folder: its config, its sample sheet, its command, its output, and how it ended."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyphemus_analyst.errors import ConfigError
from polyphemus_analyst.journal import Job

#: The only words replaced; every other brace in a command stays the shell's.
PLACEHOLDERS = re.compile(r"\{(config|params|sheet|name|analysis|project|folder)\}")
DELIMITERS = {"csv": ",", "tsv": "\t"}
#: What a sample sheet may be written as.
FORMS = (*DELIMITERS, "json")
#: The command has a shell of its own: neither its `exit` nor its broken quotes hide how it ended.
#: A second start finds `started` and does nothing: a job is never run twice.
SCRIPT = """#!/bin/sh
cd {folder} || exit 97
mkdir started 2>/dev/null || exit 98
sh ./command.sh > output.log 2>&1
code=$?
echo $code > exit.new && mv exit.new exit
exit $code
"""


@dataclass(frozen=True)
class Workplace:
    """The folder of one job."""

    folder: Path

    @property
    def script(self) -> Path:
        """What an executor starts."""
        return self.folder / "job.sh"

    def exit_code(self) -> int | None:
        """How the command ended; None while it has not, or was killed before it could say so."""
        try:
            return int((self.folder / "exit").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def started(self) -> bool:
        """Whether the script ever began."""
        return (self.folder / "started").is_dir()

    def claim(self) -> bool:
        """Take the only start there is: a script that begins later does nothing. False when one has begun."""
        try:
            (self.folder / "started").mkdir()
        except FileExistsError:
            return False
        return True

    def last_words(self) -> str:
        """The last line of the command's output, for a reason people can read."""
        try:
            lines = (self.folder / "output.log").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def prepare(folder: Path, job: Job, *, command: str, sheet: str = "") -> Workplace:
    """Write everything the job needs; doing it twice is doing it once.

    `sheet` is csv, tsv or json; a sheet is also written when the command names one.
    """
    sheet = sheet or ("csv" if "{sheet}" in command else "")
    place = Workplace(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    params = dict(job.config.get("params") or {})
    if sheet:
        path = folder / f"samplesheet.{sheet}"
        _write(path, sheet_text(job.config.get("inputs") or [], sheet))
        params["input"] = str(path)
    _write(folder / "config.json", json.dumps(job.config, ensure_ascii=False, indent=2))
    _write(folder / "params.json", json.dumps(params, ensure_ascii=False, indent=2))
    _write(folder / "command.sh", filled(command, words_of(job, folder, sheet)) + "\n")
    _write(place.script, SCRIPT.format(folder=shlex.quote(str(folder))))
    return place


def words_of(job: Job, folder: Path, sheet: str) -> dict[str, str]:
    """What the placeholders of a command stand for."""
    return {
        "config": str(folder / "config.json"),
        "params": str(folder / "params.json"),
        "sheet": str(folder / f"samplesheet.{sheet or 'csv'}"),
        "name": job.name,
        "analysis": job.analysis,
        "project": str(job.config.get("project", "")),
        "folder": str(folder),
    }


def filled(command: str, words: Mapping[str, str]) -> str:
    """The command with its placeholders replaced, each quoted: what a requester typed is never shell."""
    return PLACEHOLDERS.sub(lambda found: shlex.quote(words[found[1]]), command)


def sheet_text(inputs: Sequence[Any], form: str) -> str:
    """The inputs as a sample sheet: rows as they are, plain names as one column."""
    rows = [entry if isinstance(entry, Mapping) else {"input": entry} for entry in inputs]
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, indent=2)
    if form not in DELIMITERS:
        raise ConfigError(f"A sample sheet is csv, tsv or json, not {form!r}.")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=DELIMITERS[form], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    """Whole or not at all; private, a config may name patients."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
