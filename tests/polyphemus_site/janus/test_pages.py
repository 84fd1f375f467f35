"""Pages know their visitor, send strangers to Janus, and can't be framed by just anyone."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from polyphemus_site.janus.pages import PageRequest, embeddable, signed_in
from polyphemus_site.janus.permissions import require_edit, require_view
from tests.polyphemus_site.janus.tokens import token

pytestmark = pytest.mark.django_db


@signed_in
def private(request: PageRequest) -> HttpResponse:
    return HttpResponse(f"hello {request.person.email}")


@signed_in
def editors(request: PageRequest, project: str) -> HttpResponse:
    require_edit(request.person, project)
    return HttpResponse("edit away")


@signed_in
def viewers(request: PageRequest, project: str) -> HttpResponse:
    require_view(request.person, project)
    return HttpResponse("look")


@embeddable
def in_a_frame(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in a frame")


urlpatterns = [
    path("private", private),
    path("editors/<project>", editors),
    path("viewers/<project>", viewers),
    path("embed/framed", in_a_frame),
    path("", include("polyphemus_site.urls")),
]


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.POLYPHEMUS_URL = "https://polyphemus.ucsf.edu"
    settings.POLYPHEMUS_JANUS_URL = "https://janus.ucsf.edu"
    settings.CSRF_TRUSTED_ORIGINS = ["https://polyphemus.ucsf.edu"]
    settings.ALLOWED_HOSTS = ["*"]


def visitor(perm: str = "", **claims: Any) -> Client:
    client = Client()
    client.cookies["JANUS_TOKEN"] = token("dr.who@ucsf.edu", perm, **claims)
    return client


class TestSignedIn:
    def test_a_person_with_a_cookie_sees_the_page(self) -> None:
        answer = visitor().get("/private")

        assert answer.content == b"hello dr.who@ucsf.edu"
        assert "Cookie" in answer["Vary"]
        assert "private" in answer["Cache-Control"]

    def test_a_stranger_goes_to_janus_and_comes_back_to_the_public_address(self) -> None:
        answer = Client().get("/private?a=1&b=two%20words", headers={"Host": "internal"})

        place = urlsplit(answer["Location"])
        assert answer.status_code == HTTPStatus.FOUND
        assert (place.netloc, place.path) == ("janus.ucsf.edu", "/login")
        assert parse_qs(place.query)["refer"] == ["https://polyphemus.ucsf.edu/private?a=1&b=two%20words"]

    @pytest.mark.parametrize("claims", [{"exp": 1}, {"flags": "inactive"}, {"task": True}], ids=str)
    def test_a_token_that_does_not_count_is_a_stranger(self, claims: dict[str, object]) -> None:
        answer = visitor("v:labors", **claims).get("/private")

        assert answer.status_code == HTTPStatus.FOUND

    def test_a_link_from_another_site_hops_once_for_the_cookie(self) -> None:
        client = Client()

        first = client.get("/private?a=1", headers={"Sec-Fetch-Site": "cross-site"})
        second = client.get("/private?a=1", headers={"Sec-Fetch-Site": "cross-site"})

        assert first.status_code == HTTPStatus.OK
        assert 'content="0; url=https://polyphemus.ucsf.edu/private?a=1"' in first.content.decode()
        assert second["Location"].startswith("https://janus.ucsf.edu/login")

    def test_a_form_sent_after_the_session_ended_comes_back_whole(self) -> None:
        answer = Client().post("/private", {"reason": '"><script>x</script>', "pick": ["a", "b"]})

        page = answer.content.decode()
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert '<input type="hidden" name="reason" value="&quot;&gt;&lt;script&gt;x&lt;/script&gt;">' in page
        assert page.count('name="pick"') == 2
        assert "https://janus.ucsf.edu/login" in page

    @pytest.mark.parametrize(
        ("referrer", "back"),
        [
            ("https://polyphemus.ucsf.edu/form?a=1", "https://polyphemus.ucsf.edu/form?a=1"),
            ("https://blog.ucsf.edu/form", "https://polyphemus.ucsf.edu/"),
            ("", "https://polyphemus.ucsf.edu/"),
        ],
    )
    def test_signing_in_beside_a_kept_form_leads_to_the_page_it_stood_on(
        self, referrer: str, back: str
    ) -> None:
        page = Client().post("/private", {"a": "b"}, headers={"Referer": referrer}).content.decode()

        assert f'href="https://janus.ucsf.edu/login?refer={quote(back, safe="")}"' in page

    @pytest.mark.parametrize("address", ["/labors/digest", "/labors/requests/x/cancel"])
    def test_an_address_of_a_form_shows_a_page_to_who_comes_by_it(self, address: str) -> None:
        answer = visitor("e:labors").get(address)

        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert answer["Allow"] == "POST"
        assert "This address takes forms, and shows nothing." in answer.content.decode()

    @pytest.mark.parametrize(
        ("visitor_", "says"),
        [
            (lambda: visitor("v:labors", flags="inactive"), "your account may be inactive"),
            (Client, "your browser brought no word of it"),
        ],
        ids=["inactive", "no cookie"],
    )
    def test_nobody_is_sent_to_janus_in_circles(self, visitor_: Callable[[], Client], says: str) -> None:
        client = visitor_()

        first = client.get("/private")
        second = client.get("/private")
        elsewhere = client.get("/viewers/labors")

        assert (first.status_code, elsewhere.status_code) == (HTTPStatus.FOUND, HTTPStatus.FOUND)
        assert second.status_code == HTTPStatus.UNAUTHORIZED
        assert says in second.content.decode()
        assert f'href="{first["Location"]}"' in second.content.decode()

    def test_a_form_of_ours_whose_secret_is_lost_comes_back_whole_and_can_be_sent(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["JANUS_TOKEN"] = token("dr.who@ucsf.edu", "v:labors")
        ours = {"Origin": "https://polyphemus.ucsf.edu", "Host": "polyphemus.ucsf.edu"}

        lost = client.post("/private", {"reason": "typed", "csrfmiddlewaretoken": "x" * 32}, headers=ours)
        page = lost.content.decode()
        secret = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
        sent = client.post("/private", {"csrfmiddlewaretoken": secret}, headers=ours)

        assert lost.status_code == HTTPStatus.FORBIDDEN
        assert 'name="reason" value="typed"' in page
        assert sent.content == b"hello dr.who@ucsf.edu"

    @pytest.mark.parametrize("who", [lambda: visitor("v:labors"), Client], ids=["signed in", "stranger"])
    def test_the_way_to_janus_stands_beside_a_kept_form_for_strangers_alone(
        self, who: Callable[[], Client]
    ) -> None:
        client = who()
        client.handler.enforce_csrf_checks = True

        page = client.post("/private", headers={"Origin": "https://polyphemus.ucsf.edu"}).content.decode()

        assert ("https://janus.ucsf.edu/login" in page) == ("JANUS_TOKEN" not in client.cookies)

    @pytest.mark.parametrize("origin", ["https://blog.ucsf.edu", "null", "https://timur.ucsf.edu"])
    def test_a_strangers_form_gets_nothing_back(self, origin: str) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["JANUS_TOKEN"] = token("dr.who@ucsf.edu", "v:labors")

        answer = client.post("/private", {"reason": "typed"}, headers={"Origin": origin})

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "typed" not in answer.content.decode()
        assert "come from a page of ours" in answer.content.decode()

    def test_without_a_janus_the_page_says_so(self, settings: Settings) -> None:
        settings.POLYPHEMUS_JANUS_URL = ""

        answer = Client().get("/private")

        assert answer.status_code == HTTPStatus.UNAUTHORIZED


class TestRefusals:
    @pytest.mark.parametrize(
        ("perm", "page", "status"),
        [
            ("e:labors", "/editors/labors", 200),
            ("v:labors", "/editors/labors", 403),
            ("v:ipi", "/editors/labors", 404),
            ("v:labors", "/viewers/labors", 200),
            ("v:ipi", "/viewers/labors", 404),
        ],
    )
    def test_a_page_shows_refuses_or_does_not_exist(self, perm: str, page: str, status: int) -> None:
        assert visitor(perm).get(page).status_code == status

    def test_a_refusal_says_why(self) -> None:
        answer = visitor("v:labors").get("/editors/labors")

        assert "Only editors and admins of labors" in answer.content.decode()


class TestFrames:
    def test_no_page_can_be_framed(self) -> None:
        answer = visitor().get("/private")

        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"

    def test_an_embedded_page_can_be_framed_by_timur_alone(self, settings: Settings) -> None:
        settings.POLYPHEMUS_TIMUR_ORIGINS = ["https://timur.ucsf.edu"]

        answer = Client().get("/embed/framed")

        assert "frame-ancestors https://timur.ucsf.edu;" in answer["Content-Security-Policy"] + ";"
        assert "X-Frame-Options" not in answer

    def test_without_origins_nobody_frames_it(self) -> None:
        answer = Client().get("/embed/framed")

        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]

    def test_pages_say_what_they_are_and_where_from(self) -> None:
        answer = visitor().get("/private")

        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "script-src" not in answer["Content-Security-Policy"]
        assert "default-src 'self'" in answer["Content-Security-Policy"]


class TestOtherOrigins:
    def test_timur_may_call_the_api_with_its_visitors_cookie(self, settings: Settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://timur.ucsf.edu"]

        answer = Client().options(
            "/api/v1/suggestions",
            headers={
                "Origin": "https://timur.ucsf.edu",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "x-polyphemus-client",
            },
        )

        assert answer["Access-Control-Allow-Origin"] == "https://timur.ucsf.edu"
        assert answer["Access-Control-Allow-Credentials"] == "true"
        assert "x-polyphemus-client" in answer["Access-Control-Allow-Headers"]
        assert "origin" in answer["Vary"].lower()

    @pytest.mark.parametrize("origin", ["https://blog.ucsf.edu", "null", "https://timur.ucsf.edu.evil.org"])
    def test_nobody_else_may(self, settings: Settings, origin: str) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://timur.ucsf.edu"]

        answer = Client().options("/api/v1/suggestions", headers={"Origin": origin})

        assert "Access-Control-Allow-Origin" not in answer


class TestSignIn:
    @pytest.fixture(autouse=True)
    def places(self, settings: Settings) -> None:
        settings.POLYPHEMUS_URL = "https://polyphemus.ucsf.edu"
        settings.POLYPHEMUS_TIMUR_ORIGINS = ["https://timur.ucsf.edu"]
        settings.POLYPHEMUS_JANUS_URL = "https://janus.ucsf.edu"

    @pytest.mark.parametrize(
        "back", ["https://timur.ucsf.edu/labors/browse/a/b#files", "https://polyphemus.ucsf.edu/labors/"]
    )
    def test_a_stranger_goes_to_janus_and_comes_back_to_the_page_they_were_on(self, back: str) -> None:
        answer = Client().get("/-/sign-in", {"back": back})

        assert answer["Location"] == f"https://janus.ucsf.edu/login?refer={quote(back, safe='')}"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "https://timur.ucsf.edu.evil.example/",
            "https://timur.ucsf.edu@evil.example/",
            "https://timur.ucsf.edu\\@evil.example/",
            "http://timur.ucsf.edu/",
            "//evil.example/",
            "javascript:alert(1)",
            "https://[",
            "",
        ],
    )
    def test_the_way_back_never_leads_elsewhere(self, elsewhere: str) -> None:
        answer = Client().get("/-/sign-in", {"back": elsewhere})

        home = quote("https://polyphemus.ucsf.edu/", safe="")
        assert answer["Location"] == f"https://janus.ucsf.edu/login?refer={home}"

    def test_who_is_signed_in_goes_straight_back(self) -> None:
        client = Client()
        client.cookies["JANUS_TOKEN"] = token("someone@ucsf.edu", "v:labors")

        answer = client.get("/-/sign-in", {"back": "https://timur.ucsf.edu/labors"})

        assert answer["Location"] == "https://timur.ucsf.edu/labors"
