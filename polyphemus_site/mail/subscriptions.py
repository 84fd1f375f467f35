"""Links that stop a kind of mail: signed, so that only the recipient of a mail holds the one for it."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from polyphemus_site.errors import MissingError
from polyphemus_site.mail.models import Notice
from polyphemus_site.prefix import place

SALT = "polyphemus.mail.unsubscribe"


def one_click_url(notice: Notice) -> str:
    """For a mail program's own button (RFC 8058); never shown in the mail itself."""
    token = signing.dumps([notice.recipient, notice.kind], salt=SALT, compress=True)
    return f"{settings.POLYPHEMUS_URL}{place('unsubscribe', token)}"


def read(token: str) -> tuple[str, str]:
    """The address and the kind of a link; raises `MissingError` for one we didn't make."""
    try:
        address, kind = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise MissingError(_("This link isn't one of ours.")) from error
    return str(address), str(kind)
