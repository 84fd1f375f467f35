"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from loaders.views import api, pages

api_urlpatterns: list[URLPattern] = [
    path("suggestions", api.SuggestionList.as_view(), name="suggestions"),
    path("suggestions/<int:pk>", api.SuggestionDetail.as_view(), name="suggestion"),
    path("suggestions/<int:pk>/accept", api.Accept.as_view(), name="accept"),
    path("suggestions/<int:pk>/dismiss", api.Dismiss.as_view(), name="dismiss"),
    path("suggestions/<int:pk>/snooze", api.Snooze.as_view(), name="snooze"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/suggestions", pages.suggestion_list, name="suggestions_page"),
    path("<str:project>/suggestions/<int:pk>", pages.suggestion_page, name="suggestion_page"),
    path("<str:project>/suggestions/<int:pk>/accept", pages.accept, name="suggestion_accept"),
    path("<str:project>/suggestions/<int:pk>/dismiss", pages.dismiss, name="suggestion_dismiss"),
    path("<str:project>/suggestions/<int:pk>/snooze", pages.snooze, name="suggestion_snooze"),
]
