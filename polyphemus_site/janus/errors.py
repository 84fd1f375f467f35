"""Refusals that concern who is asking."""

from __future__ import annotations

from http import HTTPStatus

from polyphemus_site.errors import PolyphemusError, UnavailableError


class TokenRefusedError(Exception):
    """A token was given and isn't one of ours, or no longer; the caller learns no more than that."""


class ForbiddenError(PolyphemusError):
    """The person may see this, but not do that."""

    code = "forbidden"
    status = HTTPStatus.FORBIDDEN


class AgreementNeededError(PolyphemusError):
    """The project is open to whoever has agreed to its code of conduct, which is done at Janus."""

    code = "agreement_needed"
    status = HTTPStatus.FORBIDDEN


class CrossSiteError(PolyphemusError):
    """A page of another site may have sent this in the person's name."""

    code = "cross_site"
    status = HTTPStatus.FORBIDDEN


class JanusUnavailableError(UnavailableError):
    """Janus can't be asked, and this needs its word."""

    code = "janus_unavailable"
