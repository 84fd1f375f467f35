"""verify_md5: a delivery is complete and at rest, and nobody has compared its checksums yet."""

from __future__ import annotations

from loaders.checks import Files, Present, Quiet
from loaders.loader import Loader

SUMS = r"(.+\.md5|md5sums?(\.txt)?)"


class VerifyMd5(Loader):
    """Compares delivered files with the checksums delivered beside them."""

    name = "verify_md5"
    title = "Checksums of a delivery"
    model = "ingest_folder"
    analysis = "verify_md5"
    everywhere = True
    needs = Files("delivered_files").named("delivered files", whom="the sender") & Files(
        "delivered_files", SUMS
    ).named("a list of checksums (*.md5, md5sums.txt)", whom="the sender")
    wellformed = Quiet(30).named("half an hour without a change", whom="the sender")
    inputs = ("delivered_files",)
    outputs = Present("verified_at")
    ready = "The delivery is complete and at rest"
    lacking = "its checksums have not been compared yet"
    changed = "its files changed since they were compared"
