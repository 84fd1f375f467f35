"""Requests and analyses for admins: what happened is read here, never rewritten."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin, TabularInline
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest

from dispatch.admin.reading import ReadOnly
from dispatch.configuring.services import editions
from dispatch.models import Analysis, AnalysisRequest, Bid, RequestEvent, Subject
from dispatch.services.configs import Contract
from polyphemus_site import clock
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.janus.admin import ProjectAdmin


class Beside(ReadOnly):
    """Rows on a request's page, for whoever may see the request."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """Yes."""
        return True


class SubjectInline(Beside, TabularInline[Subject, AnalysisRequest]):
    """What the request is about."""

    model = Subject
    extra = 0


class BidInline(Beside, TabularInline[Bid, AnalysisRequest]):
    """Every bid and what became of it."""

    model = Bid
    extra = 0


class EventInline(Beside, TabularInline[RequestEvent, AnalysisRequest]):
    """The history."""

    model = RequestEvent
    extra = 0


@admin.register(AnalysisRequest)
class AnalysisRequestAdmin(ProjectAdmin[AnalysisRequest]):
    """A request with everything that happened to it, for the admins of its project."""

    list_display = ("name", "project", "analysis", "status", "outcome", "verification", "analyst", "due_at")
    list_filter = ("status", "flag", "outcome", "verification")
    search_fields = ("name", "requester", "analyst")
    show_full_result_count = False
    inlines = (SubjectInline, BidInline, EventInline)


class AnalysisForm(ModelForm[Analysis]):
    """Refuses a schema that is none."""

    def clean_schema(self) -> Any:
        """The schema, if requests can be held to it."""
        return self._whole("schema")

    def clean_input_schema(self) -> Any:
        """The same of the sample sheet's."""
        return self._whole("input_schema")

    def _whole(self, field: str) -> Any:
        schema = self.cleaned_data[field]
        try:
            if schema is not None:
                editions.refuse_broken(schema, field=field)
        except InvalidInputError as refusal:
            raise ValidationError(refusal.message) from refusal
        return schema


@admin.register(Analysis)
class AnalysisAdmin(ModelAdmin[Analysis]):
    """What requests of an analysis, and bids on them, must keep to."""

    form = AnalysisForm
    list_display = ("name", "title", "floor_seconds", "ceiling_seconds", "extension_percent")
    search_fields = ("name", "title")

    def save_model(self, request: HttpRequest, obj: Analysis, form: Any, change: bool) -> None:  # noqa: FBT001 — Django's signature
        """Write down which schemas requests are held to from now on."""
        super().save_model(request, obj, form, change)
        now = clock.now()  # noqa: TID251 — the edge: an admin's click
        contract = Contract(obj.schema, obj.input_schema)
        editions.keep(obj.name, contract, source="admin", author=str(request.user), now=now)
