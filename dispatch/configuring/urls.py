"""Where configuring answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from dispatch.configuring.views import pages

api_urlpatterns: list[URLPattern] = []
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/analyses", pages.analyses_page, name="analyses_page"),
    path("<str:project>/configure", pages.configure_page, name="configure_page"),
    path("<str:project>/configurations/<int:pk>", pages.configuration_page, name="configuration_page"),
    path("<str:project>/configurations/<int:pk>/restore", pages.restore, name="configuration_restore"),
]
