"""The WSGI application: granian and gunicorn serve this."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")

application = get_wsgi_application()

from polyphemus_site import startup  # noqa: E402 — settings are read through the application above

startup.require_servers()
