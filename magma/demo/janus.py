"""A demo Janus: signs demo people in, says what they may see, and gives services their tokens.

It stands on the demo warehouse's server, keeps nothing but the nonces it gave out, and believes whoever says
who they are: it is for trying things out on one machine.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from magma.demo.answers import RefusalError, Reply, as_json, as_text, unauthorized
from magma.demo.people import ROLES, Visitor, visitor_of
from magma.demo.tokens import LIFE, KeyPair, mint
from magma.demo.warehouse import Request

#: Who can be picked on the login page, and what `perm` their tokens carry.
PEOPLE = {
    "dr.who@ucsf.edu": "E:dt_lung;e:labors",
    "curator@ucsf.edu": "A:dt_lung,labors",
    "outsider@elsewhere.org": "v:labors",
}
#: The demo's projects: their full names, and what Janus opens of them to everyone.
PROJECTS: dict[str, dict[str, Any]] = {
    "administration": {"project_name_full": "Administration", "resource": False, "requires_agreement": False},
    "labors": {"project_name_full": "The Twelve Labors", "resource": False, "requires_agreement": False},
    "dt_lung": {"project_name_full": "DT Lung", "resource": False, "requires_agreement": False},
    "cc_atlas": {"project_name_full": "Community Atlas", "resource": True, "requires_agreement": True},
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo Janus</title>
<h1>Who are you?</h1><form method="post">{buttons}</form></html>"""
BUTTON = '<p><button name="email" value="{email}">{email}</button> {perm}</p>'


@dataclass
class Janus:
    """The demo Janus and its keys; `services` are accounts with a public key (PEM) instead of a password."""

    keys: KeyPair
    cookie: str = "JANUS_TOKEN"
    services: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Reply | None:
        """Answer what is Janus's to answer; None for everything else."""
        calls = {
            ("GET", "/login"): self.ask,
            ("POST", "/login"): self.sign_in,
            ("GET", "/api/user/projects"): self.projects,
            ("GET", "/api/tokens/nonce"): self.nonce,
            ("POST", "/api/tokens/generate"): self.generate,
            ("POST", "/api/tokens/validate_task"): self.validate_task,
        }
        call = calls.get((request.method, request.path))
        try:
            return call and call(request)
        except RefusalError as refusal:
            return refusal.reply

    def ask(self, request: Request) -> Reply:
        """The login page."""
        refer = refer_of(request)
        if refer is None:
            return as_text("That is not a place to come back to.", 422)
        buttons = "".join(BUTTON.format(email=email, perm=perm) for email, perm in PEOPLE.items())
        return as_text(PAGE.format(buttons=buttons), media="text/html; charset=utf-8")

    def sign_in(self, request: Request) -> Reply:
        """Set the cookie of whoever was picked, and send them back."""
        email, refer = dict(parse_qsl(request.body.decode())).get("email", ""), refer_of(request)
        if email not in PEOPLE or refer is None:
            raise unauthorized()
        cookie = SimpleCookie({self.cookie: mint(self.keys.private, email=email, perm=PEOPLE[email])})
        cookie[self.cookie].update(
            {"path": "/", "samesite": "Strict", "max-age": str(int(LIFE.total_seconds()))}
        )
        headers = (("Location", refer), ("Set-Cookie", cookie[self.cookie].OutputString()))
        return Reply(303, b"", None, headers)

    def projects(self, request: Request) -> Reply:
        """The projects somebody has a role in, and those open to everyone."""
        visitor = self.visitor(request)
        seen = {
            name: about for name, about in PROJECTS.items() if name in visitor.letters or about["resource"]
        }
        return as_json({"projects": [self.project(visitor, name) | about for name, about in seen.items()]})

    def project(self, visitor: Visitor, name: str) -> dict[str, Any]:
        """One project as Janus lists it."""
        role = ROLES.get(visitor.letters.get(name, "").lower())
        return {"project_name": name, "role": role, "privileged": visitor.can_see_restricted(name)}

    def visitor(self, request: Request) -> Visitor:
        """Whose token this is."""
        return visitor_of(request.headers, public_key=self.keys.public, cookie=self.cookie)

    def nonce(self, _request: Request) -> Reply:
        """A nonce for a service to sign."""
        nonce = secrets.token_hex(16)
        self.nonces.add(nonce)
        return as_text(nonce)

    def generate(self, request: Request) -> Reply:
        """A new token, for a signed nonce or for a token that still holds."""
        scheme, _, signed = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Signed-Nonce":
            email = self.email_that_signed(signed)
            return as_text(mint(self.keys.private, email=email, perm=self.services[email][0]))
        visitor = self.visitor(request)
        perm = ";".join(f"{letter}:{project}" for project, letter in visitor.letters.items())
        return as_text(mint(self.keys.private, email=visitor.email, perm=perm, name=visitor.name))

    def email_that_signed(self, signed: str) -> str:
        """Which service signed a nonce of ours: `nonce.base64(email).base64(signature)`, each nonce once."""
        text, _, signature = signed.rpartition(".")
        nonce, _, encoded = text.partition(".")
        try:
            email = base64.b64decode(encoded, validate=True).decode()
            key = load_pem_public_key(self.services[email][1].encode())
            assert isinstance(key, RSAPublicKey)  # noqa: S101 - our own configuration
            self.nonces.remove(nonce)
            key.verify(base64.b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
        except (ValueError, KeyError, InvalidSignature) as error:
            raise unauthorized() from error
        return email

    def validate_task(self, request: Request) -> Reply:
        """Task tokens of ours count for as long as they live."""
        self.visitor(request)
        return as_json({"success": True})


def refer_of(request: Request) -> str | None:
    """Where to send somebody back to: only to our own host, as a real Janus keeps to its domain."""
    refer = dict(parse_qsl(urlsplit(request.target).query)).get("refer", "")
    there, here = urlsplit(refer), urlsplit(f"//{request.headers.get('Host', '')}")
    is_ours = there.scheme in {"http", "https"} and there.hostname == here.hostname
    return refer if is_ours and "\r" not in refer and "\n" not in refer else None
