"""Analyses and configurations in the admin."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from dispatch.configuring.models import SchemaEdition
from dispatch.configuring.services import configurations
from dispatch.models import Analysis
from tests.dispatch.configuring.conftest import SAREK
from tests.dispatch.configuring.test_configurations import keeping
from tests.polyphemus_site.janus.tokens import token

pytestmark = [pytest.mark.usefixtures("janus"), pytest.mark.django_db]
BOUNDS = {"floor_seconds": "1", "ceiling_seconds": "3600", "extension_percent": "50"}


def admin(email: str, perm: str) -> Client:
    client = Client(headers={"Host": "127.0.0.1"})
    client.cookies["JANUS_TOKEN"] = token(email, perm)
    return client


def saved(curator: str, **fields: Any) -> Any:
    form = {"name": "sarek", "title": "", "schema": "", "input_schema": ""} | BOUNDS | fields
    return admin(curator, "a:administration").post("/admin/dispatch/analysis/add/", form)


def test_a_schema_is_kept_as_it_was_typed_and_becomes_an_edition(curator: str) -> None:
    typed = json.dumps(SAREK.schema)

    assert saved(curator, schema=typed).status_code == 302

    assert json.dumps(Analysis.objects.get().schema) == typed
    edition = SchemaEdition.objects.get()
    assert (edition.analysis, edition.source) == ("sarek", "admin")


@pytest.mark.parametrize("field", ["schema", "input_schema"])
@pytest.mark.parametrize(
    "schema",
    [
        "[]",
        '{"type": "nonsense"}',
        '{"$ref": "http://127.0.0.1:1/x"}',
        '{"properties": {"a\\u202e": {}}}',
    ],
)
def test_what_is_no_schema_is_refused_in_the_form(curator: str, field: str, schema: str) -> None:
    answer = saved(curator, **{field: schema})

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Analysis.objects.exists()


@pytest.mark.usefixtures("sarek")
@pytest.mark.parametrize(("perm", "status"), [("a:labors", 200), ("a:administration", 200), ("a:ipi", 302)])
def test_a_projects_admins_see_its_configurations_and_no_others(
    curator: str, now: datetime, perm: str, status: int
) -> None:
    made = configurations.keep(keeping(comment="For exomes."), now=now).configuration

    answer = admin(curator, perm).get(f"/admin/configuring/configuration/{made.pk}/change/")

    assert answer.status_code == status
    assert ("For exomes." in answer.content.decode()) == (status == 200)
