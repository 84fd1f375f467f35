"""rfc9421-v1, the pure part: the library behind the strict wrapper, against an independent implementation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from polyphemus_site.api.signing import rfc9421
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.keys import ED25519, RFC9421_V1, KeyRing, Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError
from tests.polyphemus_site.api import rfc9421_profile

HOST = "polyphemus.example.org"
AUTHORITY = f"{HOST}:8443"
KEY = b"k" * 32
PAIR = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
BODY = json.dumps({"analysis": "exome_pipe", "name": "dt_lung_tumor_pair", "time": "3600"}).encode()
RING = KeyRing(key_id="pk_abc", secrets=(KEY,), max_life=timedelta(minutes=5), scheme=RFC9421_V1)
IDEMPOTENT = "idempotency-key"
PUBLIC_RING = KeyRing(
    key_id="pk_abc",
    secrets=(PAIR.public_key().public_bytes_raw(),),
    max_life=timedelta(minutes=5),
    scheme=RFC9421_V1,
    algorithm=ED25519,
)


def signing(**changes: Any) -> rfc9421_profile.Signing:
    """A bid to be signed."""
    made: dict[str, Any] = {"key": KEY, "authority": AUTHORITY, "body": BODY, "created": EPOCH}
    return rfc9421_profile.Signing(**(made | changes))


def fields(**changes: Any) -> dict[str, str]:
    """The headers of a signed bid, signed after `changes` were made."""
    return signing(**changes).headers()


def call(headers: dict[str, str] | None = None, **changes: Any) -> Call:
    """The call as sent; `changes` are made after signing."""
    sent: dict[str, Any] = {
        "method": "POST",
        "host": HOST,
        "path": "/api/v1/bids",
        "raw_query": "",
        "headers": tuple((headers or fields()).items()),
        "body": BODY,
    }
    return Call(**(sent | changes))


def poll(**changes: Any) -> Call:
    """A signed poll with a query."""
    query = "analysis=exome_pipe&after=a%2Fb"
    headers = fields(method="GET", target=f"/api/v1/requests?{query}", **changes)
    return call(headers, method="GET", path="/api/v1/requests", raw_query=query, body=b"")


def verify(sent: Call, ring: KeyRing = RING, now: datetime = NOW) -> Verified:
    return rfc9421.verify(sent, ring, base_url=f"https://{AUTHORITY}", host=HOST, now=now)


def reason(sent: Call, ring: KeyRing = RING, now: datetime = NOW) -> str:
    with pytest.raises(SignatureRefusedError) as refused:
        verify(sent, ring, now)
    return refused.value.reason


def repeatable() -> dict[str, str]:
    """The headers of a bid that may be sent again, and says so under its signature."""
    made = signing(names=(*rfc9421_profile.FULL, IDEMPOTENT))
    return made.headers(made.content_headers | {IDEMPOTENT: "bid-1"})


def with_header(name: str, value: str) -> Call:
    return call(fields() | {name: value})


class TestVerify:
    def test_believes_a_bid(self) -> None:
        verified = verify(call())

        assert (verified.key_id, verified.scheme, verified.nonce) == ("pk_abc", "rfc9421-v1", "n" * 22)
        assert verified.expires == NOW + timedelta(minutes=5)
        assert verified.earliest == NOW - timedelta(minutes=1)

    def test_believes_a_poll_with_a_query(self) -> None:
        assert verify(poll()).key_id == "pk_abc"

    def test_believes_a_poll_without_a_query(self) -> None:
        headers = fields(method="GET", target="/api/v1/requests")

        assert verify(call(headers, method="GET", path="/api/v1/requests", body=b"")).key_id == "pk_abc"

    def test_believes_an_empty_post(self) -> None:
        assert verify(call(fields(body=b""), body=b"")).key_id == "pk_abc"

    def test_believes_a_bid_whose_idempotency_key_is_signed(self) -> None:
        assert verify(call(repeatable())).key_id == "pk_abc"

    @pytest.mark.parametrize(
        ("key", "why"), [("another", "signature"), ("", "signature")], ids=["changed", "taken away"]
    )
    def test_a_signed_idempotency_key_is_nobody_elses_to_change(self, key: str, why: str) -> None:
        headers = {name: value for name, value in (repeatable() | {IDEMPOTENT: key}).items() if value}

        assert reason(call(headers)) == why

    def test_it_is_signed_once_and_by_what_changes_something(self) -> None:
        twice = fields(names=(*rfc9421_profile.FULL, IDEMPOTENT, IDEMPOTENT))

        assert reason(call(twice)) == "components"
        assert reason(poll(names=(*rfc9421_profile.BARE, IDEMPOTENT))) == "components"

    def test_believes_components_in_any_order(self) -> None:
        assert verify(call(fields(names=tuple(reversed(rfc9421_profile.FULL))))).key_id == "pk_abc"

    def test_believes_ed25519_where_the_key_says_so(self) -> None:
        assert verify(call(fields(key=PAIR, alg="ed25519")), PUBLIC_RING).key_id == "pk_abc"

    def test_believes_either_of_two_keys(self) -> None:
        ring = KeyRing(key_id="pk_abc", secrets=(b"new" * 11, KEY), max_life=RING.max_life, scheme=RFC9421_V1)

        assert verify(call(), ring).key_id == "pk_abc"

    def test_believes_a_sha_512_digest(self) -> None:
        digest = f"sha-512={rfc9421_profile.encoded(hashlib.sha512(BODY).digest())}"
        content = {"content-type": "application/json", "content-digest": digest}

        assert verify(call(signing().headers(content))).key_id == "pk_abc"

    @pytest.mark.parametrize(
        "digest", ["md5=:AAAA:", "sha-256=:AAAA:", "sha-256=1", "nonsense", "sha-256=:AAAA:, md5=:AA==:"]
    )
    def test_a_digest_nobody_can_compare_is_refused(self, digest: str) -> None:
        content = {"content-type": "application/json", "content-digest": digest}

        assert reason(call(signing().headers(content))) == "digest"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"key": b"x" * 32}, "signature"),
            ({"authority": HOST}, "signature"),
            ({"authority": "elsewhere.org"}, "signature"),
            ({"target": "/api/v1/tickets"}, "signature"),
            ({"target": "/api/v1/bids?a=1"}, "signature"),
            ({"body": b"{}"}, "digest"),
            ({"created": EPOCH + 61}, "created out of range"),
            ({"created": EPOCH - 361, "life": 300}, "created out of range"),
            ({"created": EPOCH - 301, "life": 300}, "expired"),
            ({"life": 301}, "lifetime too long"),
            ({"life": 0}, "lifetime too long"),
            ({"life": -5}, "lifetime too long"),
            ({"created": 10**14}, "created format"),
            ({"nonce": "n" * 21}, "nonce format"),
            ({"nonce": "n" * 65}, "nonce format"),
            ({"nonce": ""}, "nonce format"),
            ({"alg": "none"}, "alg"),
            ({"alg": "ed25519"}, "alg"),
            ({"tag": "another"}, "tag"),
            ({"names": ()}, "components"),
            ({"names": rfc9421_profile.BARE}, "components"),
            ({"names": ("@method", "@authority", "@path", "content-digest", "content-type")}, "components"),
            ({"names": (*rfc9421_profile.FULL, "host")}, "components"),
            ({"names": (*rfc9421_profile.FULL, "@path")}, "components"),
        ],
    )  # fmt: skip
    def test_a_call_signed_otherwise_is_refused(self, changes: dict[str, Any], expected: str) -> None:
        assert reason(call(fields(**changes) | {"host": HOST})) == expected

    @pytest.mark.parametrize("key_id", ["pk_ABC", "", "log-file", "p" * 41])
    def test_an_id_that_cannot_be_is_refused(self, key_id: str) -> None:
        with pytest.raises(SignatureRefusedError, match="keyid format"):
            rfc9421.key_id_of(call(fields(key_id=key_id)))

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"method": "PUT"}, "signature"),
            ({"method": "GET"}, "body where none belongs"),
            ({"path": "/api/v1/tickets"}, "signature"),
            ({"path": "/api/v1/bids/"}, "signature"),
            ({"path": "/api/v1//bids"}, "path charset"),
            ({"path": "/api/v1/x/../bids"}, "path charset"),
            ({"path": "/api/v1/%62ids"}, "path charset"),
            ({"raw_query": "a=1"}, "signature"),
            ({"raw_query": "a=%zz"}, "signature"),
            ({"host": "elsewhere.org"}, "Host header"),
            ({"body": b""}, "digest"),
            ({"body": BODY + b" "}, "digest"),
        ],
    )
    def test_a_call_changed_on_its_way_is_refused(self, changes: dict[str, Any], expected: str) -> None:
        assert reason(call(**changes)) == expected

    @pytest.mark.parametrize(
        "query",
        [
            "after=a%2Fb&analysis=exome_pipe",
            "analysis=exome_pipe&after=a/b",
            "analysis=exome_pipe&after=a%2fb",
            "analysis=exome_pipe&after=a%2Fb&x=1",
            "analysis=exome_pipe",
            "",
        ],
    )
    def test_a_changed_query_is_refused(self, query: str) -> None:
        sent = poll()
        changed = Call(sent.method, sent.host, sent.path, query, sent.headers)

        assert reason(changed) == "signature"

    def test_a_body_swapped_with_its_digest_is_refused(self) -> None:
        headers = fields() | {"content-digest": rfc9421_profile.digest(b"{}")}

        assert reason(call(headers, body=b"{}")) == "signature"

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("content-type", "text/plain", "signature"),
            ("content-digest", "md5=:AAAA:", "signature"),
            ("authorization", "Etna abc", "two kinds of credentials"),
            ("signature", "", "not one signature"),
            ("signature", "sig=:AAAA:", "signature"),
            ("signature", "sig=?1", "Signature format"),
            ("signature", "sig=:" + "A" * 300 + ":", "field too long"),
            ("signature", "é", "structured field format"),
            ("signature", "other=:AAAA:", "not one signature"),
            ("signature-input", "", "not one signature"),
            ("signature-input", "sig=" + "(" * 1000, "structured field format"),
            ("signature-input", "sig=" + '"x"' * 1000, "field too long"),
            ("signature-input", "sig=1", "Signature-Input format"),
            ("signature-input", "sig=()", "components"),
        ],
    )
    def test_a_changed_header_is_refused(self, name: str, value: str, expected: str) -> None:
        assert reason(with_header(name, value)) == expected

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ('"content-digest"', '"content-digest";sf', "component parameters"),
            ('"content-digest"', '"content-digest";bs', "component parameters"),
            ('"@method"', '"@method";req', "component parameters"),
            (";created=", ";created=1;created=", "duplicate label or parameter"),
            (f";created={EPOCH}", "", "parameters"),
            (f";created={EPOCH}", f";created={EPOCH}.5", "created format"),
            (f";created={EPOCH}", f";created=-{EPOCH}", "lifetime too long"),
            (f";created={EPOCH}", f';created="{EPOCH}"', "created format"),
            (';alg="hmac-sha256"', "", "parameters"),
            (';tag="polyphemus-v1"', ';tag="polyphemus-v1";more=1', "parameters"),
            (';nonce="nnnnnnnnnnnnnnnnnnnnnn"', ";nonce=5", "nonce format"),
            ('"@query"', '"@query-param";name="a"', "component parameters"),
        ],
    )
    def test_an_altered_input_is_refused(self, old: str, new: str, expected: str) -> None:
        given = fields()["signature-input"]

        assert reason(with_header("signature-input", given.replace(old, new))) == expected

    def test_two_signatures_are_refused(self) -> None:
        one = fields()
        two = {
            "signature-input": f"{one['signature-input']}, b{one['signature-input']}",
            "signature": f"{one['signature']}, b{one['signature']}",
        }

        assert reason(call(one | two)) in ("not one signature", "field too long")

    def test_a_label_given_twice_is_refused(self) -> None:
        one = fields()

        assert (
            reason(with_header("signature", f"{one['signature']}, {one['signature']}"))
            == "duplicate label or parameter"
        )

    def test_a_missing_half_is_refused(self) -> None:
        one = fields()
        del one["signature"]

        assert reason(call(one)) == "missing field"

    def test_an_ed25519_key_is_no_hmac_secret(self) -> None:
        public = PUBLIC_RING.secrets[0]

        assert reason(call(fields(key=public)), PUBLIC_RING) == "alg"

    def test_the_last_instant_is_still_in_time(self) -> None:
        assert verify(call(), now=NOW + timedelta(minutes=5)).key_id == "pk_abc"

    def test_an_instant_later_is_expired(self) -> None:
        assert reason(call(), now=NOW + timedelta(minutes=5, microseconds=1)) == "expired"

    def test_a_clock_a_minute_ahead_is_borne(self) -> None:
        assert verify(call(), now=NOW - timedelta(minutes=1)).key_id == "pk_abc"


class TestStandard:
    def test_the_cross_check_makes_the_signature_of_the_standards_own_example(self) -> None:
        # RFC 9421, appendix B.2.5
        secret = base64.b64decode(
            "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
        )
        params = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
        headers = {"date": "Tue, 20 Apr 2021 02:07:55 GMT", "content-type": "application/json"}
        names = ["date", "@authority", "content-type"]

        text = rfc9421_profile.base("POST", "example.com", "/foo?param=Value&Pet=dog", headers, names, params)

        made = base64.b64encode(hmac.digest(secret, text, "sha256")).decode()
        assert made == "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


class TestAgreement:
    @settings(max_examples=150)
    @given(
        part=st.sampled_from(
            ["path", "raw_query", "body", "signature", "signature-input", "content-type", "content-digest"]
        ),
        at=st.integers(min_value=0, max_value=400),
        to=st.characters(min_codepoint=33, max_codepoint=126),
    )
    def test_any_changed_byte_is_refused_by_the_wrapper_and_by_the_cross_check(
        self, part: str, at: int, to: str
    ) -> None:
        headers = fields(target="/api/v1/bids?a=1")
        values = {"path": "/api/v1/bids", "raw_query": "a=1", "body": BODY.decode()} | headers
        text = values[part]
        at %= len(text)
        values[part] = text[:at] + to + text[at + 1 :]
        changed_headers = {name: values[name] for name in headers}

        sent = call(
            changed_headers, path=values["path"], raw_query=values["raw_query"], body=values["body"].encode()
        )
        believed = is_believed(sent)
        checked = cross_check(sent)

        assert believed == checked == (values[part] == text)

    @given(
        st.dictionaries(
            st.sampled_from(["signature", "signature-input", "content-digest"]), st.text(max_size=80)
        )
    )
    def test_arbitrary_headers_are_refused_but_never_crash(self, headers: dict[str, str]) -> None:
        assert not is_believed(call(fields() | headers)) or not headers


def is_believed(sent: Call) -> bool:
    try:
        verify(sent)
    except SignatureRefusedError:
        return False
    return True


def cross_check(sent: Call) -> bool:
    target = sent.path + (f"?{sent.raw_query}" if sent.raw_query else "")
    try:
        return rfc9421_profile.verifies(
            KEY,
            method=sent.method,
            authority=AUTHORITY,
            target=target,
            body=sent.body,
            headers=dict(sent.headers),
        )
    except (ValueError, KeyError):
        return False
