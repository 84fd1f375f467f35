"""Names of records as we can keep them: what can't be kept costs its own record only."""

from __future__ import annotations

from collections.abc import Collection

#: The longest name of a record that is kept.
RECORD_LENGTH = 500
#: So much of an unkept one is told.
TOLD = 40


def is_kept(name: str) -> bool:
    """Whether a record of that name can be judged: PostgreSQL keeps no NUL, nor an index what is too long."""
    return len(name) <= RECORD_LENGTH and "\0" not in name


def unkept(names: Collection[str]) -> list[str]:
    """Those of these that can't be: mostly none, which is told quickly."""
    if max(map(len, names), default=0) <= RECORD_LENGTH and "\0" not in "".join(names):
        return []
    return [name for name in names if not is_kept(name)]


def fault_of(names: list[str]) -> str:
    """Why these aren't judged, in words."""
    longest = max(names, key=len)
    told = ascii(longest[:TOLD]) + ("…" if len(longest) > TOLD else "")
    return (
        f"Of {len(names)} records the names can't be kept: one is {told}, of {len(longest)} characters; "
        f"at most {RECORD_LENGTH} are kept, and no NUL."
    )
