"""Pages for an iframe in Timur: for labs that can change what a view shows, and nothing else about Timur."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from polyphemus_site.janus.cross_site import origin_of
from polyphemus_site.janus.pages import embeddable

#: /PROJECT/browse/MODEL/RECORD, where the record may hold slashes.
RECORD_PARTS = 4


@dataclass(frozen=True)
class Place:
    """The record a frame stands beside; empty where nobody says."""

    project: str = ""
    model: str = ""
    record: str = ""


@require_safe
@never_cache
@embeddable
def record(request: HttpRequest) -> HttpResponse:
    """The suggestions for the record the address names, or else for the one Timur shows around the frame."""
    named = Place(*(request.GET.get(name, "") for name in ("project", "model", "record")))
    place = named if named.project else place_in(request.headers.get("Referer", ""))
    return render(request, "polyphemus/embed.html", asdict(place))


def place_in(referrer: str) -> Place:
    """Read the address of one of Timur's record pages; any other address says nothing."""
    if origin_of(referrer) not in settings.POLYPHEMUS_TIMUR_ORIGINS:
        return Place()
    parts = urlsplit(referrer).path.strip("/").split("/", RECORD_PARTS - 1)
    if len(parts) != RECORD_PARTS or parts[1] != "browse":
        return Place()
    project, _, model, name = map(unquote, parts)
    return Place(project, model, name)
