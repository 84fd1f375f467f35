"""Serves the host page: React from npm, Timur's way of building pages, and whatever a test embeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from magma.demo.answers import Reply, as_text
from magma.demo.warehouse import Request

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
<body><main id="root"></main>{body}<script src="/js/host.js"></script></body></html>"""
MEDIA = {".js": "text/javascript", ".css": "text/css"}


@dataclass
class Site:
    """The host page with what a test puts into it."""

    url: str = ""
    head: str = ""
    body: str = ""
    policy: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """Scripts and styles by name; every other address is the one page."""
        self.asked.append(request.path)
        if request.path in FILES:
            path = FILES[request.path]
            return as_text(path.read_text(encoding="utf-8"), media=f"{MEDIA[path.suffix]}; charset=utf-8")
        page = PAGE.format(head=self.head, body=self.body)
        headers = (("Content-Security-Policy", self.policy),) if self.policy else ()
        return Reply(200, page.encode(), "text/html; charset=utf-8", headers)
