"""A signed call of which a stranger changes who vouches for it, or that comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from polyphemus_site.api.models import SignedCall
from polyphemus_site.api.signing.keys import KeyRing
from tests.polyphemus_site.api.conftest import Sent, fresh_nonce
from tests.polyphemus_site.api.test_authentication import problem_of

Signed = Callable[..., Sent]
Reason = Callable[[], str]
Rings = dict[str, KeyRing]


class TestReplays:
    def test_a_nonce_counts_for_each_key_by_itself(self, rfc_call: Signed, rings: Rings) -> None:
        rings["pk_other"] = replace(rings["pk_abc"], key_id="pk_other", secrets=(b"o" * 32,))
        nonce = fresh_nonce()

        statuses = [
            rfc_call(nonce=nonce, **how).changed().status_code
            for how in ({}, {"key_id": "pk_other", "key": b"o" * 32}, {})
        ]

        assert statuses == [201, 201, 401]

    def test_a_nonce_under_another_body_is_refused_by_its_digest(
        self, rfc_call: Signed, last_reason: Reason
    ) -> None:
        sent = rfc_call()
        sent.changed()

        response = sent.changed(body=b'{"another": 1}')

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "digest")

    def test_the_same_nonce_signed_anew_is_a_replay(self, rfc_call: Signed, last_reason: Reason) -> None:
        nonce = fresh_nonce()
        rfc_call(nonce=nonce).changed()

        response = rfc_call("GET", nonce=nonce).changed()

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "replay")

    def test_one_nonce_does_not_cross_from_one_scheme_to_the_other(
        self, etna_call: Signed, rfc_call: Signed, rings: Rings
    ) -> None:
        nonce = fresh_nonce()

        statuses = [signed(nonce=nonce).changed().status_code for signed in (etna_call, rfc_call, etna_call)]

        assert statuses == [201, 201, 401]

    def test_a_call_refused_for_its_revoked_key_has_used_up_no_nonce(
        self, rfc_call: Signed, rings: Rings, last_reason: Reason
    ) -> None:
        sent = rfc_call()
        rings["pk_abc"] = replace(rings["pk_abc"], revoked=True)

        first = sent.changed()
        reason = last_reason()
        rings["pk_abc"] = replace(rings["pk_abc"], revoked=False)

        assert (problem_of(first), reason) == ((401, "unauthorized"), "key revoked")
        assert sent.changed().status_code == 201


class TestParameters:
    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            (";created=", ";created=-", "lifetime too long"),
            (";created=", ";created=0.5;reated=", "parameters"),
            (";created=", ";created=9999999", "structured field format"),
            (";expires=", ";expires=-", "lifetime too long"),
            (";expires=", ";xpires=", "parameters"),
            (";created=", ";reated=", "parameters"),
            (";nonce=", ";once=", "parameters"),
            (";keyid=", ";eyid=", "parameters"),
            (";alg=", ";lg=", "parameters"),
            (";tag=", ";ag=", "parameters"),
            ('"hmac-sha256"', '"none"', "alg"),
            ('"hmac-sha256"', '"ed25519"', "alg"),
            ('"hmac-sha256"', '"hmac-sha512"', "alg"),
        ],
    )
    def test_a_parameter_that_was_changed_is_refused(
        self, rfc_call: Signed, last_reason: Reason, old: str, new: str, reason: str
    ) -> None:
        sent = rfc_call()
        given = sent.headers["signature-input"]
        assert old in given

        response = sent.changed(headers={"signature-input": given.replace(old, new)})

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), reason)

    @pytest.mark.parametrize("nonce", ["", "short", "n" * 4096, "n" * 22 + "\n", "n" * 21 + "é"])
    def test_a_nonce_that_is_none_is_refused(self, rfc_call: Signed, last_reason: Reason, nonce: str) -> None:
        response = rfc_call(nonce=nonce).changed()

        assert problem_of(response) == (401, "unauthorized")
        assert last_reason() in ("nonce format", "field too long", "structured field format")


class TestSignatures:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda text: text[:-9] + ":", "signature"),
            (lambda text: text.swapcase(), "structured field format"),
            (lambda _: "sig=::", "signature"),
            (lambda _: "sig=:" + "é" * 40 + ":", "structured field format"),
            (lambda _: "sig=" + "0" * 64, "structured field format"),
            (lambda _: "sig=" + "f" * 64, "Signature format"),
            (lambda text: f"sig=({text[4:]})", "Signature format"),
            (lambda _: 'sig="' + "0" * 64 + '"', "Signature format"),
            (lambda text: f"{text}, other=:AAAA:", "not one signature"),
            (lambda text: f"{text}, {text}", "duplicate label or parameter"),
            (lambda text: f"{text},", "structured field format"),
            (lambda text: text + "\x00", "structured field format"),
            (lambda text: text + ";sf", "Signature format"),
        ],
    )
    def test_a_signature_that_was_changed_is_refused(
        self,
        rfc_call: Signed,
        last_reason: Reason,
        change: Callable[[str], str],
        reason: str,
    ) -> None:
        sent = rfc_call()

        response = sent.changed(headers={"signature": change(sent.headers["signature"])})

        assert problem_of(response) == (401, "unauthorized")
        assert last_reason() == reason

    @pytest.mark.parametrize(
        "name",
        [
            "X-Etna-Signature",
            "X-Etna-Expiration",
            "X-Etna-Nonce",
            "X-Etna-Id",
            "X-Etna-Headers",
            "X-Etna-Name",
        ],
    )
    @pytest.mark.parametrize(
        "text", ["\xff\xfe\xc3", "\x00", "a\r\nX-Etna-Id: hera", "\ud800", "' OR 1=1 --"]
    )
    def test_no_text_in_a_field_of_etnas_is_more_than_a_refusal(
        self, etna_call: Signed, name: str, text: str
    ) -> None:
        written = text.encode("utf-8", "surrogatepass").decode("latin-1")

        response = etna_call().changed(headers={name: written})

        assert problem_of(response) in ((401, "unauthorized"), (400, "bad_text"))

    @pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest", "content-type"])
    @pytest.mark.parametrize(
        "text", ["\xff\xfe\xc3", "\x00", "a\r\nSignature: sig=:AAAA:", "\xed\xa0\x80", "'"]
    )
    def test_no_text_in_a_field_of_the_standards_is_more_than_a_refusal(
        self, rfc_call: Signed, name: str, text: str
    ) -> None:
        response = rfc_call().changed(headers={name: text})

        assert problem_of(response) in (
            (401, "unauthorized"),
            (400, "bad_text"),
            (415, "unsupported_media_type"),
        )

    def test_ten_thousand_components_are_refused_unread(self, rfc_call: Signed, last_reason: Reason) -> None:
        many = " ".join(f'"x-{number}"' for number in range(5_000))

        response = rfc_call().changed(headers={"signature-input": f"sig=({many});created=1"})

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "field too long")

    def test_headers_of_a_megabyte_are_refused_unread(self, rfc_call: Signed) -> None:
        response = rfc_call().changed(headers={"X-More": "a" * 1_000_000})

        assert problem_of(response) == (400, "headers_too_large")
        assert not SignedCall.objects.exists()
