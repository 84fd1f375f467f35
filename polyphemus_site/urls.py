"""Every address, one line an owner."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

import dispatch.urls
import loaders.urls
import orphans.urls
from polyphemus_site import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", views.metrics_text),
    path("", include("magma.journal.urls")),
    path("api/v1/", include(dispatch.urls.api_urlpatterns)),
    path("api/v1/", include(loaders.urls.api_urlpatterns)),
    path("api/v1/", include(orphans.urls.api_urlpatterns)),
    path("admin/", admin.site.urls),
    path("", include(dispatch.urls.page_urlpatterns)),
    path("", include(loaders.urls.page_urlpatterns)),
    path("", include(orphans.urls.page_urlpatterns)),
    path("<str:project>/", views.project_home, name="project"),
]

handler400 = "polyphemus_site.api.problems.bad_request"
handler403 = "polyphemus_site.api.problems.permission_denied"
handler404 = "polyphemus_site.api.problems.page_not_found"
handler500 = "polyphemus_site.api.problems.server_error"
