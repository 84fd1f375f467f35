"""Pictures for people to look at: where `SCREENSHOTS` names a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page


def keep(context: BrowserContext, test: str) -> None:
    """What a test saw last: one picture a page that is still open, named after the test."""
    for number, page in enumerate(context.pages):
        picture(page, f"{test}-{number}")


def picture(page: Page, name: str) -> None:
    """What is on the page now."""
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    plain = re.sub(r"[^\w.-]+", "_", name).strip("_")
    page.screenshot(path=Path(folder) / f"{plain}.png", full_page=True)
