"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from loaders.views import api, insight, pages, usefulness

api_urlpatterns: list[URLPattern] = [
    path("suggestions", api.SuggestionList.as_view(), name="suggestions"),
    path("suggestions/<int:pk>", api.SuggestionDetail.as_view(), name="suggestion"),
    path("suggestions/<int:pk>/accept", api.Accept.as_view(), name="accept"),
    path("suggestions/<int:pk>/dismiss", api.Dismiss.as_view(), name="dismiss"),
    path("suggestions/<int:pk>/snooze", api.Snooze.as_view(), name="snooze"),
    path("explanations", insight.Explain.as_view(), name="explanations"),
    path("waiting", insight.Waiting.as_view(), name="waiting"),
    path("scans", insight.Scans.as_view(), name="scans"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/explain", insight.explain_page, name="explain_page"),
    path("<str:project>/waiting", insight.waiting_page, name="waiting_page"),
    path("<str:project>/usefulness", usefulness.usefulness_page, name="usefulness_page"),
    path("<str:project>/shadows", insight.shadows_page, name="shadows_page"),
    path("<str:project>/scans", insight.scans_page, name="scans_page"),
    path("<str:project>/suggestions", pages.suggestion_list, name="suggestions_page"),
    path("<str:project>/suggestions/<int:pk>", pages.suggestion_page, name="suggestion_page"),
    path("<str:project>/suggestions/<int:pk>/accept", pages.accept, name="suggestion_accept"),
    path("<str:project>/suggestions/<int:pk>/dismiss", pages.dismiss, name="suggestion_dismiss"),
    path("<str:project>/suggestions/<int:pk>/snooze", pages.snooze, name="suggestion_snooze"),
]
