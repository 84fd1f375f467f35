"""The demo's people: each speaks HTTP as a browser or a script of theirs would."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx

from polyphemus_site.demo.narration import StepFailedError


class Person:
    """Somebody with a Janus token, at a server."""

    def __init__(self, *, url: str, email: str, token: str) -> None:
        """Keep one connection to `url`, signed in as `email`."""
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
