"""`manage.py check` names what is wrong with the settings, each by its id."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from polyphemus_site import system_checks
from tests.polyphemus_site.janus.tokens import public_key

ROOT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = {
    "SECRET_KEY": "a long secret of this installation",
    "POLYPHEMUS_KEK": b"k" * 32,
    "POLYPHEMUS_URL": "https://polyphemus.example.org",
    "POLYPHEMUS_ETNA_KEYS": {"magma": "key", "metis": ["new", "old"]},
    "REDIS_URL": "redis://redis.example.org",
    "POLYPHEMUS_MAGMA_URL": "https://magma.example.org",
    "POLYPHEMUS_MAGMA_TOKEN": "token",
    "POLYPHEMUS_JANUS_EMAIL": "",
    "POLYPHEMUS_JANUS_PRIVATE_KEY": "",
    "POLYPHEMUS_JANUS_URL": "https://janus.example.org",
    "POLYPHEMUS_TIMUR_ORIGINS": ["https://timur.example.org"],
    "POLYPHEMUS_LOCAL_ADMIN": False,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "DEFAULT_FROM_EMAIL": "Data Library <noreply@example.org>",
}
#: id -> the settings that bring it about
WRONG: dict[str, dict[str, Any]] = {
    "polyphemus.E001": {"POLYPHEMUS_ETNA_KEYS": {}},
    "polyphemus.E002": {"TIME_ZONE": "America/Los_Angeles"},
    "polyphemus.E003": {"SECRET_KEY": "insecure-for-demo-and-tests-only"},
    "polyphemus.E004": {"POLYPHEMUS_KEK": b""},
    "polyphemus.E005": {"POLYPHEMUS_URL": "http://polyphemus.example.org"},
    "polyphemus.E006": {"POLYPHEMUS_JANUS_PUBLIC_KEY": "-----BEGIN"},
    "polyphemus.E008": {"REDIS_URL": ""},
    "polyphemus.E009": {"POLYPHEMUS_MAGMA_TOKEN": ""},
    "polyphemus.E010": {"POLYPHEMUS_ETNA_KEYS": {"magma": []}},
    "polyphemus.E011": {"POLYPHEMUS_URL": "https://"},
    "polyphemus.E012": {"POLYPHEMUS_TIMUR_ORIGINS": ["https://timur.example.org/app"]},
    "polyphemus.E013": {"POLYPHEMUS_JANUS_URL": ""},
    "polyphemus.E014": {"POLYPHEMUS_SLACK_WEBHOOKS": {"labors": "hooks.slack.com"}},
    "polyphemus.W001": {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"},
    "polyphemus.W002": {"DEFAULT_FROM_EMAIL": "Polyphemus <noreply>"},
    "polyphemus.W003": {"POLYPHEMUS_LOCAL_ADMIN": True},
    "polyphemus.W004": {"POLYPHEMUS_TIMUR_ORIGINS": []},
}


def arrange(settings: Settings, values: dict[str, Any]) -> None:
    wanted = GOOD | {"POLYPHEMUS_JANUS_PUBLIC_KEY": public_key()} | values
    for name, value in wanted.items():
        setattr(settings, name, value)


def complaints() -> list[Any]:
    return [*system_checks.always(None), *system_checks.in_production(None)]


@pytest.mark.parametrize("identifier", WRONG)
def test_each_fault_is_named_by_its_id_alone_with_a_way_out(identifier: str, settings: Settings) -> None:
    arrange(settings, WRONG[identifier])

    (complaint,) = complaints()

    assert complaint.id == identifier
    assert complaint.hint


def test_another_database_than_postgresql_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange(settings, {})
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")

    assert [complaint.id for complaint in complaints()] == ["polyphemus.E007"]


def test_good_settings_give_no_complaint(settings: Settings) -> None:
    arrange(settings, {})

    assert complaints() == []


def test_a_service_login_is_as_good_as_a_token(settings: Settings) -> None:
    arrange(
        settings,
        {
            "POLYPHEMUS_MAGMA_TOKEN": "",
            "POLYPHEMUS_JANUS_EMAIL": "polyphemus@example.org",
            "POLYPHEMUS_JANUS_PRIVATE_KEY": "pem",
        },
    )

    assert complaints() == []


@pytest.mark.journey
def test_the_documented_production_set_up_passes_the_check_for_deployment(tmp_path: Path) -> None:
    (tmp_path / "janus.pem").write_text(public_key())
    environment = {
        "POLYPHEMUS_URL": "https://polyphemus.example.org",
        "POLYPHEMUS_SECRET_KEY": "0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 0123456789",
        "POLYPHEMUS_KEK": base64.b64encode(b"k" * 32).decode(),
        "POLYPHEMUS_MAGMA_URL": "https://magma.example.org",
        "POLYPHEMUS_MAGMA_TOKEN": "token",
        "POLYPHEMUS_JANUS_URL": "https://janus.example.org",
        "POLYPHEMUS_JANUS_PUBLIC_KEY_FILE": str(tmp_path / "janus.pem"),
        "POLYPHEMUS_TIMUR_ORIGINS": "https://timur.example.org",
        "POLYPHEMUS_ETNA_KEYS": '{"magma": "key"}',
        "POLYPHEMUS_EMAIL_URL": "smtp://mail.example.org:25",
        "POLYPHEMUS_EMAIL_FROM": "Data Library <noreply@example.org>",
        "POLYPHEMUS_BEHIND_PROXY": "true",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    ended = subprocess.run(  # noqa: S603 — a command of our own
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr


def test_no_sibling_host_can_set_a_cookie_of_ours() -> None:
    ask = (
        "from polyphemus_site import settings; print(settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_NAME)"
    )
    environment = os.environ | {"POLYPHEMUS_URL": "https://polyphemus.example.org"}

    ended = subprocess.run(  # noqa: S603 — a command of our own
        [sys.executable, "-c", ask], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert ended.stdout.split() == ["__Host-csrftoken", "__Host-sessionid"]
