"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from dispatch.views import analysts, api, messages, pages, track_records

api_urlpatterns: list[URLPattern] = [
    path("requests", api.RequestsView.as_view(), name="requests"),
    path("bids", api.BidsView.as_view(), name="bids"),
    path("tickets", api.TicketsView.as_view(), name="tickets"),
    path("requests/<str:name>", api.RequestView.as_view(), name="request"),
    path("requests/<str:name>/record", api.RecordView.as_view(), name="record"),
    path("record-key", api.RecordKeyView.as_view(), name="record_key"),
    path("requests/<str:name>/cancel", api.CancelView.as_view(), name="cancel"),
    path("requests/<str:name>/help", api.HelpView.as_view(), name="help"),
    path("requests/<str:name>/extend", api.ExtendView.as_view(), name="extend"),
    path("requests/<str:name>/messages", messages.MessagesView.as_view(), name="messages"),
    path("track-record", track_records.TrackRecordView.as_view(), name="track_record"),
    path("extensions", api.ExtensionsView.as_view(), name="extensions"),
    path("releases", api.ReleasesView.as_view(), name="releases"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/analysts", analysts.analysts_page, name="analysts_page"),
    path("<str:project>/requests", pages.request_list, name="requests_page"),
    path("<str:project>/requests-history.jsonl", pages.history, name="requests_history"),
    path("<str:project>/requests/<str:name>", pages.request_page, name="request_page"),
    path("<str:project>/requests/<str:name>/message", pages.say, name="request_message"),
    path("<str:project>/requests/<str:name>/cancel", pages.cancel, name="request_cancel"),
    path("<str:project>/requests/<str:name>/help", pages.ask_help, name="request_help"),
    path("<str:project>/requests/<str:name>/extend", pages.extend, name="request_extend"),
]
