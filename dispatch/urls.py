"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from dispatch import views

api_urlpatterns: list[URLPattern] = [
    path("requests", views.RequestsView.as_view(), name="requests"),
    path("requests/<str:name>", views.RequestView.as_view(), name="request"),
    path("requests/<str:name>/cancel", views.CancelView.as_view(), name="cancel"),
    path("requests/<str:name>/help", views.HelpView.as_view(), name="help"),
    path("requests/<str:name>/extend", views.ExtendView.as_view(), name="extend"),
    path("bids", views.BidsView.as_view(), name="bids"),
    path("tickets", views.TicketsView.as_view(), name="tickets"),
    path("extensions", views.ExtensionsView.as_view(), name="extensions"),
    path("releases", views.ReleasesView.as_view(), name="releases"),
]
page_urlpatterns: list[URLPattern] = []
