"""Which representation a caller gets: the one it likes best, by the weights it gives (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from django.http.request import MediaType
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

ANY = "*"
#: Longer than any program's or browser's list of wishes.
LONGEST = 4096


class WeighingNegotiation(BaseContentNegotiation):
    """DRF's own looks at how precise a wish is, and at no weight: `q=0` would be a wish like any other."""

    def select_parser(self, request: Request, parsers: Sequence[type]) -> type:  # type: ignore[override]  # the stub wants instances, DRF gives what the view has
        """The one there is; a body of another type was refused before."""
        del request
        return parsers[0]

    def select_renderer(
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],  # type: ignore[override]  # likewise
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The renderer liked best, of equals the first; NotAcceptable when none is."""
        del format_suffix
        accept = str(request.META.get("HTTP_ACCEPT", ""))
        wishes = wishes_in(accept) if len(accept) <= LONGEST else []
        weighed = [(weight_of(str(one.media_type), wishes), one) for one in renderers]
        best, chosen = max(weighed, key=lambda pair: pair[0])
        if not best:
            raise NotAcceptable(available_renderers=list(renderers))
        return chosen, str(chosen.media_type)


def wishes_in(accept: str) -> list[MediaType]:
    """What a caller takes; everything, if it does not say."""
    return [MediaType(word) for word in accept.split(",") if word.strip()] or [MediaType("*/*")]


def weight_of(media_type: str, wishes: Sequence[MediaType]) -> float:
    """How much a caller likes it: by the most precise of its wishes that fit, 0 where none does."""
    main, _, sub = media_type.partition("/")
    fitting = [one for one in wishes if one.main_type in (ANY, main) and one.sub_type in (ANY, sub)]
    precise = max((_precision(one) for one in fitting), default=0)
    return max((float(one.quality) for one in fitting if _precision(one) == precise), default=0)


def _precision(wish: MediaType) -> int:
    return (wish.main_type != ANY) + (wish.sub_type != ANY)
