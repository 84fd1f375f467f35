"""What every loader must have to be used at all; told in words its author understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from loaders.checks import Check
from loaders.errors import MisspeltLoaderError
from loaders.loader import Loader
from loaders.services.copying import NUL

NAME = re.compile(r"[A-Za-z0-9_]{1,80}")
#: An analysis stands in addresses.
ANALYSIS = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,100}")
#: What the database keeps of a name.
LONGEST = 100
TEXTS = ("model", "analysis", "title", "author", "batch_by", "shadow_of", "ready", "lacking", "changed")
LISTS = ("inputs", "projects", "config_reads")


def ensure_sound(loader: Loader, *, taken: Iterable[str]) -> None:
    """Refuse a loader that lacks what every loader must have, or has something else in its place."""
    missing = [part for part in ("name", "model", "analysis", "outputs") if not getattr(loader, part, None)]
    if missing:
        raise MisspeltLoaderError(f"The loader lacks {', '.join(missing)}.")
    _ensure_name(loader.name, taken=taken)
    _ensure_parts(loader)
    _ensure_paths(loader)
    if loader.shadow_of == loader.name:
        raise MisspeltLoaderError("A loader can't be its own shadow: give the version on trial another name.")
    _ensure_kept(loader.spelling)


def _ensure_kept(spelling: Any) -> None:
    """Refuse what no row of ours can hold: it would fail whoever writes it, with the others of a page."""
    try:
        spelled = json.dumps(spelling, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MisspeltLoaderError(f"It can't be written down as JSON: {error}.") from error
    if NUL.search(spelled):
        raise MisspeltLoaderError("It holds a NUL, which can't be kept.")


def _ensure_name(name: Any, *, taken: Iterable[str]) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise MisspeltLoaderError(f"{name!r} is no loader's name: letters, digits and _ only, at most 80.")
    if name in taken:
        raise MisspeltLoaderError(f"There is a loader {name!r} already.")


def _ensure_parts(loader: Loader) -> None:
    for part in TEXTS:
        if not isinstance(getattr(loader, part), str):
            raise MisspeltLoaderError(f"`{part}` is a text, not {getattr(loader, part)!r}.")
    for part in LISTS:
        _ensure_list(part, getattr(loader, part))
    for part in ("scope", "needs", "wellformed", "outputs"):
        check = getattr(loader, part)
        if check is not None and not isinstance(check, Check):
            raise MisspeltLoaderError(f"`{part}` is a check, not {check!r}.")
    for part in ("model", "analysis", "version"):
        if len(str(getattr(loader, part))) > LONGEST:
            raise MisspeltLoaderError(f"`{part}` is longer than {LONGEST} characters.")
    _ensure_analysis(loader.analysis)
    _ensure_hours(loader.every_hours)


def _ensure_analysis(analysis: str) -> None:
    if not ANALYSIS.fullmatch(analysis):
        raise MisspeltLoaderError(f"{analysis!r} can't be an analysis: letters, digits and . _ ~ - only.")


def _ensure_hours(hours: Any) -> None:
    if isinstance(hours, bool) or not isinstance(hours, int) or hours < 0:
        raise MisspeltLoaderError(f"`every_hours` is a number of hours, not {hours!r}.")


def _ensure_list(part: str, value: Any) -> None:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise MisspeltLoaderError(f"`{part}` is a list of texts, not {value!r}; of one, write ({value!r},).")
    if odd := [one for one in value if not isinstance(one, str)]:
        raise MisspeltLoaderError(f"`{part}` is a list of texts; {odd[0]!r} is none.")


def _ensure_paths(loader: Loader) -> None:
    for path in loader.reads:
        if not all(part.strip() for part in path.split(".")):
            raise MisspeltLoaderError(
                f"{path!r} is no path: attribute names with a dot between them, as in `sample.patient`."
            )
