"""Pages about mail: what a recipient wishes, stopping a kind, and how each mail looks."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from polyphemus_site.clock import now
from polyphemus_site.errors import InvalidInputError, MissingError
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.mail import mailboxes, subscriptions
from polyphemus_site.mail.forms import WishesForm
from polyphemus_site.mail.kinds import kinds
from polyphemus_site.mail.messages import preview

READ_OR_WRITE = ("GET", "HEAD", "POST")


@require_http_methods(READ_OR_WRITE)
@signed_in
def wishes(request: PageRequest) -> HttpResponse:
    """Which mails the visitor wants, and when."""
    address = request.person.email
    mailbox, offered = mailboxes.wishes_of(address), set(kinds())
    form = WishesForm(request.POST or None, instance=mailbox)
    form.offer(kinds().values(), unwanted=mailboxes.unwanted_kinds(address))
    if request.method == "POST" and form.is_valid():
        form.save()
        mailboxes.choose(address, wanted=set(form.cleaned_data["kinds"]), offered=offered, now=now())
        messages.success(request, _("Your wishes are kept."))
        return HttpResponseRedirect(request.path)
    return render(request, "mail_pages/wishes.html", {"form": form, "mailbox": mailbox})


@csrf_exempt  # a mail program's button sends no cookie and no token of ours; the signed link is the proof
@require_http_methods(READ_OR_WRITE)
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A mail program's button (RFC 8058). Looking at the address changes nothing."""
    address, kind = subscriptions.read(token)
    if request.method != "POST":
        return render(request, "mail_pages/unsubscribe.html", {"kind": kinds().get(kind)})
    if request.POST.get("List-Unsubscribe") != "One-Click":
        raise InvalidInputError(
            _("Only a mail program's own button unsubscribes here."), code="not_one_click"
        )
    mailboxes.unsubscribe(address, kind, now=now())
    return HttpResponse(_("You will get no more of these."), content_type="text/plain; charset=utf-8")


@require_safe
@signed_in
def previews(request: PageRequest, kind: str = "") -> HttpResponse:
    """How each mail looks, with an example; for admins and for whoever writes the words."""
    if not request.person.is_admin_somewhere:
        raise MissingError(_("There is no such page."))
    if kind and kind not in kinds():
        raise MissingError(_("There is no such mail."))
    chosen = kinds().get(kind)
    context = {"kinds": kinds().values(), "kind": chosen, "mail": preview(chosen) if chosen else None}
    return render(request, "mail_pages/previews.html", context, status=HTTPStatus.OK)
