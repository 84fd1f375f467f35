"""The site below a path of its host, behind a real nginx that has something else at the root."""

from __future__ import annotations

import base64
import json
import os
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from pytest_django import DjangoDbBlocker, Settings

from dispatch import documents
from dispatch.models import AnalysisRequest
from dispatch.scopes import ANY, Scope
from dispatch.services import keys
from dispatch.states import Scheme
from polyphemus_site.mail import outbox
from polyphemus_site.mail.messages import compose
from tests.browser import lively
from tests.polyphemus_site.api.wire import KEK, KEY, poll, post, pushed
from tests.polyphemus_site.janus.tokens import public_key, token
from tests.system_packages import program
from tests.web import Web, free_port, running, serving

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PREFIX = "/-"
ELSEWHERE = 418


def nginx_config(folder: Path, port: int, upstream: str) -> str:
    account = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
        {account} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
          access_log off; {temporary}
          server {{
            listen 127.0.0.1:{port};
            proxy_set_header Host $http_host;
            location / {{ return {ELSEWHERE}; }}
            location {PREFIX}/ {{ proxy_pass {upstream}; }}
          }}
        }}"""


@pytest.fixture(scope="module")
def front(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Web]:
    """nginx, and granian behind it."""
    folder, port = tmp_path_factory.mktemp("prefix"), free_port()
    environment: dict[str, Any] = {
        "POLYPHEMUS_URL": f"http://127.0.0.1:{port}{PREFIX}",
        "POLYPHEMUS_JANUS_PUBLIC_KEY": public_key(),
        "POLYPHEMUS_JANUS_URL": "",
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": KEY.decode()}),
    }
    config = folder / "nginx.conf"
    with django_db_blocker.unblock(), serving(folder, **environment) as web:
        config.write_text(nginx_config(folder, port, web.url))
        command = [program("nginx", package="nginx-light"), "-c", str(config)]
        with running(command, port, {}, folder / "nginx.log") as nginx:
            yield nginx


@pytest.fixture
def labors(transactional_db: None) -> lively.Lively:
    return lively.make("labors", datetime.now(UTC))


@pytest.fixture
def person(front: Web) -> Iterator[httpx.Client]:
    """An admin's browser, as far as links go."""
    cookies = {"JANUS_TOKEN": token("dr.who@ucsf.edu", "A:labors;a:administration")}
    with httpx.Client(base_url=front.url, cookies=cookies, timeout=30) as client:
        yield client


class Links(HTMLParser):
    """Every address a page names, in its order: where it leads, what it loads, where its forms go."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.forms: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value and not value.startswith(("#", "mailto:")):
                self.loaded.append(value)
            if name in {"action", "formaction"} and value:
                self.forms.add(value)


def walked(person: httpx.Client, start: str, *, most: int = 120) -> dict[str, int]:
    """The answers to everything that can be reached from there by following links on our own host."""
    answers: dict[str, int] = {}
    waiting = deque([start])
    while waiting and len(answers) < most:
        address = waiting.popleft()
        if address in answers:
            continue
        answer = person.get(address, follow_redirects=True)
        answers[address] = answer.status_code
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        links = Links(answer.text)
        answers |= dict.fromkeys(
            (form for form in links.forms if not urljoin(address, form).startswith(f"{PREFIX}/")), ELSEWHERE
        )
        ours = (urljoin(str(answer.url), link) for link in links.loaded)
        waiting += [
            urlsplit(link)._replace(scheme="", netloc="", fragment="").geturl()
            for link in ours
            if urlsplit(link).netloc == urlsplit(str(person.base_url)).netloc
        ]
    return answers


@pytest.mark.usefixtures("labors")
class TestPages:
    @pytest.mark.parametrize(
        "start", ["/-/", "/-/labors/orphans", "/-/embed/record", "/-/-/mail", "/-/admin/"]
    )
    def test_every_link_stays_below_it(self, person: httpx.Client, start: str) -> None:
        answers = walked(person, start, most=60)

        assert len(answers) > 2
        assert {address: status for address, status in answers.items() if status != 200} == {}

    def test_the_walk_gets_around(self, person: httpx.Client) -> None:
        answers = walked(person, "/-/", most=60)

        assert {
            "/-/labors/",
            "/-/labors/suggestions",
            "/-/labors/requests",
            "/-/static/site/site.css",
        } <= set(answers)

    def test_what_is_not_there_and_what_may_not_be_seen_lead_home(self, person: httpx.Client) -> None:
        page = person.get("/-/labors/requests/nothing_of_this_name")

        assert page.status_code == 404
        assert '<a href="/-/">' in page.text

    def test_a_form_comes_back_below_it(self, person: httpx.Client) -> None:
        page = person.get("/-/labors/").text
        secret = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert secret

        answer = person.post(
            "/-/labors/digest",
            data={"wanted": "no", "csrfmiddlewaretoken": secret[1]},
            headers={"Origin": str(person.base_url)},
        )

        assert (answer.status_code, answer.headers["location"]) == (302, "/-/labors/")

    def test_who_is_signed_out_is_brought_back_below_it(self, front: Web) -> None:
        answer = httpx.get(f"{front.url}/-/labors/", headers={"Sec-Fetch-Site": "cross-site"})

        assert f"{front.url}/-/labors/" in answer.text
        assert "/-/-/" not in answer.text

    def test_probes_may_leave_it_out(self, person: httpx.Client, front: Web) -> None:
        assert person.get("/-/healthz").status_code == 200
        assert person.get("/labors/").status_code == ELSEWHERE


class TestApi:
    def test_links_and_pages_of_a_list_stay_below_it(
        self, person: httpx.Client, labors: lively.Lively
    ) -> None:
        name = AnalysisRequest.objects.earliest("pk").name
        answer = person.get(f"/-/api/v1/requests/{name}", headers={"Accept": documents.V2})
        links = answer.json()["links"]

        answers = [person.get(link).status_code for link in links.values()]

        assert all(link.startswith("/-/") for link in links.values())
        assert answers == [200] * len(links)

    def test_a_signed_call_counts_for_the_address_it_was_signed_for(
        self, front: Web, labors: lively.Lively
    ) -> None:
        made = keys.create(
            analyst="saurabh.asthana@ucsf.edu",
            scheme=Scheme.RFC9421,
            scopes=[Scope(ANY, ANY, ANY)],
            kek=KEK,
            actor="tests",
            now=datetime.now(UTC),
        )

        right = front.send(poll(made, front.port, "/-/api/v1/requests?analysis=exome_pipe"))
        wrong = front.send(
            poll(made, front.port, "/-/api/v1/requests?analysis=exome_pipe").replace(b" /-/", b" /-/-/")
        )

        assert (right.status, wrong.status) == (200, 404)
        assert json.loads(right.body)["requests"]

    def test_a_sibling_finds_the_journal_and_signs_the_route_it_was_told(self, front: Web) -> None:
        routes = httpx.request("OPTIONS", f"{front.url}/-/").json()
        (route,) = (route["route"] for route in routes if route["name"] == "log_write")
        target, body = pushed(route.replace(":project_name", "labors"))

        taken = front.send(post(f"/-{target}", body))
        again = front.send(post(f"/-{target}", body))

        assert (taken.status, again.status) == (200, 401)

    @pytest.mark.parametrize(
        ("signed", "status"), [("/-/api/log/labors/write", 200), ("/-/-/api/log/labors/write", 401)]
    )
    def test_whoever_signs_the_whole_path_is_believed(self, front: Web, signed: str, status: int) -> None:
        target, body = pushed(signed)
        _, _, fields = target.partition("?")

        assert front.send(post(f"/-/api/log/labors/write?{fields}", body)).status == status


class TestMail:
    def test_every_link_leads_below_it(
        self, person: httpx.Client, labors: lively.Lively, settings: Settings, front: Web
    ) -> None:
        settings.POLYPHEMUS_URL, settings.FORCE_SCRIPT_NAME = f"{front.url}{PREFIX}", PREFIX
        context = {"project": "labors", "cards": [], "news": [{"says": "x", "path": "/labors/requests"}]}
        now = datetime.now(UTC)
        notice = outbox.write(kind="digest", recipient="dr.who@ucsf.edu", context=context, key="k", now=now)

        mail = compose(notice)

        links = re.findall(
            r"https?://\S+", f"{mail.body}\n{mail.extra_headers['List-Unsubscribe'].strip('<>')}"
        )
        assert len(links) == 5
        assert [link for link in links if not link.startswith(f"{front.url}/-/")] == []
        assert f"{front.url}/-/-/mail" in links
