"""Where a call comes from: past our own proxies, and no further."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import RequestFactory

from polyphemus_site.api.addresses import address_of


class TestAddressOf:
    @pytest.mark.parametrize(
        ("remote", "forwarded", "expected"),
        [
            ("203.0.113.5", "", "203.0.113.5"),
            ("203.0.113.5", "198.51.100.7", "203.0.113.5"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "203.0.113.9, 10.4.5.6", "203.0.113.9"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("", "198.51.100.7", None),
            ("2001:db8::1", "198.51.100.7", "2001:db8::1"),
        ],
    )
    def test_only_trusted_proxies_are_believed(
        self, settings: LazySettings, remote: str, forwarded: str, expected: str | None
    ) -> None:
        settings.POLYPHEMUS_TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/8"]
        request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

        assert address_of(request) == expected
