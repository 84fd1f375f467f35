"""`GET /api/v1/schema` and `GET /api/v1/docs`: for anyone."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from polyphemus_site.openapi.schema import document

MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.1"


@require_GET
def schema(request: HttpRequest) -> HttpResponse:
    """The description, for programs."""
    wants_openapi = "openapi" in request.headers.get("Accept", "")
    return JsonResponse(document(), content_type=MEDIA_TYPE if wants_openapi else "application/json")


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """The description, for people: a page without scripts."""
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "said": said,
            "body": json.dumps(said["requestBody"]["content"], indent=2) if "requestBody" in said else "",
        }
        for path, methods in document()["paths"].items()
        for method, said in methods.items()
    ]
    return render(request, "polyphemus/api_docs.html", {"operations": operations})
