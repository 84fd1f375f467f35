"""From the views to OpenAPI 3.1."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.openapi.described import EMPTY, PROBLEM, UNDESCRIBED, Described

PROBLEM_TYPE = "application/problem+json"
#: What any address refuses with: a path or a header that can be read in two ways is refused before its view.
EVERYWHERE = (400,)
#: What refuses a caller: not believed, too often, or nothing to judge by.
BELIEVING = (401, 429, 503)
#: What every POST takes that may be sent again, and what refuses its key for another call.
REPEATING = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "The same key with the same call is answered as the first time.",
}
REUSED = (422,)
SECURITY = {
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Etna-Signature",
        "description": "An analyst's or sibling's signature: etna-v1, or rfc9421-v1 in its own headers.",
    },
    "janus": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "A person's Janus token: `Etna TOKEN`, or the cookie.",
    },
}


class ViewSchema(AutoSchema):
    """Reads `described` of a view instead of guessing from serializers, of which there are none."""

    def get_operation(
        self,
        path: str,
        path_regex: str,
        path_prefix: str,  # noqa: ARG002 — drf-spectacular's signature
        method: str,
        registry: Any,
    ) -> dict[str, Any] | None:
        """One method at one address."""
        self.method, self.path, self.path_regex, self.registry = method, path, path_regex, registry
        security = _security(self.view)
        again = method == "POST" and isinstance(self.view, RepeatableView)
        refusals = (*EVERYWHERE, *(BELIEVING if security else ()), *(REUSED if again else ()))
        said: Described = getattr(self.view, "described", {}).get(method, UNDESCRIBED)
        operation: dict[str, Any] = {
            "operationId": _identifier(method, path),
            "description": self.get_description(),
            "tags": [path.removeprefix("/api/").removeprefix("v1/").split("/")[0]],
            "parameters": [*_places(path), *map(dict, said.parameters), *([REPEATING] if again else [])],
            "security": security,
            "responses": _responses(said, refusals),
        }
        if method in {"POST", "PUT", "PATCH"} and said.body is not None:
            content = {"application/json": {"schema": dict(said.body)}}
            operation["requestBody"] = {"required": said.body_required, "content": content}
        return {name: part for name, part in operation.items() if part}


@cache
def document() -> dict[str, Any]:
    """The whole description; made once a process, for routes do not change while it runs."""
    generator: Any = SchemaGenerator
    made: dict[str, Any] = generator().get_schema(request=None, public=True)
    made.setdefault("components", {})["securitySchemes"] = SECURITY
    return made


def _identifier(method: str, path: str) -> str:
    words = [word.strip("{}") for word in path.removeprefix("/api/").removeprefix("v1/").split("/")]
    return "_".join([method.lower(), *words])


def _places(path: str) -> list[dict[str, Any]]:
    """The parameters in the path; numbers are called so."""
    names = [word.strip("{}") for word in path.split("/") if word.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if name in {"pk", "number"} else "string"},
        }
        for name in names
    ]


def _security(view: Any) -> list[dict[str, list[str]]]:
    """Which of the two ways this view lets callers in."""
    kinds = [type(one).__name__ for one in view.get_authenticators()]
    return [{"janus" if kind.startswith("Janus") else "signature": []} for kind in kinds]


def _responses(said: Described, refusals: tuple[int, ...]) -> dict[str, Any]:
    """What it gives, and with what it refuses beside what it says itself."""
    responses: dict[str, Any] = {}
    headers = {name: {"schema": dict(shape)} for name, shape in said.headers.items()}
    for (status, media_type), shape in said.gives.items():
        response = responses.setdefault(str(status), {"description": HTTPStatus(status).phrase})
        if shape is not EMPTY:
            response.setdefault("content", {})[media_type] = {"schema": dict(shape)}
        if headers:
            response["headers"] = headers
    problem = {PROBLEM_TYPE: {"schema": dict(PROBLEM)}}
    for status in sorted({*refusals, *said.refusals}):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
    return responses
