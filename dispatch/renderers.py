"""The two representations of a request, chosen by `Accept`."""

from __future__ import annotations

from rest_framework.renderers import JSONRenderer

from dispatch.documents import V2


class FoundingRenderer(JSONRenderer):
    """The founding text's documents: the default."""

    version = 1


class SecondRenderer(JSONRenderer):
    """The second version."""

    media_type = V2
    format = "v2"
    version = 2


RENDERERS = (FoundingRenderer, SecondRenderer)
