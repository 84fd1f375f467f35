"""The one address, and the WSGI application."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, ClassVar

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.textbook.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.db import transaction  # noqa: E402 — models come after the application
from django.shortcuts import get_object_or_404  # noqa: E402 — the same
from django.urls import path  # noqa: E402 — the same
from django.utils import timezone  # noqa: E402 — the same
from rest_framework import serializers, status  # noqa: E402 — the same
from rest_framework.request import Request as Call  # noqa: E402 — the same
from rest_framework.response import Response  # noqa: E402 — the same
from rest_framework.views import APIView  # noqa: E402 — the same

from tests.bench.textbook.models import Bid, Request  # noqa: E402 — the same


class BidSerializer(serializers.Serializer[Any]):
    """The body."""

    analysis = serializers.CharField(max_length=100)
    analyst = serializers.EmailField()
    name = serializers.CharField(max_length=100)
    time = serializers.IntegerField(min_value=1)


class RequestSerializer(serializers.ModelSerializer[Request]):
    """The answer."""

    class Meta:
        """Everything."""

        model = Request
        fields: ClassVar = ["name", "analysis", "status", "analyst", "due_at"]


class BidView(APIView):
    """Locks the row, looks, saves."""

    def post(self, call: Call) -> Response:
        """The first bid wins."""
        serializer = BidSerializer(data=call.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        with transaction.atomic():
            request = get_object_or_404(
                Request._default_manager.select_for_update(), name=given["name"], analysis=given["analysis"]
            )
            if request.status != "new":
                return Response({"message": "no"}, status=status.HTTP_409_CONFLICT)
            request.status = "running"
            request.analyst = given["analyst"]
            request.due_at = timezone.now() + timedelta(seconds=given["time"])  # noqa: TID251 — as the tutorials do
            request.save()
            Bid._default_manager.create(request=request, analyst=given["analyst"], time=given["time"])
        return Response({"message": "go", "request": RequestSerializer(request).data})


urlpatterns = [path("api/v1/bids", BidView.as_view())]
