"""A request and its bid."""

from __future__ import annotations

from django.db import models


class Request(models.Model):
    """What is bid on."""

    name = models.CharField(max_length=100, unique=True)
    analysis = models.CharField(max_length=100)
    status = models.CharField(max_length=10, default="new", db_index=True)
    analyst = models.EmailField(blank=True)
    due_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """Its name."""
        return self.name


class Bid(models.Model):
    """Who bid, and for how long."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE)
    analyst = models.EmailField()
    time = models.PositiveIntegerField()
    bid_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Who."""
        return self.analyst
