"""What the composition root itself keeps: signs of life."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When beat's last order was carried out by a worker: proof of beat, broker and worker in one."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        """Whose sign of life."""
        return self.name
