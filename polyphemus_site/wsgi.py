"""The WSGI application: granian and gunicorn serve this."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")
django.setup(set_prefix=False)

from loaders import registry  # noqa: E402 — settings are read by the line above
from polyphemus_site import short_way, startup  # noqa: E402 — settings are read by the line above

application = short_way.Application()

startup.require_servers()
registry.read_at_start()  # here a package that hangs can be interrupted; not so in somebody's first visit
