"""Tags that every page may use: instants, badges, lengths of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from polyphemus_site.prefix import below
from polyphemus_site.sentences import from_form, told

register = template.Library()


@register.simple_tag
def instant(at: datetime | None) -> SafeString | str:
    """An instant in UTC, exact on hover; a script says it in the reader's zone and how long ago."""
    if at is None:
        return "\N{EN DASH}"
    exact = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{} UTC</time>',
        exact.isoformat(timespec="seconds"),
        exact.isoformat(timespec="milliseconds"),
        exact.strftime("%Y-%m-%d %H:%M"),
    )


@register.filter(name="below")
def below_filter(path: str) -> str:
    """A path that is kept without the prefix, as a browser has to ask for it."""
    return below(path)


@register.filter(name="told")
def told_filter(said: Any) -> str:
    """A sentence in the reader's language."""
    return told(from_form(said))


@register.filter
def told_in_a_row(sentences: Sequence[Any]) -> str:
    """Kept sentences, one after the other, the same."""
    return " ".join(map(told_filter, sentences))


@register.simple_tag
def badge(status: Any, tone: str = "") -> SafeString:
    """A status in its words and its tone, or another; never by colour alone."""
    return format_html(
        '<span class="badge" data-tone="{}">{}</span>',
        tone or getattr(status, "tone", "calm"),
        gettext(status.label),
    )


@register.inclusion_tag("polyphemus/columns.html")
def columns(*names: str, numbers: int = 0, rest: int = 0) -> dict[str, Any]:
    """A table's head: its columns, of which those before the `rest` last, `numbers` many, hold numbers."""
    end = len(names) - rest
    return {"columns": [(name, end - numbers <= place < end) for place, name in enumerate(names)]}


#: A project's pages, by the name of their address.
TABS = (
    ("project", _("Overview")),
    ("suggestions_page", _("Suggestions")),
    ("requests_page", _("Requests")),
    ("analyses_page", _("Analyses")),
    ("orphans_page", _("Orphans")),
)


@register.inclusion_tag("polyphemus/tabs.html", takes_context=True)
def project_tabs(context: template.Context) -> dict[str, Any]:
    """Where one can go within the project of this page; nothing on a page of no project."""
    project, path = context.get("project"), context["request"].path
    if not isinstance(project, str) or not project:
        return {"tabs": []}
    places = [(reverse(name, args=[project]), label) for name, label in TABS]
    front = places[0][0]
    tabs = [(url, label, path.startswith(url) if url != front else path == front) for url, label in places]
    return {"tabs": tabs}


@register.filter
def lasting(length: timedelta | float) -> str:
    """A length of time in at most two units: `1 h 5 min`."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    sign, seconds = ("\N{MINUS SIGN}", -seconds) if seconds < 0 else ("", seconds)
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((place for place, (count, _) in enumerate(units) if count), len(units) - 1)
    shown = [f"{count} {unit}" for count, unit in units[first : first + 2] if count]
    return sign + (" ".join(shown) or "0 s")
