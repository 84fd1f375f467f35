"""Pages about mail: wishes, stopping a kind, previews; and what the provider tells."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime
from http import HTTPStatus

import pytest
from django.template.utils import get_app_template_dirs
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from polyphemus_site.mail import delivery, mailboxes, outbox
from polyphemus_site.mail.kinds import Kind, kinds
from polyphemus_site.mail.messages import preview
from polyphemus_site.mail.models import Mailbox, Unsubscription
from tests.polyphemus_site.janus.tokens import public_key, token
from tests.polyphemus_site.mail.conftest import MailServer

pytestmark = pytest.mark.django_db
DOCTOR = "dr.who@ucsf.edu"
WISHES = "/-/mail"
TYPES = {"Bounce": "HardBounce", "SpamComplaint": "SpamComplaint"}
urlpatterns = [path("-/mail/told/", include("anymail.urls")), path("", include("polyphemus_site.urls"))]


@pytest.fixture(autouse=True)
def janus(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""


def visitor(perm: str = "v:labors") -> Client:
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(DOCTOR, perm)
    return client


class TestWishes:
    def form(self, **changes: object) -> dict[str, object]:
        usual = {"quiet_from": "", "quiet_until": "", "zone": "UTC", "daily_cap": "20", "kinds": []}
        return usual | changes

    def test_every_kind_is_wanted_until_one_says_otherwise(self) -> None:
        page = visitor().get(WISHES).content.decode()

        assert page.count('type="checkbox"') == len(kinds()) == page.count(" checked")

    def test_why_nothing_is_sent_is_told_in_the_readers_language(self, now: datetime) -> None:
        mailboxes.block(DOCTOR, mailboxes.BOUNCED, now=now)

        page = visitor().get(WISHES, headers={"Accept-Language": "de"}).content.decode()

        assert "Mails an diese Adresse kommen zurück." in page

    def test_what_one_wishes_is_kept(self) -> None:
        form = self.form(quiet_from="20:00", quiet_until="07:00", zone="Europe/Berlin", daily_cap="5")

        answer = visitor().post(WISHES, form | {"kinds": ["request_deferred"]})

        mailbox = Mailbox.objects.get()
        assert answer.status_code == HTTPStatus.FOUND
        assert (mailbox.address, mailbox.zone, mailbox.daily_cap) == (DOCTOR, "Europe/Berlin", 5)
        assert mailboxes.unwanted_kinds(DOCTOR) == set(kinds()) - {"request_deferred"}

    @pytest.mark.parametrize(
        "change",
        [
            {"zone": "Mars/Olympus"},
            {"quiet_from": "20:00"},
            {"daily_cap": "0"},
            {"daily_cap": "99999999999"},
            {"quiet_from": "late", "quiet_until": "07:00"},
            {"kinds": ["<script>"]},
        ],
        ids=str,
    )
    def test_what_makes_no_sense_is_said_and_not_kept(self, change: dict[str, object]) -> None:
        answer = visitor().post(WISHES, self.form(**change))

        assert answer.status_code == HTTPStatus.OK
        assert "errorlist" in answer.content.decode()
        assert not Mailbox.objects.exists()

    def test_a_strangers_form_is_not_lost_and_not_kept(self) -> None:
        answer = Client().post(WISHES, self.form())

        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert not Mailbox.objects.exists()


class TestOneClick:
    @pytest.fixture
    def link(self, now: datetime, mail_server: MailServer) -> str:
        outbox.write(kind="request_deferred", recipient=DOCTOR, context={}, key="k", now=now)
        with mail_server() as inbox:
            delivery.deliver(now=now)
        (mail,) = inbox.mails
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return str(mail["List-Unsubscribe"]).strip().strip("<>").replace(" ", "")

    def test_the_mail_programs_button_stops_the_kind(self, link: str) -> None:
        Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})

        assert [(row.address, row.kind) for row in Unsubscription.objects.all()] == [
            (DOCTOR, "request_deferred")
        ]

    def test_looking_at_the_link_changes_nothing(self, link: str) -> None:
        answer = Client().get(link)

        assert answer.status_code == HTTPStatus.OK
        assert not Unsubscription.objects.exists()
        assert "<form" not in answer.content.decode()

    def test_a_scanner_that_posts_whatever_it_finds_changes_nothing(self, link: str) -> None:
        answer = Client().post(link, {"csrfmiddlewaretoken": "x"})

        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert not Unsubscription.objects.exists()

    @pytest.mark.parametrize("forged", ["x", "a:b:c", "eyJ" * 20])
    def test_a_forged_link_does_nothing(self, forged: str) -> None:
        answer = Client().post(f"/-/mail/stop/{forged}", {"List-Unsubscribe": "One-Click"})

        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_the_link_is_in_no_text_that_a_scanner_follows(self, now: datetime, link: str) -> None:
        texts = preview(kinds()["request_deferred"])

        assert "/-/mail/stop/" not in texts.text + texts.html


class TestPreviews:
    def test_an_admin_sees_how_each_mail_looks(self) -> None:
        page = visitor("a:labors").get("/-/mail/previews/request_deferred").content.decode()

        assert "dt_lung_tumor_pair is not done: your choice" in page
        assert 'srcdoc="&lt;!DOCTYPE html&gt;' in page

    @pytest.mark.parametrize("perm", ["e:labors", "v:labors", "g:labors"])
    def test_others_do_not(self, perm: str) -> None:
        assert visitor(perm).get("/-/mail/previews").status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize("kind", ["unheard_of", "..", "%2e%2e"])
    def test_a_mail_that_is_none_has_no_preview(self, kind: str) -> None:
        assert visitor("a:labors").get(f"/-/mail/previews/{kind}").status_code == HTTPStatus.NOT_FOUND


class TestEveryKind:
    @pytest.mark.parametrize("name", sorted(kinds()))
    def test_its_example_fills_every_place_of_its_templates(self, name: str, settings: Settings) -> None:
        template = settings.TEMPLATES[0]
        options = template["OPTIONS"] | {"string_if_invalid": "MISSING"}
        settings.TEMPLATES = [template | {"OPTIONS": options}]

        mail = preview(kinds()[name])

        assert "MISSING" not in mail.subject + mail.text + mail.html
        assert len(mail.subject) <= 120

    def test_each_is_described(self) -> None:
        texts = [text for folder in get_app_template_dirs("templates") for text in folder.glob("mail/*.txt")]

        assert [text for text in texts if not text.with_suffix(".json").exists()] == []

    def test_none_shows_markup_of_a_hostile_value(self) -> None:
        hostile = "<img src=x onerror=alert(1)>\u202e" + "x" * 10_000
        kind = kinds()["request_deferred"]
        context = dict.fromkeys(kind.example, hostile)

        mail = preview(Kind(kind.name, kind.label, context))

        assert "<img" not in mail.html
        assert re.search(r"[\r\n\u202e]", mail.subject) is None


class TestProvidersWord:
    SECRET = "provider:word"

    def tell(self, kind: str, *, secret: str = SECRET) -> int:
        event: dict[str, object] = {"RecordType": kind, "MessageID": "m", "BouncedAt": "2026-05-04T12:00:00Z"}
        event |= {"Email": DOCTOR, "ID": 1, "TypeCode": 1, "Type": TYPES[kind], "Description": "gone"}
        answer = Client().post(
            "/-/mail/told/postmark/tracking/",
            event,
            content_type="application/json",
            headers={"Authorization": f"Basic {b64encode(secret.encode()).decode()}"},
        )
        return answer.status_code

    @pytest.fixture(autouse=True)
    def provider(self, settings: Settings) -> None:
        settings.ROOT_URLCONF = __name__
        settings.ANYMAIL = {"WEBHOOK_SECRET": self.SECRET}

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [("Bounce", mailboxes.BOUNCED), ("SpamComplaint", mailboxes.COMPLAINED)],
    )
    def test_a_bounce_or_a_complaint_ends_sending(self, kind: str, reason: str) -> None:
        assert self.tell(kind) == HTTPStatus.OK
        assert Mailbox.objects.get(address=DOCTOR).block_reason == reason

    def test_who_stopped_us_at_the_provider_is_left_in_peace(self) -> None:
        said: dict[str, object] = {"RecordType": "SubscriptionChange", "MessageID": "m", "Recipient": DOCTOR}
        said |= {"SuppressSending": True, "SuppressionReason": "ManualSuppression", "Origin": "Recipient"}
        tell = Client().post(
            "/-/mail/told/postmark/tracking/",
            said | {"ChangedAt": "2026-05-04T12:00:00Z"},
            content_type="application/json",
            headers={"Authorization": f"Basic {b64encode(self.SECRET.encode()).decode()}"},
        )

        assert tell.status_code == HTTPStatus.OK
        assert Mailbox.objects.get(address=DOCTOR).block_reason == mailboxes.UNSUBSCRIBED

    def test_somebody_else_can_not_tell_us_so(self) -> None:
        assert self.tell("Bounce", secret="provider:guess") == HTTPStatus.BAD_REQUEST
        assert not Mailbox.objects.exists()

    def test_without_a_secret_the_address_does_not_exist(self, settings: Settings) -> None:
        settings.ROOT_URLCONF = "polyphemus_site.urls"

        assert self.tell("Bounce") == HTTPStatus.NOT_FOUND
