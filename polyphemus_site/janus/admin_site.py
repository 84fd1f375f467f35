"""Django's admin, entered with the Janus identity: no password, rights only from the role of the moment."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from polyphemus_site.janus.pages import welcome
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level


def may_enter(person: Person) -> bool:
    """Admins of any project, and whoever has a super-role."""
    return person.sees_everything or any(role.level is Level.ADMIN for role in person.roles.values())


class JanusAdminSite(AdminSite):
    """The admin site; a local superuser's password works only where a setting allows it."""

    site_header = "Polyphemus"
    site_title = "Polyphemus"
    index_title = gettext_lazy("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the visitor may enter at all."""
        person: Person | None = getattr(request, "person", None)
        if person is not None:
            return may_enter(person)
        return bool(settings.POLYPHEMUS_LOCAL_ADMIN) and super().has_permission(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Janus's door; the password form only where the setting allows it."""
        if getattr(request, "person", None) is not None and not self.has_permission(request):
            return render(request, "janus/no_admin.html", status=HTTPStatus.FORBIDDEN)
        if settings.POLYPHEMUS_LOCAL_ADMIN or self.has_permission(request):
            return super().login(request, extra_context)
        return welcome(request, back_to=_wanted_page(request))


def _wanted_page(request: HttpRequest) -> str:
    """The admin page the visitor was on the way to; never an address elsewhere."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("admin:index")
