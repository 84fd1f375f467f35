"""What a failed try means: wait and try again, or give up."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from http import HTTPStatus

from anymail.exceptions import AnymailError, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.core.mail.message import BadHeaderError
from django.template import TemplateDoesNotExist, TemplateSyntaxError

MAX_SENTENCE = 500
#: A provider's answers that a second try won't change.
REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a try failed. `server_is_away` means that no other mail would get through now either."""

    sentence: str
    is_permanent: bool
    server_is_away: bool = False


def judge(error: Exception) -> Fault:
    """The fault behind an error of Django's mail, anymail, SMTP or a template."""
    sentence = f"{type(error).__name__}: {error}"[:MAX_SENTENCE].replace("\x00", "")
    return Fault(sentence, is_permanent=is_permanent(error), server_is_away=is_away(error))


def is_permanent(error: Exception) -> bool:
    """Whether the same mail would fail in the same way however often it is tried."""
    if isinstance(error, TemplateDoesNotExist | TemplateSyntaxError | BadHeaderError):
        return True
    if isinstance(error, AnymailRecipientsRefused):
        return True
    if isinstance(error, AnymailRequestsAPIError):
        return error.status_code in REFUSALS
    return any(500 <= code < 600 for code in _smtp_codes(error))  # noqa: PLR2004 — RFC 5321 section 4.2.1


def is_away(error: Exception) -> bool:
    """Whether the server itself couldn't be spoken to."""
    if isinstance(error, smtplib.SMTPException):
        return isinstance(error, smtplib.SMTPServerDisconnected | smtplib.SMTPConnectError)
    return isinstance(error, OSError) and not isinstance(error, AnymailError)


def _smtp_codes(error: Exception) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return [error.smtp_code]
    return []
