"""What our token may see of a project, held against what it has seen.

Magma leaves restricted records out of its answers without a word. To whoever saw them before they look
removed: suggestions would close, outputs be missing again. So nothing is judged until somebody has decided.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from loaders.models import ScanRun
from loaders.states import ScanKind
from magma.client import Magma
from magma.errors import MagmaRightsLost


def ensure_kept(magma: Magma, project: str) -> bool:
    """Whether restricted data is shown; MagmaRightsLost where it no longer is."""
    shown = magma.sees_restricted(project)
    if not shown and was_shown(project):
        raise lost(project)
    return shown


def was_shown(project: str) -> bool:
    """Whether the last full scan that did not fail saw restricted data."""
    runs = ScanRun.objects.filter(project=project, kind=ScanKind.FULL, error="").exclude(model="")
    return bool(runs.order_by("-started_at", "-pk").values_list("saw_restricted", flat=True).first())


def lost(project: str) -> MagmaRightsLost:
    """The refusal to go on."""
    return MagmaRightsLost(
        _("Our token no longer shows the restricted data of %(project)s: nothing is judged, nothing closed.")
        % {"project": project}
    )
