"""flowjo_populations: a patient's workspace and fcs files are there, the populations are not."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from loaders.checks import Files, Linked, OneOf, Rows
from loaders.loader import Loader

STAIN = OneOf("stain", ("treg", "nktb", "sort", "dc", "innate"), ignore_case=True)
STAINED = Files("fcs_file")


class FlowjoPopulations(Loader):
    """Reads the populations of every stain from the patient's workspace."""

    name = "flowjo_populations"
    title = _("Cell populations from a FlowJo workspace")
    model = "patient"
    analysis = "flowjo_populations"
    everywhere = True
    needs = Files("flojo_file_processed").named(_("a FlowJo workspace"), whom=_("the cytometrists")) & Linked(
        "sample.flow", where=STAINED
    ).named(_("a stain with its fcs file"), whom=_("the cytometrists"))
    wellformed = Files("flojo_file_processed", r".+\.wsp", max=1, only=True) & Linked(
        "sample.flow", where=STAINED, every=STAIN
    ).named(_("stains out of treg, nktb, sort, dc, innate"), whom=_("the curators"))
    inputs = ("flojo_file_processed", "sample.flow.stain", "sample.flow.fcs_file")
    outputs = Linked("sample.flow", where=STAINED, every=Rows("population"))
    ready = _("The workspace and its fcs files are there")
    lacking = _("some stain has no populations yet")
    changed = _("the workspace or the stains changed since the populations were read")
