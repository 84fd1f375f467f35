"""A form as a browser reads and sends it, without a script."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from tests.polyphemus_site.janus.tokens import token

Changes = Mapping[str, str | None]
NOTHING: Changes = {}
FORM = "application/x-www-form-urlencoded"
PAGE = "/labors/configure?analysis=sarek"
EDITOR = "e:labors"


class FormReader(HTMLParser):
    """The successful controls of a form, in order; and every element met with its attributes."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.inside = False
        self.controls: list[tuple[str, str]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] | None = None
        self.select = ""
        self.picked: str | None = None
        self.first: str | None = None
        self.option: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.elements.append((tag, said))
        if tag == "form":
            self.inside = said.get("id") == self.form_id
        if not self.inside:
            return
        if tag == "input" and "name" in said:
            kind = said.get("type", "text")
            if kind not in {"checkbox", "radio", "submit"} or "checked" in said:
                self.controls.append((said["name"], said.get("value", "on" if kind == "checkbox" else "")))
        elif tag == "textarea":
            self.select, self.text = said.get("name", ""), []
        elif tag == "select":
            self.select, self.picked, self.first = said.get("name", ""), None, None
        elif tag == "option":
            self.option, self.text = said, []

    def handle_endtag(self, tag: str) -> None:
        if not self.inside:
            return
        if tag == "textarea":
            self.controls.append((self.select, "".join(self.text or []).removeprefix("\n")))
            self.text = None
        elif tag == "option" and self.option is not None:
            value = self.option.get("value", " ".join("".join(self.text or []).split()))
            self.first = value if self.first is None else self.first
            self.picked = value if "selected" in self.option else self.picked
            self.text = None
        elif tag == "select" and (self.picked or self.first) is not None:
            chosen = self.picked if self.picked is not None else self.first
            self.controls.append((self.select, chosen or ""))
        elif tag == "form":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)


def read(html: str, form_id: str = "configure") -> FormReader:
    """The form in a page."""
    reader = FormReader(form_id)
    reader.feed(html)
    return reader


def browser(email: str, perm: str = "e:dt_lung") -> Client:
    """A person's browser."""
    client = Client(enforce_csrf_checks=True, headers={"Host": "127.0.0.1"})
    client.cookies["JANUS_TOKEN"] = token(email, perm)
    return client


def fill(html: str, do: str, changes: Changes = NOTHING) -> list[tuple[str, str]]:
    """What is sent when a form is filled in; None unticks a box."""
    kept = [(name, value) for name, value in read(html).controls if name not in changes]
    return [*kept, *((name, value) for name, value in changes.items() if value is not None), ("do", do)]


def send(client: Client, page: str, do: str, changes: Changes = NOTHING) -> Any:
    """Open the page, fill it in, and send it."""
    html = client.get(page).content.decode()
    return post(client, page, fill(html, do, changes))


def post(client: Client, page: str, controls: list[tuple[str, str]], *, follow: bool = False) -> Any:
    """Send these controls."""
    return client.post(page, urlencode(controls), content_type=FORM, follow=follow)
