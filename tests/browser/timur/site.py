"""Serves the host page: React from npm, Timur's way of building pages, and whatever a test embeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.sites import Served

HERE = Path(__file__).parent
MODULES = HERE.parents[2] / "node_modules"
FILES = {
    "/js/react.js": MODULES / "react/umd/react.production.min.js",
    "/js/react-dom.js": MODULES / "react-dom/umd/react-dom.production.min.js",
    "/js/host.js": HERE / "host.js",
    "/host.css": HERE / "host.css",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Timur</title><link rel="stylesheet" href="/host.css">
<script src="/js/react.js"></script><script src="/js/react-dom.js"></script>{head}</head>
<body><main id="root"></main>{body}
<script src="/js/slots.js"></script><script src="/js/host.js"></script></body>
</html>"""
MEDIA = {".js": "text/javascript", ".css": "text/css"}


@dataclass
class Site:
    """The host page with what a test puts into it."""

    url: str = ""
    head: str = ""
    body: str = ""
    policy: str = ""
    #: What Timur's slots hold, as a script that sets `SLOTS`.
    slots: str = ""
    asked: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Nothing is embedded."""
        self.head = self.body = self.policy = self.slots = ""
        self.asked.clear()

    def answer(self, path: str) -> Served:
        """Scripts and styles by name; every other address is the one page."""
        self.asked.append(path)
        if path == "/js/slots.js":
            return Served(self.slots.encode(), "text/javascript; charset=utf-8")
        if path in FILES:
            file = FILES[path]
            return Served(file.read_bytes(), f"{MEDIA[file.suffix]}; charset=utf-8")
        page = PAGE.format(head=self.head, body=self.body)
        headers = (("Content-Security-Policy", self.policy),) if self.policy else ()
        return Served(page.encode(), headers=headers)
