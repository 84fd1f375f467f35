"""What can go wrong when the warehouse is asked, each with what to do about it.

Magma tells of errors in six shapes (a list `errors`, a string `error`, a bare JSON string, HTML, plain text,
and answers that break off); `magma.refusals` reads them all into the one family here. Reaching a person,
every one of them is a 503: the fault is not in what the person asked of us.
"""

from __future__ import annotations

from typing import ClassVar

from polyphemus_site.errors import UnavailableError


class MagmaError(UnavailableError):
    """The warehouse could not be read.

    Subclass implementation: set `code` and `advice` (what an operator should do); set `passing` when the same
    question may well succeed a little later with nothing changed.
    """

    code = "magma_error"
    advice: ClassVar[str] = "Look at Magma's log for the time of the call."
    passing: ClassVar[bool] = False

    def __init__(
        self, message: str, *, http_status: int | None = None, messages: tuple[str, ...] = ()
    ) -> None:
        """Keep Magma's own status and sentences beside ours; neither is shown to people who only browse."""
        super().__init__(message)
        self.http_status = http_status
        self.messages = messages


class MagmaNotConfigured(MagmaError):
    """Nobody has said where the warehouse is, or what to read it with."""

    code = "magma_not_configured"
    advice = "Set POLYPHEMUS_MAGMA_URL and POLYPHEMUS_MAGMA_TOKEN; `manage.py doctor` tries them."


class MagmaUnreachable(MagmaError):
    """No connection, or one that was lost before the answer began."""

    code = "magma_unreachable"
    advice = "See whether Magma runs at POLYPHEMUS_MAGMA_URL and is reachable from this host."
    passing = True


class MagmaTimeout(MagmaError):
    """No answer in time. Magma itself waits for Janus, for minutes when Janus is down."""

    code = "magma_timeout"
    advice = "See whether Janus answers Magma, and how busy Magma's database is; ask for smaller pages."
    passing = True


class MagmaUnauthorized(MagmaError):
    """The token is missing, malformed, expired or signed by another Janus (401, or a redirect to a login)."""

    code = "magma_unauthorized"
    advice = "Renew POLYPHEMUS_MAGMA_TOKEN, or give POLYPHEMUS_JANUS_EMAIL and its private key."


class JanusRefused(MagmaUnauthorized):
    """Janus gave no token for our signature."""

    code = "janus_refused"
    advice = "See that Janus knows POLYPHEMUS_JANUS_EMAIL with the public half of our key, and both clocks."


class JanusAway(MagmaError):
    """No token can be fetched for now; without one Magma can't be asked."""

    code = "janus_away"
    advice = "See whether Janus runs at POLYPHEMUS_JANUS_URL and is reachable from this host."
    passing = True


class MagmaForbidden(MagmaError):
    """The token is good, but not for this project; an unknown project looks the same (403)."""

    code = "magma_forbidden"
    advice = (
        "Give the token's owner at least the viewer role on the project, and see that it is spelled right."
    )


class MagmaRestricted(MagmaForbidden):
    """A restricted attribute was asked for by a role that may not see restricted data."""

    code = "magma_restricted"
    advice = "Grant the privileged form of the role on the project (an upper-case letter in the token)."


class MagmaRightsLost(MagmaError):
    """Our token saw the project's restricted data and no longer does: hidden looks the same as gone."""

    code = "magma_rights_lost"
    advice = (
        "Grant the token's owner the upper-case role on the project again. If restricted data is to be left "
        "out from now on, say so: `manage.py scan PROJECT --full --without-restricted`."
    )


class MagmaAgreementNeeded(MagmaForbidden):
    """A community project whose agreement the token's owner has not signed."""

    code = "magma_agreement_needed"
    advice = "Visit the project's home page as the token's owner and request access."


class MagmaNotFound(MagmaError):
    """No such project, model or record in the warehouse (404)."""

    code = "magma_not_found"
    advice = "See whether the project or model was renamed or removed; templates are read anew at each scan."


class MagmaNoSuchRoute(MagmaNotFound):
    """What answers at the address is not Magma, or a Magma without this route."""

    code = "magma_no_such_route"
    advice = "POLYPHEMUS_MAGMA_URL must be Magma's base address, without a path of its own routes."


class MagmaRefused(MagmaError):
    """The question is malformed in Magma's eyes: an attribute that is gone, a filter it can't read (422)."""

    code = "magma_refused"
    advice = "Compare the question with the model's template; an attribute may have been renamed or removed."


class MagmaFailed(MagmaError):
    """Magma broke on the question (5xx)."""

    code = "magma_failed"
    advice = "Look at Magma's log for the time of the call; the same question will likely fail again."


class MagmaUnavailable(MagmaFailed):
    """Something in front of Magma says that it is away for now (502, 503, 504, 429)."""

    code = "magma_unavailable"
    advice = "Wait: Magma restarts itself after each change of a model. If it lasts, see whether it runs."
    passing = True


class MagmaGarbled(MagmaError):
    """The answer is not what Magma would say: broken off, not JSON, or of an unknown shape."""

    code = "magma_garbled"
    advice = "See what answers at POLYPHEMUS_MAGMA_URL: a proxy's page, or a Magma of another version."


class MagmaBrokenOff(MagmaGarbled):
    """The connection was lost in the middle of the answer."""

    code = "magma_broken_off"
    advice = "See whether Magma was restarted, or a proxy cuts long answers."
    passing = True


class MagmaTooLarge(MagmaGarbled):
    """The answer outgrew what we are willing to hold in memory."""

    code = "magma_too_large"
    advice = "Ask in pages, or for fewer attributes."


class MagmaShifted(MagmaError):
    """The model changed faster than it could be walked, so the walk can't vouch for its completeness."""

    code = "magma_shifted"
    advice = "Walk again; if it lasts, see who moves or disconnects thousands of records at once."
    passing = True


class WriteRefused(Exception):
    """Somebody in our own code tried to send Magma something that is not a read. Never caught."""
