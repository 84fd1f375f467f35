"""The outbox in the admin: what was sent, what failed and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from polyphemus_site.clock import now  # noqa: TID251 — an admin action is an edge, as a view is
from polyphemus_site.mail import delivery, mailboxes
from polyphemus_site.mail.models import Mailbox, Notice, NoticeEvent


class NoticeEventInline(admin.TabularInline[NoticeEvent, Notice]):
    """What happened to a notice, oldest first."""

    model = NoticeEvent
    extra = 0
    can_delete = False
    readonly_fields = ("source", "target", "at", "note")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Events come from services."""
        del request, obj
        return False


@admin.register(Notice)
class NoticeAdmin(admin.ModelAdmin[Notice]):
    """Read the outbox; the one thing to do is to owe a failed notice again."""

    list_display = ("kind", "recipient", "status", "attempts", "created_at", "sent_at")
    list_filter = ("status", "kind")
    search_fields = ("recipient", "key")
    date_hierarchy = "created_at"
    inlines = (NoticeEventInline,)
    actions = ("try_again",)

    def has_again_permission(self, request: HttpRequest) -> bool:
        """Whoever may change notices, if they could be changed."""
        return request.user.has_perm("mail.change_notice")

    @admin.action(description=gettext_lazy("Try failed notices again"), permissions=["again"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        """Owe the selected failed notices again."""
        moment = now()
        count = sum(delivery.retry(notice, now=moment) for notice in queryset)
        sentence = ngettext("%d notice is owed again.", "%d notices are owed again.", count) % count
        self.message_user(request, sentence, messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Notices are written with the change they tell of."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Notices stay as they were written."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Notices are kept."""
        del request, obj
        return False


@admin.register(Mailbox)
class MailboxAdmin(admin.ModelAdmin[Mailbox]):
    """Whose addresses don't work, and what recipients wish."""

    list_display = ("address", "blocked_at", "block_reason", "daily_cap", "zone")
    list_filter = (("blocked_at", admin.EmptyFieldListFilter),)
    search_fields = ("address",)
    actions = ("trust_again",)

    @admin.action(description=gettext_lazy("Send to blocked addresses again"), permissions=["change"])
    def trust_again(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> None:
        """Unblock the selected addresses."""
        for mailbox in queryset:
            mailboxes.unblock(mailbox)
        self.message_user(request, _("Mail is sent there again."), messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Mailboxes come from recipients' wishes and from bounces."""
        del request
        return False
