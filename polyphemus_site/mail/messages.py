"""From a notice to the mail: text first, HTML beside it, headers no context can break."""

from __future__ import annotations

import hashlib
import unicodedata
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template

from polyphemus_site.mail.models import Notice

MAX_SUBJECT = 180


def compose(notice: Notice) -> EmailMultiAlternatives:
    """The mail of a notice; raises Django's template errors when its templates are missing or broken."""
    context = {**notice.context, "site_url": settings.POLYPHEMUS_URL, "recipient": notice.recipient}
    subject, _, body = render_text(notice.kind, context).partition("\n")
    message = EmailMultiAlternatives(
        subject=one_line(subject),
        body=body.lstrip("\n"),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.recipient],
        headers={"Message-ID": message_id(notice), "Auto-Submitted": "auto-generated"},
    )
    if html := render_html(notice.kind, context):
        message.attach_alternative(html, "text/html")
    return message


def render_text(kind: str, context: dict[str, Any]) -> str:
    """The text template; not escaped, for plain text has nothing to escape."""
    template = get_template(f"mail/{kind}.txt").template  # type: ignore[attr-defined]  # the backend's wrapper
    return str(template.render(Context(context, autoescape=False))).strip("\n") + "\n"


def render_html(kind: str, context: dict[str, Any]) -> str:
    """The HTML template, escaped as a page is; empty where a kind has none."""
    try:
        template = get_template(f"mail/{kind}.html")
    except TemplateDoesNotExist:
        return ""
    return str(template.render(context))


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
