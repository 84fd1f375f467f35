"""The Celery application: workers and beat start from here."""

from __future__ import annotations

import os

import django
from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")

app = Celery("polyphemus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def require_servers(**_: object) -> None:
    """A worker or beat without PostgreSQL or Redis says so and ends, instead of trying in silence."""
    django.setup()
    from polyphemus_site import startup  # noqa: PLC0415 — after Django's apps

    startup.require_servers()


@worker_init.connect
def read_loaders(**_: object) -> None:
    """Once, before the pool's processes are made of this one: a package that hangs holds up none of them."""
    django.setup()
    from loaders import registry  # noqa: PLC0415 — after Django's apps

    registry.read_at_start()
