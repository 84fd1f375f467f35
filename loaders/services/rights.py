"""What our token may see of a project, held against what it has seen.

Magma leaves restricted records out of its answers without a word. To whoever saw them before they look
removed: suggestions would close, outputs be missing again. So nothing is judged until somebody has decided.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from loaders.models import RestrictedSight
from magma.client import Magma
from magma.errors import MagmaRightsLost


def ensure_kept(magma: Magma, project: str) -> bool:
    """Whether restricted data is shown, which is remembered; MagmaRightsLost where it no longer is."""
    shown, before = magma.sees_restricted(project), RestrictedSight.objects.filter(project=project).exists()
    if shown and not before:
        RestrictedSight.objects.bulk_create([RestrictedSight(project=project)], ignore_conflicts=True)
    if before and not shown:
        raise lost(project)
    return shown


def do_without(project: str) -> None:
    """Somebody has decided: what is hidden from now on counts as gone."""
    RestrictedSight.objects.filter(project=project).delete()


def lost(project: str) -> MagmaRightsLost:
    """The refusal to go on."""
    return MagmaRightsLost(
        _("Our token no longer shows the restricted data of %(project)s: nothing is judged, nothing closed.")
        % {"project": project}
    )
