"""The pages of configuring, whole without JavaScript: the same form previews, keeps and publishes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dispatch.configuring import knowledge
from dispatch.configuring.differences import differences
from dispatch.configuring.errors import AlreadySentError
from dispatch.configuring.forms import ConfigForm
from dispatch.configuring.orders import Order, token_of
from dispatch.configuring.services import configurations, editions, publishing
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_edit, require_edit_now, require_view


@require_GET
@signed_in
def analyses_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/analyses`: what can be asked for, and the configurations that are kept."""
    require_view(request.person, project)
    context = {
        "project": project,
        "analyses": knowledge.analyses(),
        "configurations": knowledge.configurations(project),
        "may_edit": request.person.can_edit(project),
    }
    return render(request, "configuring/analyses.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def configure_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/configure?analysis=A`: ask for any analysis; from a version or an earlier request."""
    if not request.GET:  # nothing is asked for yet: choose
        return redirect("analyses_page", project=project)
    return configure(request, knowledge.order_of(request.person, project, request.GET))


def configure(request: PageRequest, order: Order) -> HttpResponse:
    """The form of an order: shown, looked at again, kept, or published."""
    if request.method != "POST":
        return shown(request, order, order.start())
    form, deed = order.sent(request.POST), request.POST.get("do", "")
    if deed == "preview":
        return previewed(order, form)
    if deed in DEEDS:
        require_edit_now(request.person, order.project)
        if form.is_right and is_current(request, order):
            return DEEDS[deed](request, order, form)
    form.inputs = form.inputs.settled()
    if deed == "rows":
        form.inputs = form.inputs.with_blanks()
    return shown(request, order, form)


def _publish(request: PageRequest, order: Order, form: ConfigForm) -> HttpResponse:
    email, token = request.person.email, token_of(request.POST)
    wish, keeping = order.wish(form, request.POST, email), order.keeping(form, request.POST, email)
    try:
        again = request.POST.get("again", "")
        done = publishing.publish(
            wish, keeping, token=token, again=again, submit=order.submit, now=clock.now()
        )
    except AlreadySentError as told:
        anew = {"token": token_of({}), "again": told.members["request_name"]}
        return shown(request, order, form, refusal=told.message, **anew)
    except PolyphemusError as refusal:
        return shown(request, order, form, refusal=refusal.message)
    messages.success(request, _("Published as %(name)s.") % {"name": done.request.name})
    return HttpResponseRedirect(reverse("request_page", args=[order.project, done.request.name]))


def _save(request: PageRequest, order: Order, form: ConfigForm) -> HttpResponse:
    try:
        kept = configurations.keep(order.keeping(form, request.POST, request.person.email), now=clock.now())
    except PolyphemusError as refusal:
        return shown(request, order, form, refusal=refusal.message)
    messages.success(request, _("Kept as version %(number)s.") % {"number": kept.number})
    return HttpResponseRedirect(reverse("configuration_page", args=[order.project, kept.configuration_id]))


DEEDS = {"publish": _publish, "save": _save}


def is_current(request: PageRequest, order: Order) -> bool:
    """Whether the form was drawn from the schemas that hold now."""
    return request.POST.get("edition", "") == editions.digest_of(order.contract)


def shown(
    request: PageRequest,
    order: Order,
    form: ConfigForm,
    *,
    refusal: str = "",
    token: str = "",
    again: str = "",
) -> HttpResponse:
    """The page of the form."""
    sent = request.POST
    is_moved = bool(sent) and not is_current(request, order)
    context: dict[str, Any] = {
        "project": order.project,
        "order": order,
        "form": form,
        "differences": differences(order.origin.params, form.params) if order.origin else [],
        "versions": knowledge.offered(order.project, order.analysis)[: knowledge.MOST_OFFERED],
        "may_edit": request.person.can_edit(order.project),
        "refusal": refusal,
        "is_moved": is_moved,
        "edition": editions.digest_of(order.contract),
        "token": token or token_of(sent),
        "again": again,
        "sent": sent,
    }
    is_refused = bool(sent) and bool(refusal or is_moved or form.summary)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "configuring/configure.html", context, status=status)


def previewed(order: Order, form: ConfigForm) -> HttpResponse:
    """What the form means as it is, for the script that shows it while one types."""
    origin = order.origin.params if order.origin else None
    return JsonResponse(
        {
            "preview": form.preview,
            "changed": [one.field.name for panel in form.panels for one in panel.controls if one.is_changed],
            "counts": {panel.id: panel.count for panel in form.panels},
            "faults": [text for _, text in form.summary],
            "differences": differences(origin, form.params) if origin is not None else [],
        }
    )


@require_GET
@signed_in
def configuration_page(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """`/PROJECT/configurations/ID?old=1&new=2`: its versions, and what differs between two of them."""
    found = knowledge.configuration_for(request.person, pk, project)
    versions = found.versions.select_related("origin__configuration").prefetch_related("requests__request")
    latest = versions.first()
    compared = knowledge.compared(versions, request.GET.get("old", ""), request.GET.get("new", ""))
    context = {
        "project": project,
        "configuration": found,
        "versions": versions,
        "latest": latest,
        "compared": compared,
        "may_edit": request.person.can_edit(project),
    }
    return render(request, "configuring/configuration.html", context)


@require_POST
@signed_in
def restore(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """Make an old version the latest again."""
    found = knowledge.configuration_for(request.person, pk, project)
    require_edit(request.person, project)
    number = request.POST.get("number", "")
    try:
        version = knowledge.version_of(found, number)
        kept = configurations.restore(version, author=request.person.email, now=clock.now())
    except PolyphemusError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Version %(number)s is the latest now.") % {"number": kept.number})
    return HttpResponseRedirect(reverse("configuration_page", args=[project, pk]))
