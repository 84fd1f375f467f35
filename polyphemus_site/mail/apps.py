"""Django's entry to the outbox."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health, metrics


class MailConfig(AppConfig):
    """Names the app and wires its receivers."""

    name = "polyphemus_site.mail"
    verbose_name = "Mail"

    def ready(self) -> None:
        """Receivers are wired once the models exist."""
        from polyphemus_site.mail import health as outbox  # noqa: PLC0415 — after the models
        from polyphemus_site.mail import receivers  # noqa: F401, PLC0415 — imported for its effect, after the models

        health.register("mail", outbox.outbox)
        metrics.register("mail", outbox.measure)
