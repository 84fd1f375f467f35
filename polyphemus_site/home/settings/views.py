"""The page on which a project's admins decide what holds for it."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loaders import registry
from polyphemus_site import clock
from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.home.settings.form import SettingsForm, loaders_for
from polyphemus_site.home.settings.history import told
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_admin
from polyphemus_site.projects import decisions


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def project_settings(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/settings`: which loaders, how many requests, when the digest; and who decided so."""
    require_admin(request.person, project)
    form = SettingsForm(
        request.POST or None,
        decided=decisions.of(project),
        loaders=loaders_for(project, registry.current()),
    )
    if request.method == "POST" and form.is_valid() and _kept(request, project, form):
        return HttpResponseRedirect(reverse("project_settings", args=[project]))
    context = {"project": project, "form": form, "history": told(decisions.history(project))}
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "polyphemus/settings.html", context, status=status)


def _kept(request: PageRequest, project: str, form: SettingsForm) -> bool:
    """Let it hold; False, with the reason on the page and what was typed still there, when it can't."""
    wanted = form.wanted(decisions.of(project))
    try:
        decisions.change(project, wanted, actor=request.person.email, now=clock.now())
    except MoveRefusedError as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, _("Kept. The next scan follows it."))
    return True
