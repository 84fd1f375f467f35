"""The port through which dispatch asks whether a request's output is there.

Dispatch knows no loader. `settings.POLYPHEMUS_WITNESS` names the callable that does; it is asked outside any
transaction, for many requests at once, and must not write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from django.conf import settings
from django.utils.module_loading import import_string

from dispatch.models import AnalysisRequest


class Sight(Enum):
    """What a look at the warehouse told."""

    SEEN = "seen"
    NOT_SEEN = "not_seen"
    #: the warehouse could not be asked: never counted against the analyst
    UNKNOWN = "unknown"
    #: no loader stands behind the request: it can end only by ticket, or by a person
    NO_CHECK = "no_check"


#: Request ids to sights; an id left out counts as UNKNOWN.
Witness = Callable[[Sequence[AnalysisRequest]], Mapping[int, Sight]]


def no_check(requests: Sequence[AnalysisRequest]) -> Mapping[int, Sight]:
    """The witness of an installation without loaders."""
    return {request.pk: Sight.NO_CHECK for request in requests}


def configured() -> Witness:
    """The witness named in the settings."""
    witness: Witness = import_string(settings.POLYPHEMUS_WITNESS)
    return witness
