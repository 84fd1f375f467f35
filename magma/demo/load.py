"""`python -m magma.demo.load PROJECT`: load what standard input says, as a person would by hand.

The body is Magma's `revisions`: model, record, attribute, value. Where the demo is and who loads come from
the environment the demo writes down (`POLYPHEMUS_MAGMA_URL`, `POLYPHEMUS_DEMO_TOKEN`).
"""

from __future__ import annotations

import json
import os
import sys

import httpx

from magma.demo.loading import Loader


def main() -> None:
    """Load, and say what the warehouse took."""
    if len(sys.argv) != 2:  # noqa: PLR2004 — the program and the project
        sys.exit("Usage: python -m magma.demo.load PROJECT < revisions.json")
    try:
        revisions = json.load(sys.stdin)
        person = Loader(os.environ["POLYPHEMUS_MAGMA_URL"], os.environ["POLYPHEMUS_DEMO_TOKEN"], sys.argv[1])
        taken = person.load(revisions)
    except KeyError as error:
        sys.exit(f"{error} is not set: read the demo's environment first (. .polyphemus/demo/environment).")
    except ValueError as error:
        sys.exit(f"That is no JSON: {error}")
    except httpx.HTTPStatusError as error:
        sys.exit(f"The warehouse refused it: {error.response.text}")
    for model, documents in taken.items():
        sys.stdout.write(f"{model}: {', '.join(documents)}\n")


if __name__ == "__main__":
    main()
