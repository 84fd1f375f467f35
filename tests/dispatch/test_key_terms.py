"""When a key is believed and from where, what its calls weigh, and who hears that an old one is used."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dispatch.models import AnalysisRequest, ApiKey, KeyEvent
from dispatch.scopes import Scope, Scopes
from dispatch.services import keys, replaced_keys
from dispatch.services.keys import Terms
from dispatch.tasks import tell_of_replaced_keys
from polyphemus_site.api import audit, probes, redis_door
from polyphemus_site.api.models import SignedCall
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from polyphemus_site.health import Level
from polyphemus_site.mail.models import Notice
from tests.dispatch.calls import KEK, Program, program_of, server_time

LIST = "/api/v1/requests"
WEEK = timedelta(days=7)
ELSEWHERE = "203.0.113.9"

pytestmark = pytest.mark.usefixtures("janus", "db")


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    """What other tests counted, and noted."""
    server = redis_door.client()
    server.delete(redis_door.named(audit.NOTES), *server.keys(redis_door.named("limit:*")))


def program_under(terms: Terms, analyst: str) -> Program:
    made = keys.create(
        analyst=analyst,
        scheme="etna-v1",
        scopes=[Scope("dt_lung", "*")],
        kek=KEK,
        actor="admin",
        now=server_time(),
        terms=terms,
    )
    return Program(made.key.pk, made.secret)


def key_of(program: Program) -> ApiKey:
    return ApiKey.objects.get(pk=program.key_id)


def told_in(out: StringIO) -> Program:
    """The key that a command printed."""
    _, key_id, _, secret = out.getvalue().split()
    return Program(key_id, secret)


def last_reason() -> str:
    return SignedCall.objects.latest("id").reason


class TestPending:
    def test_a_pending_key_is_refused_until_it_is_let_in(self, analyst: str) -> None:
        program = program_under(Terms(is_pending=True), analyst)
        before = program.get(LIST).status_code, last_reason()

        keys.activate(key_of(program), actor="admin", now=server_time())

        assert before == (401, "key pending")
        assert program.get(LIST).status_code == 200
        assert list(key_of(program).events.values_list("kind", flat=True)) == ["created", "activated"]

    def test_a_pending_key_is_one_of_two(self, analyst: str) -> None:
        program_under(Terms(is_pending=True), analyst)
        program_under(Terms(), analyst)

        with pytest.raises(MoveRefusedError) as refused:
            program_under(Terms(), analyst)

        assert refused.value.code == "two_live_keys"

    def test_a_key_is_let_in_once(self, analyst: str) -> None:
        key = key_of(program_under(Terms(), analyst))

        with pytest.raises(MoveRefusedError) as refused:
            keys.activate(key, actor="admin", now=server_time())

        assert refused.value.code == "key_not_pending"

    def test_a_revoked_key_is_not_let_in(self, analyst: str) -> None:
        key = key_of(program_under(Terms(is_pending=True), analyst))
        keys.revoke(key, actor="admin", now=server_time())

        with pytest.raises(MoveRefusedError):
            keys.activate(key, actor="admin", now=server_time())

        assert ApiKey.objects.get(pk=key.pk).state == "revoked"

    def test_work_that_only_a_pending_key_covers_is_nobodys(self, submit: Any, analyst: str) -> None:
        submit(name="pair")
        program_under(Terms(is_pending=True), analyst)

        assert AnalysisRequest.objects.unserved(now=server_time()).count() == 1

    def test_by_command(self, analyst: str) -> None:
        said = StringIO()
        call_command("create_key", analyst, "--scheme=etna-v1", "--pending", stdout=StringIO(), stderr=said)
        key = ApiKey.objects.get()

        call_command("activate_key", key.pk, stdout=StringIO())

        assert f"activate_key {key.pk}" in said.getvalue()
        assert (key.state, ApiKey.objects.get().state) == ("pending", "active")

    @pytest.mark.parametrize("command", ["activate_key", "bind_key"])
    def test_a_key_nobody_has_is_named(self, command: str) -> None:
        with pytest.raises(CommandError, match="There is no key pk_nobody"):
            call_command(command, "pk_nobody")

    def test_a_key_that_does_not_wait_is_named(self, program: Program) -> None:
        with pytest.raises(CommandError, match="does not wait"):
            call_command("activate_key", program.key_id)


class TestStart:
    def test_a_key_made_ahead_is_refused_until_its_start(self, analyst: str) -> None:
        start = (server_time() + timedelta(hours=1)).isoformat()
        out = StringIO()
        call_command(
            *("create_key", analyst, "--scheme=etna-v1", "--project=p", "--starts", start),
            stdout=out,
            stderr=StringIO(),
        )
        program = told_in(out)

        assert (program.get(LIST).status_code, last_reason()) == (401, "key not yet valid")

    @pytest.mark.parametrize("start", ["tomorrow", "2026-12-01", "2026-12-01T08:00"])
    def test_a_start_without_its_zone_is_refused(self, analyst: str, start: str) -> None:
        with pytest.raises(CommandError, match="an instant is like"):
            call_command("create_key", analyst, "--scheme=etna-v1", f"--starts={start}")


class TestAddresses:
    @pytest.mark.parametrize(
        ("networks", "status"),
        [
            (["127.0.0.1"], 200),
            (["192.0.2.0/24", "127.0.0.0/8"], 200),
            (["192.0.2.0/24"], 401),
            (["::1"], 401),
            ([], 200),
        ],
    )
    def test_a_key_is_believed_from_its_addresses_alone(
        self, analyst: str, networks: list[str], status: int
    ) -> None:
        program = program_under(Terms(addresses=networks), analyst)

        assert program.get(LIST).status_code == status

    def test_the_audit_alone_says_why(self, analyst: str) -> None:
        program = program_under(Terms(addresses=[ELSEWHERE]), analyst)
        forged = Program(program.key_id, "a forger's guess")

        refused, other = program.get(LIST).json(), forged.get(LIST).json()

        reasons = list(SignedCall.objects.order_by("id").values_list("reason", flat=True))
        assert {**refused, "instance": ""} == {**other, "instance": ""}
        assert reasons == ["address", "signature"]

    def test_it_is_the_address_that_trusted_proxies_saw(self, analyst: str) -> None:
        program = program_under(Terms(addresses=[ELSEWHERE]), analyst)

        assert program.get(LIST, **{"X-Forwarded-For": ELSEWHERE}).status_code == 200

    def test_an_address_shown_inside_an_ipv6_one_is_the_same(self, analyst: str) -> None:
        program = program_under(Terms(addresses=["127.0.0.1"]), analyst)
        program.client.defaults["REMOTE_ADDR"] = "::ffff:127.0.0.1"

        assert program.get(LIST).status_code == 200

    def test_a_call_from_elsewhere_uses_up_no_nonce(self, analyst: str) -> None:
        program = program_under(Terms(addresses=[ELSEWHERE]), analyst)
        signed = {"Host": "127.0.0.1", **program.headers("GET", LIST, {})}

        first = program.client.get(LIST, headers=signed)
        again = program.client.get(LIST, headers={**signed, "X-Forwarded-For": ELSEWHERE})

        assert (first.status_code, again.status_code) == (401, 200)

    def test_a_successor_is_bound_to_the_same_place(self, analyst: str) -> None:
        key = key_of(program_under(Terms(addresses=[ELSEWHERE]), analyst))

        made = keys.rotate(key, keep=WEEK, kek=KEK, actor="admin", now=server_time())

        assert made.key.addresses == [ELSEWHERE + "/32"]

    def test_a_key_is_bound_and_freed_by_command(self, program: Program) -> None:
        call_command("bind_key", program.key_id, "--from", ELSEWHERE, "2001:db8::/32", stdout=StringIO())
        bound = program.get(LIST).status_code, key_of(program).addresses
        call_command("bind_key", program.key_id, stdout=StringIO())

        facts = KeyEvent.objects.filter(kind="addresses").values_list("facts__addresses", flat=True)
        assert bound == (401, ["2001:db8::/32", "203.0.113.9/32"])
        assert program.get(LIST).status_code == 200
        assert list(facts) == [["2001:db8::/32", "203.0.113.9/32"], []]

    @pytest.mark.parametrize("network", ["example.org", "192.0.2.7/24", "1.2.3", ""])
    def test_what_is_no_network_is_refused(self, analyst: str, network: str) -> None:
        with pytest.raises(InvalidInputError) as refused:
            program_under(Terms(addresses=[network]), analyst)

        assert refused.value.code == "invalid_address"
        assert not ApiKey.objects.exists()

    def test_the_command_names_it(self, program: Program) -> None:
        with pytest.raises(CommandError, match=r"like 192\.0\.2\.7"):
            call_command("bind_key", program.key_id, "--from", "example.org")


class TestWeights:
    def test_a_post_takes_more_of_a_keys_share_than_a_look(
        self, analyst: str, settings: Settings, submit: Any
    ) -> None:
        settings.POLYPHEMUS_CALLS_PER_MINUTE, settings.POLYPHEMUS_POST_WEIGHT = 6, 5
        submit(name="pair")
        program = program_under(Terms(), analyst)
        bid = {"analysis": "exome_pipe", "analyst": analyst, "name": "pair", "time": "3600"}

        statuses = [program.post("/api/v1/bids", bid).status_code, program.get(LIST).status_code]

        assert [*statuses, program.get(LIST).status_code] == [200, 200, 429]

    def test_keys_of_one_project_share_and_leave_others_alone(self, settings: Settings) -> None:
        settings.POLYPHEMUS_PROJECT_CALLS_PER_MINUTE = 2
        one, two = (program_of(f"{name}@ucsf.edu", Scopes((Scope("dt_lung", "*"),))) for name in "ab")
        other = program_of("c@ucsf.edu", Scopes((Scope("dt_bone", "*"),)))
        every = program_of("d@ucsf.edu", Scopes((Scope("*", "*"),)))

        statuses = [program.get(LIST).status_code for program in (one, two, two, one, other, every)]

        assert statuses == [200, 200, 429, 429, 200, 200]


class TestReplacedKeys:
    @pytest.fixture
    def old(self, program: Program) -> Program:
        keys.rotate(key_of(program), keep=WEEK, kek=KEK, actor="admin", now=server_time())
        return program

    def test_its_owner_hears_of_the_first_use_once(self, old: Program, analyst: str) -> None:
        old.get(LIST)
        audit.drain()

        written = [tell_of_replaced_keys(), tell_of_replaced_keys()]

        notice = Notice.objects.get()
        successor = ApiKey.objects.get(state="active").pk
        assert written == [1, 0]
        assert (notice.kind, notice.recipient) == ("replaced_key_used", analyst)
        assert (notice.context["key"], notice.context["successor"]) == (old.key_id, successor)
        assert key_of(old).events.filter(kind="used").count() == 1

    def test_nobody_hears_of_a_use_before_it_was_replaced(self, program: Program) -> None:
        program.get(LIST)
        audit.drain()
        keys.rotate(key_of(program), keep=WEEK, kek=KEK, actor="admin", now=server_time())

        assert replaced_keys.tell(now=server_time()) == 0

    def test_nobody_hears_of_whoever_only_names_the_key(self, old: Program) -> None:
        Program(old.key_id, "a forger's guess").get(LIST)
        audit.drain()

        assert replaced_keys.tell(now=server_time()) == 0

    def test_nobody_hears_of_a_key_past_its_end(self, old: Program) -> None:
        old.get(LIST)
        audit.drain()

        assert replaced_keys.tell(now=server_time() + WEEK + WEEK) == 0


class TestFindings:
    """What operators see of calls that only a thief, or a program in the wrong place, would make."""

    @pytest.mark.parametrize(
        ("terms", "why"),
        [(Terms(is_pending=True), "key pending"), (Terms(addresses=[ELSEWHERE]), "address")],
    )
    def test_one_such_call_is_worth_a_look(self, analyst: str, terms: Terms, why: str) -> None:
        program_under(terms, analyst).get(LIST)

        [finding] = probes.signed_calls(server_time())

        assert (finding.level, finding.found.endswith(f"{why}.")) == (Level.WARN, True)


class TestRotateWithoutOverlap:
    @pytest.mark.parametrize("days", ["-1", "3651", "1.5", "x"])
    def test_days_that_are_none_say_which_are(self, program: Program, days: str) -> None:
        with pytest.raises(CommandError, match="days are 0 to 3650"):
            call_command("rotate_key", program.key_id, f"--keep-days={days}")

    def test_the_old_key_is_refused_at_once(self, program: Program) -> None:
        out = StringIO()

        call_command("rotate_key", program.key_id, "--keep-days", "0", stdout=out)

        successor = told_in(out)
        assert (program.get(LIST).status_code, last_reason()) == (401, "key revoked")
        assert successor.get(LIST).status_code == 200
        assert key_of(program).events.latest("pk").facts == {"successor": successor.key_id}

    def test_it_leaves_room_for_its_successor(self, program: Program, analyst: str) -> None:
        program_of(analyst)

        call_command("rotate_key", program.key_id, "--keep-days", "0", stdout=StringIO())

        assert ApiKey.objects.live(now=server_time()).count() == 2
