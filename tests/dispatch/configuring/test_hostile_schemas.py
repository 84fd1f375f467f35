"""Whatever a schema says, its form is a form: no markup, and of any size."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispatch.models import AnalysisRequest
from dispatch.services.configs import Contract
from tests.dispatch.configuring.browsing import EDITOR, browser, read, send
from tests.dispatch.configuring.conftest import hold

pytestmark = pytest.mark.usefixtures("janus")

HOSTILE = '</pre></textarea><script>alert(1)</script><img src=x onerror="alert(1)">'


class TestHostileSchemas:
    @pytest.fixture
    def hostile(self, db: None, now: datetime) -> Contract:
        """Every word of a schema that a page shows, made to break out of it."""
        said: dict[str, Any] = {
            "title": HOSTILE + "\u202e",
            "description": HOSTILE + "\u202e",
            "help_text": HOSTILE + "\u202e",
            "errorMessage": HOSTILE,
            "fa_icon": HOSTILE,
        }
        schema = {
            **said,
            "allOf": [{"$ref": "#/$defs/a"}],
            "$defs": {
                "a": {
                    **said,
                    "properties": {
                        HOSTILE: {**said, "type": "string", "default": HOSTILE},
                        "choice": {**said, "enum": [HOSTILE, "b"]},
                        "lines": {**said, "type": "array", "items": {"type": "string"}, "default": [HOSTILE]},
                        "number": {**said, "type": "integer"},
                    },
                }
            },
        }
        sheet = {"items": {"properties": {HOSTILE: said, "b": {"enum": [HOSTILE]}}, "required": [HOSTILE]}}
        contract = Contract(schema, sheet)
        hold("hostile", contract, now=now)
        return contract

    def test_nothing_a_schema_says_is_markup(self, hostile: Contract, requester: str) -> None:
        client, page = browser(requester, EDITOR), "/labors/configure?analysis=hostile"
        typed = {"p.number": HOSTILE, "more": f"b\n{HOSTILE}", "comment": HOSTILE, "name": HOSTILE}

        pages = [
            client.get(page),
            send(client, page, "check", typed),
            send(client, page, "publish", typed),
            client.get("/labors/analyses"),
        ]

        for answer in pages:
            elements = [tag for tag, _ in read(answer.content.decode()).elements]
            scripts = [said for tag, said in read(answer.content.decode()).elements if tag == "script"]
            assert "img" not in elements
            assert all(said.get("src", "").startswith("/static/") for said in scripts)
            assert "\u202e" not in answer.content.decode()

    def test_a_form_of_five_thousand_parameters_is_shown_sent_and_published(
        self, requester: str, db: None, now: datetime
    ) -> None:
        hold("huge", Contract({"properties": {f"p{n}": {"type": "string"} for n in range(5000)}}), now=now)

        answer = send(
            browser(requester, EDITOR), "/labors/configure?analysis=huge", "publish", {"p.p4999": "x"}
        )

        assert answer.status_code == 302
        assert AnalysisRequest.objects.get().config["params"] == {"p4999": "x"}
