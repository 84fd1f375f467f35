"""Every address, one line an owner."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import dispatch.configuring.urls
import dispatch.urls
import loaders.urls
import orphans.urls
from polyphemus_site import configure, embed, views
from polyphemus_site.home import views as home_views
from polyphemus_site.home.settings import views as settings_views
from polyphemus_site.janus import pages as janus_pages
from polyphemus_site.mail import views as mail_views
from polyphemus_site.openapi import views as openapi_views

urlpatterns = [
    path("api/v1/", include(dispatch.urls.api_urlpatterns)),  # first, as it is what is asked for most
    path("", home_views.home, name="home"),
    path("embed/record", embed.record, name="embed_record"),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics_text),
    path("", include("magma.journal.urls")),
    path("api/v1/schema", openapi_views.schema, name="api_schema"),
    path("api/v1/docs", openapi_views.docs, name="api_docs"),
    path("api/v1/", include(dispatch.configuring.urls.api_urlpatterns)),
    path("api/v1/", include(loaders.urls.api_urlpatterns)),
    path("api/v1/", include(orphans.urls.api_urlpatterns)),
    path("admin/", admin.site.urls),
    path("", include(dispatch.urls.page_urlpatterns)),
    path("", include(dispatch.configuring.urls.page_urlpatterns)),
    path(
        "<str:project>/suggestions/<int:pk>/configure",
        configure.suggestion_configure,
        name="suggestion_configure",
    ),
    path("", include(loaders.urls.page_urlpatterns)),
    path("", include(orphans.urls.page_urlpatterns)),
    path("-/sign-in", janus_pages.sign_in, name="sign_in"),
    path("-/mail", mail_views.wishes, name="mail_wishes"),
    path("-/mail/stop/<str:token>", mail_views.unsubscribe, name="unsubscribe"),
    path("-/mail/previews", mail_views.previews, name="mail_previews"),
    path("-/mail/previews/<str:kind>", mail_views.previews, name="mail_preview"),
    path("<slug:project>", RedirectView.as_view(pattern_name="project")),  # as people type it
    path("<str:project>/", home_views.project_home, name="project"),
    path("<str:project>/settings", settings_views.project_settings, name="project_settings"),
    path("<str:project>/digest", home_views.project_digest, name="project_digest"),
]

if settings.ANYMAIL.get("WEBHOOK_SECRET"):  # without one, anybody could tell us that an address is dead
    urlpatterns.insert(0, path("-/mail/told/", include("anymail.urls")))

handler400 = "polyphemus_site.api.problems.bad_request"
handler403 = "polyphemus_site.api.problems.permission_denied"
handler404 = "polyphemus_site.api.problems.page_not_found"
handler500 = "polyphemus_site.api.problems.server_error"
