"""A pipeline small enough for the demo: makes a vcf for each tumor, then loads it by hand.

`python -m magma.demo.exome_pipe CONFIG` reads a request's config, or its document; the normal stands first.
The work is the analyst's: the output is made here, outside Polyphemus, and posted to the warehouse under the
analyst's own token (MAGMA_URL and MAGMA_TOKEN).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from magma.demo.loading import Loader, file

HEADER = "##fileformat=VCFv4.3\n##source=demo\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
VARIANT = "chr7\t55191822\t.\tT\tG\t60\tPASS\tSOMATIC\n"


def call(tumor: str, folder: Path) -> Path:
    """Write the tumor's variants."""
    vcf = folder / f"{tumor}.vcf"
    vcf.write_text(HEADER + VARIANT, encoding="ascii")
    return vcf


def main(config_path: str) -> None:
    """Call every tumor of the config and load what was made."""
    document = json.loads(Path(config_path).read_text(encoding="utf-8"))
    config = document.get("config", document)
    _normal, *tumors = config["inputs"]
    made = {tumor: call(tumor, Path(config_path).parent) for tumor in tumors}
    loader = Loader(os.environ["MAGMA_URL"], os.environ["MAGMA_TOKEN"], config["project"])
    revisions = {tumor: {"vcf": file(f"{config['project']}/calls/{vcf.name}")} for tumor, vcf in made.items()}
    loader.load({"exome": revisions})


if __name__ == "__main__":
    main(sys.argv[1])
