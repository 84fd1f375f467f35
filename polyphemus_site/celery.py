"""The Celery application: workers and beat start from here."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")

app = Celery("polyphemus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
