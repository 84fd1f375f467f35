"""A lab's package as pip would leave it: a module and the record of its entry points."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent


def install(folder: Path, name: str, source: str, **entries: str) -> None:
    """Lay `name` down in a folder of `sys.path`; `entries`: loader = class."""
    (folder / f"{name}.py").write_text(dedent(source), encoding="utf-8")
    record = folder / f"{name}-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{loader} = {name}:{kind}" for loader, kind in entries.items()]
    text = "\n".join(["[polyphemus.loaders]", *lines, ""])
    (record / "entry_points.txt").write_text(text, encoding="utf-8")
