"""The composition root: settings, URLs, processes, and the small shared pieces."""

from polyphemus_site.celery import app as celery_app

__all__ = ["celery_app"]
