"""How the doctor judges what it finds."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from magma.tokens import Token
from polyphemus_site.doctor import clocks, database, mail, storage, warehouse
from polyphemus_site.health import Level


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, "ok"), (2, "ok"), (-2, "ok"), (2.1, "warn"), (-60, "warn"), (60.1, "fail"), (-90, "fail")],
)
def test_a_clock_may_be_off_by_seconds_and_not_by_a_minute(seconds: float, level: str) -> None:
    finding = clocks.judge("clock", timedelta(seconds=seconds), tolerance=timedelta(seconds=2))

    assert finding.level == level


class TestExpiry:
    @pytest.mark.parametrize(
        ("left", "level"),
        [
            (timedelta(0), Level.FAIL),
            (timedelta(seconds=1), Level.WARN),
            (timedelta(days=6, hours=23), Level.WARN),
            (timedelta(days=7), Level.OK),
        ],
    )
    def test_a_token_that_ends_soon_is_told_in_time(
        self, now: datetime, left: timedelta, level: Level, settings: Settings
    ) -> None:
        settings.POLYPHEMUS_JANUS_PRIVATE_KEY = ""

        assert warehouse.expiry(Token("t", expires_at=now + left), now=now).level is level

    def test_a_login_of_our_own_renews_itself(self, now: datetime, settings: Settings) -> None:
        settings.POLYPHEMUS_JANUS_PRIVATE_KEY = "pem"

        finding = warehouse.expiry(Token("t", expires_at=now + timedelta(hours=1)), now=now)

        assert finding.level is Level.OK


class TestStorage:
    def use(self, settings: Settings, place: Path) -> None:
        backend = "django.core.files.storage.FileSystemStorage"
        settings.STORAGES = {"bundles": {"BACKEND": backend, "OPTIONS": {"location": str(place)}}}

    def test_one_that_can_be_written_is_well_and_left_clean(
        self, now: datetime, settings: Settings, tmp_path: Path
    ) -> None:
        self.use(settings, tmp_path)

        (finding,) = storage.examine(now)

        assert (finding.name, finding.level) == ("storage bundles", Level.OK)
        assert list(tmp_path.iterdir()) == []

    def test_one_that_can_not_fails(self, now: datetime, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        self.use(settings, tmp_path / "file")

        (finding,) = storage.examine(now)

        assert finding.level is Level.FAIL


@pytest.mark.django_db
def test_tables_the_account_may_not_write_are_named(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE doctors_patient")
        cursor.execute("GRANT USAGE ON SCHEMA public TO doctors_patient")
        cursor.execute("GRANT SELECT ON django_migrations TO doctors_patient")
        cursor.execute("SET LOCAL ROLE doctors_patient")
        found = {finding.name: finding for finding in database.examine(now)}
        cursor.execute("RESET ROLE")

    assert found["database rights"].level is Level.FAIL
    assert "mail_notice" not in found["database version"].found
    assert "Grant" in found["database rights"].remedy


@pytest.mark.django_db
def test_an_account_that_may_make_no_temporary_table_is_told(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE doctors_patient")
        cursor.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO doctors_patient")
        cursor.execute(f'REVOKE TEMPORARY ON DATABASE "{connection.settings_dict["NAME"]}" FROM PUBLIC')
        cursor.execute("SET LOCAL ROLE doctors_patient")
        found = {finding.name: finding for finding in database.examine(now)}
        cursor.execute("RESET ROLE")

    assert found["database rights"].level is Level.FAIL
    assert "GRANT TEMPORARY" in found["database rights"].remedy


def test_mail_to_the_console_is_told(now: datetime, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    assert mail.examine(now).level is Level.WARN
