"""The demo's people: each speaks HTTP as a browser or a script of theirs would."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any

import httpx

from polyphemus_site.demo.narration import StepFailedError


class Person:
    """Somebody with a Janus token, at a server."""

    def __init__(self, *, url: str, email: str, token: str) -> None:
        """Keep one connection to `url`, signed in as `email`."""
        self.url = url
        self.email = email
        self.token = token
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Etna {token}"}, timeout=20)

    def get(self, path: str, *, accept: str = "application/json", **query: str) -> Any:
        """The JSON at `path`."""
        return self._understood(self._http.get(path, params=query, headers={"Accept": accept}))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to `body` posted at `path`."""
        return self._understood(self._http.post(path, json=body))

    @staticmethod
    def _understood(response: httpx.Response) -> Any:
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            asked = f"{response.request.method} {response.request.url}"
            raise StepFailedError(f"{asked} answered {response.status_code}: {response.text}")
        return response.json()


COOKIE = "JANUS_TOKEN"
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Browser:
    """The same person at the pages: a cookie, forms, and what a page says in plain lines."""

    def __init__(self, person: Person) -> None:
        """Signed in by Janus's cookie, as their browser would be."""
        self._http = httpx.Client(
            base_url=person.url, cookies={COOKIE: person.token}, timeout=20, follow_redirects=True
        )
        self._token = ""
        self.where = ""

    def open(self, path: str) -> list[str]:
        """The lines of the page."""
        return self._read(self._http.get(path))

    def submit(self, path: str, **fields: str) -> list[str]:
        """Send a form of the page that is open; the lines of the page it leads to."""
        form = {"csrfmiddlewaretoken": self._token, **fields}
        return self._read(self._http.post(path, data=form, headers={"Referer": str(self._http.base_url)}))

    def send_update(self, magma_url: str, update: dict[str, Any]) -> int:
        """What the script of an adoption's page does: post to Magma with the cookie; Magma's status."""
        cookies = {"Cookie": f"{COOKIE}={self._http.cookies[COOKIE]}"}
        return httpx.post(f"{magma_url}/update", json=update, headers=cookies, timeout=20).status_code

    def _read(self, response: httpx.Response) -> list[str]:
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise StepFailedError(f"{response.request.url} answered {response.status_code}: {response.text}")
        self.where = response.url.path
        found = FORM_TOKEN.search(response.text)
        self._token = found.group(1) if found else self._token
        return lines_of(response.text)


class _Lines(HTMLParser):
    """The text of a page's main part."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.hidden = False
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth or tag == "main" or ("id", "content") in attrs:
            self.depth += tag not in VOID
        self.hidden = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self.depth -= bool(self.depth and tag not in VOID)
        self.hidden = False

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if self.depth and text and not self.hidden:
            self.lines.append(text)


VOID = frozenset({"input", "br", "hr", "img", "link", "meta"})


def lines_of(page: str) -> list[str]:
    """What somebody reads there."""
    reader = _Lines()
    reader.feed(page)
    return reader.lines
