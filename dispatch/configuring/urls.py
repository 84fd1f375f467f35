"""Where configuring answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from dispatch.configuring.views import api, pages

api_urlpatterns: list[URLPattern] = [
    path("analyses", api.AnalysesView.as_view(), name="analyses"),
    path("analyses/<str:name>", api.AnalysisView.as_view(), name="analysis"),
    path("analyses/<str:name>/judge", api.JudgeView.as_view(), name="judge"),
    path("configurations", api.ConfigurationsView.as_view(), name="configurations"),
    path("configurations/<int:pk>", api.ConfigurationView.as_view(), name="configuration"),
    path("configurations/<int:pk>/restore", api.RestoreView.as_view(), name="restore_configuration"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/analyses", pages.analyses_page, name="analyses_page"),
    path("<str:project>/configure", pages.configure_page, name="configure_page"),
    path("<str:project>/configurations/<int:pk>", pages.configuration_page, name="configuration_page"),
    path("<str:project>/configurations/<int:pk>/restore", pages.restore, name="configuration_restore"),
]
