"""The WSGI application: granian and gunicorn serve this."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")
django.setup(set_prefix=False)

from polyphemus_site import short_way, startup  # noqa: E402 — settings are read by the line above

application = short_way.Application()

startup.require_servers()
