"""Where this site begins on its host: at the root, or below a path such as `/-` that a proxy sends to us.

The proxy hands paths on as they came. What is stored, such as a mail's link, is written without the prefix:
it stays right when the site moves.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.urls import get_script_prefix, reverse, set_script_prefix

#: The path as it was asked for, where the server itself doesn't keep it.
ASKED: Final = "polyphemus.path"


def below(path: str) -> str:
    """A path of this site as a browser has to ask for it."""
    return f"{settings.FORCE_SCRIPT_NAME or ''}{path}"


def place(name: str, *args: str) -> str:
    """The path of a named page without the prefix, to stand after `POLYPHEMUS_URL`, in whatever process."""
    before = get_script_prefix()
    set_script_prefix("/")
    try:
        return reverse(name, args=args)
    finally:
        set_script_prefix(before)


def rest_of(path: str) -> str | None:
    """What follows the prefix in a path as it was asked for; none where the path has no prefix."""
    prefix = settings.FORCE_SCRIPT_NAME
    if not prefix or not f"{path}/".startswith(f"{prefix}/"):
        return None
    return path[len(prefix) :] or "/"


def take_off(environ: dict[str, Any]) -> None:
    """Leave what Django looks up, the path below the prefix; one without it, a probe's, stays as it is."""
    path = environ.get("PATH_INFO", "")
    if (rest := rest_of(path)) is not None:
        environ[ASKED] = path
        environ["PATH_INFO"] = rest
