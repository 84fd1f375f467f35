"""What Django's `check` says of our settings: each with an id, a cause and a way out.

Those tagged for deployment are asked by `manage.py check --deploy`; the others at every start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from polyphemus_site.mail.outbox import is_address

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def error(number: int, message: str, hint: str) -> Error:
    """An error of ours."""
    return Error(message, hint=hint, id=f"polyphemus.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    """A warning of ours."""
    return Warning(message, hint=hint, id=f"polyphemus.W{number:03}")


@register()
def always(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """What is wrong anywhere, in a demo too."""
    del app_configs
    return [*_foundations(), *_shapes()]


@register(Tags.security, deploy=True)
def in_production(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """What only a real installation needs."""
    del app_configs
    return [*_secrets(), *_siblings(), *_doubts()]


def _foundations() -> Iterator[CheckMessage]:
    if settings.TIME_ZONE != "UTC" or not settings.USE_TZ:
        yield error(2, "Times are not kept in UTC.", "Leave TIME_ZONE at UTC and USE_TZ on.")
    if settings.DATABASES["default"]["ENGINE"] != "polyphemus_site.postgresql":
        yield error(7, "The database isn't PostgreSQL.", "Set DATABASE_URL to postgresql://…")


def _shapes() -> Iterator[CheckMessage]:
    """Settings whose value can't be what was meant."""
    yield from _addresses()
    for name, keys in settings.POLYPHEMUS_ETNA_KEYS.items():
        if not _are_keys(keys):
            hint = "Give each sibling one key, or a list of keys, newest first."
            yield error(10, f"POLYPHEMUS_ETNA_KEYS has no usable key for {name!r}.", hint)
    if settings.POLYPHEMUS_JANUS_PUBLIC_KEY and not _is_public_key(settings.POLYPHEMUS_JANUS_PUBLIC_KEY):
        hint = "Give Janus's rsa_public as PEM, most easily by POLYPHEMUS_JANUS_PUBLIC_KEY_FILE."
        yield error(6, "POLYPHEMUS_JANUS_PUBLIC_KEY isn't a public key.", hint)


def _addresses() -> Iterator[CheckMessage]:
    if not _is_web_address(settings.POLYPHEMUS_URL):
        yield error(11, "POLYPHEMUS_URL isn't a web address.", "Set it to https:// and the public host.")
    for project, address in settings.POLYPHEMUS_SLACK_WEBHOOKS.items():
        if not (isinstance(address, str) and _is_web_address(address)):
            hint = "Give each project the address Slack shows for its incoming webhook."
            yield error(14, f"POLYPHEMUS_SLACK_WEBHOOKS has no address for {project!r}.", hint)
    for origin in settings.POLYPHEMUS_TIMUR_ORIGINS:
        if not _is_web_address(origin) or urlsplit(origin).path:
            hint = "Write https:// and the host, without a path: https://timur.example.org"
            yield error(12, f"POLYPHEMUS_TIMUR_ORIGINS names {origin!r}, which isn't an origin.", hint)


def _secrets() -> Iterator[CheckMessage]:
    if settings.SECRET_KEY == settings.INSECURE_SECRET_KEY:
        hint = "Set POLYPHEMUS_SECRET_KEY (or _FILE) to 50 random characters, the same for every process."
        yield error(3, "The secret key is the one from the source code.", hint)
    if not settings.POLYPHEMUS_KEK:
        hint = "Set POLYPHEMUS_KEK (or _FILE) to 32 random bytes in base64, and keep a copy safe."
        yield error(4, "There is no key to encrypt analysts' secrets with.", hint)
    if not settings.POLYPHEMUS_URL.startswith("https://"):
        hint = "Set POLYPHEMUS_URL to https:// and the public host."
        yield error(5, "The public address isn't https.", hint)


def _siblings() -> Iterator[CheckMessage]:
    if not settings.POLYPHEMUS_ETNA_KEYS:
        hint = 'Set POLYPHEMUS_ETNA_KEYS to {"magma": "…"}, the hmac key Magma signs with.'
        yield error(1, "No sibling can write to the journal: there are no HMAC keys.", hint)
    if not settings.REDIS_URL:
        yield error(8, "There is no broker.", "Set REDIS_URL.")
    if not settings.POLYPHEMUS_MAGMA_URL or not _has_magma_token():
        hint = (
            "Set POLYPHEMUS_MAGMA_URL, and POLYPHEMUS_MAGMA_TOKEN or POLYPHEMUS_JANUS_EMAIL "
            "with POLYPHEMUS_JANUS_PRIVATE_KEY_FILE."
        )
        yield error(9, "Magma can't be read: its address or our token is missing.", hint)
    if not settings.POLYPHEMUS_JANUS_URL or not settings.POLYPHEMUS_JANUS_PUBLIC_KEY:
        hint = "Set POLYPHEMUS_JANUS_URL and POLYPHEMUS_JANUS_PUBLIC_KEY (or _FILE)."
        yield error(13, "Nobody can sign in: Janus's address or public key is missing.", hint)


def _doubts() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND == CONSOLE:
        hint = "Set POLYPHEMUS_EMAIL_URL, for example smtp://mail.example.org:25"
        yield warning(1, "Mail goes to the console and reaches nobody.", hint)
    if not is_address(settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">")):
        hint = "Set POLYPHEMUS_EMAIL_FROM, for example Data Library <noreply@example.org>"
        yield warning(2, "Mail has no sender that could be answered or trusted.", hint)
    if settings.POLYPHEMUS_LOCAL_ADMIN:
        hint = "Unset POLYPHEMUS_LOCAL_ADMIN once Janus works: admins enter by their role."
        yield warning(3, "Local passwords open the admin.", hint)
    if not settings.POLYPHEMUS_TIMUR_ORIGINS:
        hint = "Set POLYPHEMUS_TIMUR_ORIGINS to Timur's origin, for example https://timur.example.org"
        yield warning(4, "No Timur may show Polyphemus: there are no origins.", hint)


def _has_magma_token() -> bool:
    service = settings.POLYPHEMUS_JANUS_EMAIL and settings.POLYPHEMUS_JANUS_PRIVATE_KEY
    return bool(settings.POLYPHEMUS_MAGMA_TOKEN or service)


def _is_web_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query


def _are_keys(value: object) -> bool:
    keys = value if isinstance(value, list) else [value]
    return bool(keys) and all(isinstance(key, str) and key for key in keys)


def _is_public_key(pem: str) -> bool:
    try:
        load_pem_public_key(pem.encode())
    except ValueError:
        return False
    return True
