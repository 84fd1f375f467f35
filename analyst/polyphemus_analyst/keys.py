"""Keys from the environment or a file; and where our own files are."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from polyphemus_analyst.errors import AnalystError
from polyphemus_analyst.signing import Key

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_key(key_id: str, secret_file: Path | None, scheme: str = "etna-v1") -> Key:
    """The key with its secret, from the file or from POLYPHEMUS_SECRET."""
    secret = _read(secret_file) if secret_file else os.environ.get("POLYPHEMUS_SECRET", "").strip()
    if not secret:
        raise AnalystError("There is no secret: name a file with --secret-file, or set POLYPHEMUS_SECRET.")
    return Key(id=key_id, secret=secret.encode(), scheme=scheme)


def _read(path: Path) -> str:
    try:
        if path.stat().st_mode & OTHERS:
            sys.stderr.write(f"polyphemus-analyst: others can read {path}; `chmod 600 {path}` mends that.\n")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AnalystError(f"The secret in {path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise AnalystError(f"The secret in {path} can't be read: it is no text.") from error


def default_home() -> Path:
    """Where the journal and the jobs are kept unless told otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "polyphemus-analyst"
