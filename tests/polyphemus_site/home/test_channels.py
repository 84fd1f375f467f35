"""The digest in a project's channel, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from polyphemus_site.home import channels
from polyphemus_site.home.overview import Card
from polyphemus_site.models import ChannelDigest
from tests.polyphemus_site.home import rows

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 5, 5, 8, 0, tzinfo=UTC)


class Slack(ThreadingHTTPServer):
    """Takes messages, or answers as told."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), SlackAnswers)
        self.messages: list[dict[str, Any]] = []
        self.status = 200


class SlackAnswers(BaseHTTPRequestHandler):
    """One message."""

    server: Slack

    def do_POST(self) -> None:
        """Take it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def slack(settings: Settings) -> Iterator[Slack]:
    server = Slack()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.POLYPHEMUS_SLACK_WEBHOOKS = {"labors": f"http://127.0.0.1:{server.server_port}/hook"}
    settings.POLYPHEMUS_URL = "https://polyphemus.ucsf.edu"
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def labors(now: datetime, slack: Slack) -> None:
    """Something to tell, and the first look that sets the time."""
    rows.suggestion("a", now=now).save()
    rows.suggestion("hidden", now=now, restricted=True).save()
    channels.post_due(now=now)


@pytest.mark.usefixtures("labors")
class TestPosting:
    def test_a_channel_is_told_once_a_day_what_any_viewer_may_see(self, slack: Slack) -> None:
        counts = [channels.post_due(now=MORNING + timedelta(hours=hours)) for hours in (-1, 0, 1, 24)]

        assert counts == [0, 1, 0, 1]
        assert slack.messages[0] == {
            "username": "Polyphemus",
            "icon_emoji": ":polyphemus:",
            "text": "*labors*\n• <https://polyphemus.ucsf.edu/labors/suggestions|1 analysis is suggested>",
        }

    def test_slack_away_is_tried_again_and_shown(self, slack: Slack) -> None:
        slack.status = 503
        first = channels.post_due(now=MORNING)
        shown = channels.stuck(MORNING)
        slack.status = 200
        too_soon = channels.post_due(now=MORNING + timedelta(minutes=9))
        again = channels.post_due(now=MORNING + timedelta(minutes=10))

        assert (first, too_soon, again) == (0, 0, 1)
        assert "labors" in shown.found
        assert "503" in shown.found
        assert channels.stuck(MORNING).level == "ok"

    def test_a_webhook_that_is_gone_is_left_alone_until_tomorrow(self, slack: Slack) -> None:
        slack.status = 410
        minutes = [0, 10, 30, 70, 150, 310, 700]

        counts = [channels.post_due(now=MORNING + timedelta(minutes=later)) for later in minutes]

        assert sum(counts) == 0
        assert len(slack.messages) == channels.MOST_ATTEMPTS
        assert ChannelDigest.objects.get().next_at == MORNING + timedelta(days=1)

    @pytest.mark.django_db(transaction=True)
    def test_two_posters_at_once_post_one_digest(self, slack: Slack) -> None:
        start = threading.Barrier(2)

        def run() -> None:
            start.wait()
            channels.post_due(now=MORNING)
            connection.close()

        posters = [threading.Thread(target=run) for _ in range(2)]
        for poster in posters:
            poster.start()
        for poster in posters:
            poster.join()

        assert len(slack.messages) == 1


def test_a_day_with_nothing_to_tell_has_no_message(slack: Slack, now: datetime) -> None:
    channels.post_due(now=now)

    assert channels.post_due(now=MORNING) == 0
    assert slack.messages == []


def test_a_poster_that_died_is_followed_by_another(slack: Slack, now: datetime) -> None:
    rows.suggestion("a", now=now).save()
    ChannelDigest.objects.create(project="labors", next_at=MORNING + channels.LEASE, attempts=1)

    assert channels.post_due(now=MORNING + channels.LEASE) == 1


def test_slacks_special_characters_are_text(settings: Settings) -> None:
    settings.POLYPHEMUS_URL = "https://polyphemus.ucsf.edu"

    text = channels.text_of("<!channel>", [Card("t", 1, "a & b > c", "/x")])

    assert text == "*&lt;!channel&gt;*\n• <https://polyphemus.ucsf.edu/x|1 a &amp; b &gt; c>"
