"""Typed readers of the environment, loud when a value makes no sense."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
KEK_BYTES = 32


class EnvironmentVariableError(ValueError):
    """A variable is missing or malformed; the message names it and says what would do."""


def text(name: str, default: str = "", *, environ: Mapping[str, str] = os.environ) -> str:
    """The variable, or what the file named by `NAME_FILE` holds, stripped; or the default."""
    if path := environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EnvironmentVariableError(
                f"{name}_FILE names {path}, which can't be read: {error.strerror}."
            ) from error
    return environ.get(name, "").strip() or default


def flag(name: str, *, default: bool, environ: Mapping[str, str] = os.environ) -> bool:
    """A yes-or-no variable; anything but the usual eight words is an error."""
    value = text(name, environ=environ).lower()
    if not value:
        return default
    if value in TRUE_WORDS | FALSE_WORDS:
        return value in TRUE_WORDS
    raise EnvironmentVariableError(f"{name} must be true or false, not {value!r}.")


def number(name: str, default: int, *, environ: Mapping[str, str] = os.environ) -> int:
    """A whole number, zero or more."""
    value = text(name, str(default), environ=environ)
    if not (value.isascii() and value.isdigit()):
        raise EnvironmentVariableError(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def words(name: str, *, environ: Mapping[str, str] = os.environ) -> list[str]:
    """A comma list without its blanks and empty places."""
    return [word.strip() for word in text(name, environ=environ).split(",") if word.strip()]


def networks(name: str, *, environ: Mapping[str, str] = os.environ) -> tuple[IPv4Network | IPv6Network, ...]:
    """A comma list of networks; a single address is one."""
    try:
        return tuple(ip_network(word) for word in words(name, environ=environ))
    except ValueError as error:
        raise EnvironmentVariableError(f"{name} must be a comma list of networks: {error}.") from error


def json_object(name: str, *, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """A JSON object, `{}` when unset."""
    try:
        value = json.loads(text(name, "{}", environ=environ))
    except ValueError as error:
        raise EnvironmentVariableError(f"{name} must be a JSON object: {error}.") from error
    if not isinstance(value, dict):
        raise EnvironmentVariableError(f"{name} must be a JSON object, not {type(value).__name__}.")
    return value


def key_bytes(name: str, *, environ: Mapping[str, str] = os.environ) -> bytes:
    """A 32-byte key in base64; empty bytes when unset."""
    value = text(name, environ=environ)
    if not value:
        return b""
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise EnvironmentVariableError(f"{name} must be base64.") from error
    if len(key) != KEK_BYTES:
        raise EnvironmentVariableError(f"{name} must hold {KEK_BYTES} bytes in base64, not {len(key)}.")
    return key
