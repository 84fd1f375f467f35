"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from orphans.views import api, pages

api_urlpatterns: list[URLPattern] = [
    path("orphans", api.OrphanList.as_view(), name="orphans"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/orphans", pages.orphans, name="orphans_page"),
]
