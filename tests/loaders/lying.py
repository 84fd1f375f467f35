"""A demo warehouse in this process whose every answer a test may see, and change, before it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from magma.client import Magma
from magma.demo.answers import Reply
from magma.demo.server import serving
from magma.demo.store import Project, Row, project_of
from magma.demo.tokens import KeyPair, mint
from magma.demo.warehouse import Request, Warehouse

#: What is asked, as JSON, and the reply as it would be; the reply that is given instead, if any.
Lie = Callable[[Mapping[str, Any], Reply], Reply | None]


@dataclass
class Lying:
    """The warehouse, the client that asks it, and what it is made to say."""

    warehouse: Warehouse
    magma: Magma
    lies: list[Lie] = field(default_factory=list)
    #: (model, record) -> attribute -> what is said in place of its value.
    values: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    #: Every question that came, by its route.
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def project(self, name: str = "dt_lung") -> Project:
        """Its models and rows."""
        return self.warehouse.projects[name]

    def touch(self, row: Row, now: datetime) -> None:
        """Note a change that the journal need not hear of."""
        row.stamp(now)

    def answer(self, request: Request) -> Reply:
        """What leaves."""
        reply = self.warehouse.answer(request)
        body = json.loads(request.body) if request.body else {}
        self.asked.append((request.path, body))
        if request.path == "/retrieve" and reply.status == 200 and self.values:
            reply = replace(reply, body=self._untrue(reply.body))
        for lie in list(self.lies):
            reply = lie(body, reply) or reply
        return reply

    def _untrue(self, body: bytes) -> bytes:
        told = json.loads(body)
        for model, part in told["models"].items():
            for name, document in part["documents"].items():
                lies = self.values.get((model, name), {})
                document.update({key: value for key, value in lies.items() if key in document})
        return json.dumps(told).encode()


@contextmanager
def lying(keys: KeyPair, templates: Mapping[str, Any] | None = None) -> Iterator[Lying]:
    """One with the demo's data; or with an empty project `odd` of these templates."""
    warehouse = Warehouse(public_key=keys.public)
    if templates is None:
        warehouse.seed()
    else:
        warehouse.projects["odd"] = project_of("odd", dict(templates))
    token = mint(keys.private, email="viewer@ucsf.edu", perm="V:dt_lung,odd")
    told = Lying(warehouse, Magma(url="http://127.0.0.1:1", token=token))
    with serving(told.answer) as server, closing(Magma(url=server.url, token=token)) as magma:
        told.magma = magma
        yield told
