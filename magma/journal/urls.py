"""Where the journal answers: the addresses a real Magma calls."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
