"""From a notice to the mail: text first, HTML beside it, headers no context can break."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.translation import get_language, gettext, override

from polyphemus_site.mail.kinds import Kind
from polyphemus_site.mail.mailboxes import language_of
from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.subscriptions import one_click_url
from polyphemus_site.prefix import place

MAX_SUBJECT = 180


@dataclass(frozen=True, slots=True)
class Preview:
    """How a mail would look."""

    subject: str
    text: str
    html: str


def preview(kind: Kind) -> Preview:
    """A kind's mail with its example."""
    context = {**kind.example, "site_url": settings.POLYPHEMUS_URL, "recipient": "dr.who@example.org"}
    subject, text = _split(render_text(kind.name, context))
    return Preview(subject, text, render_html(kind.name, context, text=text))


def compose(notice: Notice) -> EmailMultiAlternatives:
    """The mail of a notice, in the recipient's language; raises Django's template errors."""
    context = _context(notice)
    with override(language_of(notice.recipient)):
        subject, text = _split(render_text(notice.kind, context))
        html = render_html(notice.kind, context, text=text)
    message = EmailMultiAlternatives(
        subject=subject,
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.recipient],
        headers=_headers(notice),
    )
    message.attach_alternative(html, "text/html")
    return message


def subject_of(notice: Notice) -> str:
    """The first line of its text, in the language of the moment."""
    return _split(render_text(notice.kind, _context(notice)))[0]


def _context(notice: Notice) -> dict[str, Any]:
    return {**notice.context, "site_url": settings.POLYPHEMUS_URL, "recipient": notice.recipient}


def _split(rendered: str) -> tuple[str, str]:
    """The subject in the first line, and the text below it with our foot."""
    subject, _, body = rendered.partition("\n")
    return one_line(subject), body.lstrip("\n") + _foot()


def _headers(notice: Notice) -> dict[str, str]:
    return {
        "Message-ID": message_id(notice),
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{one_click_url(notice)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _foot() -> str:
    """Below every text: where to choose. The page asks who one is, so a link scanner changes nothing."""
    address = f"{settings.POLYPHEMUS_URL}{place('mail_wishes')}"
    where = gettext("Choose which mails you get:")  # by itself: inside an f-string it would not be gathered
    return f"\n-- \n{where} {address}\n"


def render_text(kind: str, context: dict[str, Any]) -> str:
    """The text template; not escaped, for plain text has nothing to escape."""
    template = get_template(f"mail/{kind}.txt").template  # type: ignore[attr-defined]  # the backend's wrapper
    return str(template.render(Context(context, autoescape=False))).strip("\n") + "\n"


def render_html(kind: str, context: dict[str, Any], *, text: str) -> str:
    """The kind's HTML template, escaped as a page is; where it has none, the text with its links."""
    try:
        template = get_template(f"mail/{kind}.html")
    except TemplateDoesNotExist:
        template = get_template("mail_pages/letter.html")
    return str(template.render({**context, "text": text, "language": get_language()}))


def one_line(text: str) -> str:
    """A subject: no line breaks, no control or direction marks, not too long."""
    visible = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    plain = "".join(char for char in visible if unicodedata.category(char) != "Cf")
    line = " ".join(plain.split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"


def message_id(notice: Notice) -> str:
    """The same for every try, so that a mail sent twice can be recognised as one."""
    digest = hashlib.sha256(notice.key.encode()).hexdigest()[:20]
    return f"<notice-{notice.pk}-{digest}@{_domain()}>"


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
