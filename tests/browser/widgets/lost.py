"""A warehouse in which some samples have no parent, and a Polyphemus that reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.db import connection

from magma.client import Magma
from magma.demo import revisions
from magma.demo.people import Visitor, letters_of
from magma.demo.server import serving
from magma.demo.warehouse import Warehouse
from orphans.services import discovery
from orphans.states import Source
from tests.browser.sites import Certificate, serve_polyphemus
from tests.polyphemus_site.janus.tokens import key_pair, public_key, token

PROJECT = "dt_lung"
LOST = ("DTL007.N1", "DTL008.N1", "DTL009.T1")


@contextmanager
def polyphemus_reading(certificate: Certificate, timur: str, **more: str) -> Iterator[str]:
    """The address of a web process that has found them."""
    warehouse = Warehouse(public_key())
    warehouse.seed()
    person = Visitor("a@ucsf.edu", "A", letters_of(f"E:{PROJECT}"))
    detached = {"sample": {name: {"patient": None} for name in LOST}}
    body = {"project_name": PROJECT, "revisions": detached}
    revisions.update(warehouse.projects[PROJECT], person, body, datetime.now(UTC))
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    reader = token("polyphemus@ucsf.edu", f"V:{PROJECT}")
    with ExitStack() as stack:
        magma_url = stack.enter_context(serving(warehouse.answer)).url
        environment = {
            "DATABASE_URL": database.geturl(),
            "POLYPHEMUS_JANUS_PUBLIC_KEY": key_pair()[1],
            "POLYPHEMUS_MAGMA_URL": magma_url,
            "POLYPHEMUS_MAGMA_TOKEN": reader,
            "POLYPHEMUS_PROJECTS": PROJECT,
            "POLYPHEMUS_TIMUR_ORIGINS": timur,
        }
        url = stack.enter_context(serve_polyphemus(certificate, environment | more))
        magma = Magma(url=magma_url, token=reader)
        stack.callback(magma.close)
        discovery.search(magma, PROJECT, source=Source.SWEEP, now=datetime.now(UTC))
        yield url
