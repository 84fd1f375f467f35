"""What of a payload is kept."""

from __future__ import annotations

import json

from magma.journal.payloads import documents_of


def test_files_are_kept_without_their_signed_addresses() -> None:
    file = {"url": "https://metis/a?X-Etna-Signature=1", "path": "a.gz", "original_filename": "b.gz"}
    documents = {"T1": {"raw_fastqs": [file], "vcf": file, "url": "its own"}}

    kept = documents_of(json.dumps({"models": {"exome": {"documents": documents}}}))

    bare = {"path": "a.gz", "original_filename": "b.gz"}
    assert kept == {"exome": {"T1": {"raw_fastqs": [bare], "vcf": bare, "url": "its own"}}}
