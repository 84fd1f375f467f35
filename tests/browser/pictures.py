"""Pictures of what a test saw last, for people to look at: where `SCREENSHOTS` names a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import BrowserContext


def keep(context: BrowserContext, test: str) -> None:
    """One picture a page that is still open, named after the test."""
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    name = re.sub(r"[^\w.-]+", "_", test).strip("_")
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(context.pages):
        page.screenshot(path=Path(folder) / f"{name}-{number}.png", full_page=True)
