"""A journal that keeps what it is sent, for looking at: tests and replay."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from magma.demo.alike import unlike
from magma.demo.answers import Reply, as_json
from magma.demo.warehouse import Request

ROUTES = [{"method": "POST", "route": "/api/log/:project_name/write", "name": "log_write", "params": []}]


@dataclass
class Receiver:
    """Keeps what it is sent; answers as it is told."""

    url: str = ""
    answers: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """Keep a request; list the routes, or take the entry."""
        self.requests.append(request)
        is_list = request.method == "OPTIONS"
        return as_json(ROUTES) if is_list else (self.answers or [as_json({"log": 1})]).pop(0)

    @property
    def pushes(self) -> list[Request]:
        """The entries written so far."""
        return [request for request in self.requests if request.method == "POST"]

    def differences(self, recorded: dict[str, Any], payload: dict[str, Any]) -> list[str]:
        """What is different between the one push received and a recorded one."""
        if len(self.pushes) != 1:
            return [f"{len(self.pushes)} pushes came"]
        push = self.pushes[0]
        body = json.loads(push.body)
        models = json.loads(body["payload"])["models"]
        told = {"models": {name: {"documents": model["documents"]} for name, model in models.items()}}
        wanted = {
            "models": {name: {"documents": model["documents"]} for name, model in payload["models"].items()}
        }
        envelope = body | {"payload": recorded["body"]["payload"]}
        found = [f"{name} is too much or missing" for name in shape(push.target) ^ shape(recorded["path"])]
        found += ["the template is missing" for model in models.values() if "template" not in model]
        found += ["the fields' order differs"] * (list(body) != list(recorded["body"]))
        return [*found, *unlike(recorded["body"], envelope, "body"), *unlike(wanted, told, "payload")]


def shape(target: str) -> set[str]:
    """The path, the signed names and who signs; not the signature itself."""
    address = urlsplit(target)
    fields = dict(parse_qsl(address.query))
    return {address.path, fields["X-Etna-Headers"], fields["X-Etna-Id"], *fields}
