"""Where the journal answers: the addresses a real Magma calls. `OPTIONS /` is answered by `routes`."""

from __future__ import annotations

from django.urls import URLPattern, path

from magma.journal.views import WriteView

urlpatterns: list[URLPattern] = [
    path("api/log/<str:project_name>/write", WriteView.as_view(), name="log_write"),
]
