"""Orphans and their reviews for project admins: found and filtered here, decided on the review's own page."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from magma.client import connect
from orphans.models import AuditEntry, Bundle, Orphan, Review, Search
from orphans.permissions import require_decide
from orphans.querysets import OrphanQuerySet
from orphans.services import reviews
from orphans.services.moves import By
from polyphemus_site.clock import now  # noqa: TID251 — an admin action is an edge, as a view is
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.janus.admin import ProjectAdmin, person_at, told_column


@admin.register(Orphan)
class OrphanAdmin(ProjectAdmin[Orphan]):
    """Every orphan of one's projects; the selected ones go to a review."""

    told_cause_note = told_column("cause_note")
    list_display = (
        "record",
        "model",
        "project",
        "status",
        "cause",
        "former_parent",
        "found_at",
        "restricted",
    )
    list_filter = ("project", "status", "cause", "model", "found_by", "restricted")
    search_fields = ("record", "former_parent", "appeared_by", "reason")
    date_hierarchy = "found_at"
    exclude = ("cause_note",)
    readonly_fields = ("told_cause_note",)
    list_per_page = 100
    show_full_result_count = False
    actions = ("begin_review",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Orphan]:
        """Restricted ones only of projects whose restricted records are for these eyes."""
        rows = super().get_queryset(request)
        person = person_at(request)
        open_to = [name for name, role in person.roles.items() if role.restricted] if person else []
        return rows.filter(Q(restricted=False) | Q(project__in=open_to))

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Whoever administers something; of which project the selected ones are is looked at afterwards."""
        person = person_at(request)
        return person is not None and person.is_admin_somewhere

    @admin.action(description=gettext_lazy("Review the selected orphans"), permissions=["review"])
    def begin_review(self, request: HttpRequest, queryset: OrphanQuerySet) -> HttpResponse | None:
        """One review of them all; it is decided on its own page."""
        try:
            review = _begin(request, queryset)
        except PolyphemusError as error:
            self.message_user(request, error.message, messages.ERROR)
            return None
        return HttpResponseRedirect(reverse("review_page", args=[review.project, review.pk]))


def _begin(request: HttpRequest, queryset: OrphanQuerySet) -> Review:
    person = person_at(request)
    projects = list(queryset.order_by().values_list("project", flat=True).distinct()[:2])
    if person is None or len(projects) != 1:
        raise PolyphemusError(
            _("Sign in through Janus and select orphans of one project."), code="one_project"
        )
    require_decide(person, projects[0])
    by = By(person.email, now())
    review = reviews.create(project=projects[0], orphans=queryset, by=by)
    small = review.orphans <= reviews.AT_ONCE
    return reviews.gather(review, magma=connect(), by=by) if small else review


@admin.register(Review)
class ReviewAdmin(ProjectAdmin[Review]):
    """Every review, with a way to its page."""

    told_trouble = told_column("trouble")
    list_display = (
        "id",
        "project",
        "status",
        "orphans",
        "records",
        "decision",
        "decided_by",
        "page",
        "told_trouble",
    )
    exclude = ("trouble",)
    readonly_fields = ("told_trouble",)
    list_filter = ("project", "status", "decision")
    search_fields = ("reason", "created_by", "decided_by", "approved_by")

    @admin.display(description=gettext_lazy("page"))
    def page(self, review: Review) -> str:
        """Where it is decided."""
        url = reverse("review_page", args=[review.project, review.pk])
        return format_html('<a href="{}">{}</a>', url, _("open"))


@admin.register(Bundle)
class BundleAdmin(ProjectAdmin[Bundle]):
    """Every copy; none can be changed or deleted here."""

    project_lookup = "review__project"
    list_display = (
        "__str__",
        "status",
        "records",
        "size",
        "sha256",
        "written_at",
        "verified_at",
        "keep_until",
    )
    list_filter = ("status", "review__project")
    search_fields = ("sha256", "name")


@admin.register(Search)
class SearchAdmin(ProjectAdmin[Search]):
    """Every look for orphans, and what became of it."""

    told_error = told_column("error")
    list_display = ("project", "source", "started_at", "found", "closed", "reopened", "told_error")
    exclude = ("error",)
    readonly_fields = ("told_error",)
    list_filter = ("project", "source")


@admin.register(AuditEntry)
class AuditAdmin(ProjectAdmin[AuditEntry]):
    """Who did what; written once."""

    told_note = told_column("note")
    list_display = ("at", "project", "actor", "words", "orphan", "review", "told_note", "bundle_sha256")
    exclude = ("note", "action")
    readonly_fields = ("words", "told_note")
    list_filter = ("project", "action")
    search_fields = ("actor", "note", "bundle_sha256", "orphan__record")
    list_select_related = ("orphan", "review")
    show_full_result_count = False

    @admin.display(description=gettext_lazy("action"), ordering="action")
    def words(self, line: AuditEntry) -> str:
        """The move or the deed, in the reader's language."""
        return line.words

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Without lines about restricted orphans of projects whose restricted records are for other eyes."""
        rows = super().get_queryset(request)
        person = person_at(request)
        open_to = [name for name, role in person.roles.items() if role.restricted] if person else []
        return rows.exclude(Q(orphan__restricted=True) & ~Q(project__in=open_to))
