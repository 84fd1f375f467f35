"""verify_md5: a delivery is complete and at rest, and nobody has compared its checksums yet."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from loaders.checks import Files, Present, Quiet
from loaders.loader import Loader

SUMS = r"(.+\.md5|md5sums?(\.txt)?)"


class VerifyMd5(Loader):
    """Compares delivered files with the checksums delivered beside them."""

    name = "verify_md5"
    title = _("Checksums of a delivery")
    model = "ingest_folder"
    analysis = "verify_md5"
    everywhere = True
    needs = Files("delivered_files").named(_("delivered files"), whom=_("the sender")) & Files(
        "delivered_files", SUMS
    ).named(_("a list of checksums (*.md5, md5sums.txt)"), whom=_("the sender"))
    wellformed = Quiet(30).named(_("half an hour without a change"), whom=_("the sender"))
    inputs = ("delivered_files",)
    outputs = Present("verified_at")
    ready = _("The delivery is complete and at rest")
    lacking = _("its checksums have not been compared yet")
    changed = _("its files changed since they were compared")
