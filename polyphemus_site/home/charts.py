"""Charts as SVG in the page itself: no script, nothing fetched, the same numbers in a table beside them."""

from __future__ import annotations

from collections.abc import Sequence

import leather
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from leather import theme

from polyphemus_site.home.throughput import Week

WIDTH, HEIGHT = 720, 240
FONT = "Open Sans, system-ui, sans-serif"
LATE, ON_TIME = "#daa520", "#066306"

theme.background_color = "#ffffff"
theme.label_color = theme.title_color = theme.legend_color = "#33333c"
theme.tick_font_family = theme.title_font_family = theme.axis_title_font_family = FONT
theme.legend_font_family = FONT


def throughput_chart(weeks: Sequence[Week]) -> SafeString:
    """A column a week: what was done, and over it the part that was done on time."""
    chart = leather.Chart()
    labels = [f"{week.monday:%m-%d}" for week in weeks]
    done = [(label, week.done) for label, week in zip(labels, weeks, strict=True)]
    on_time = [(label, week.on_time) for label, week in zip(labels, weeks, strict=True)]
    chart.add_columns(done, name=_("late"), fill_color=LATE)
    chart.add_columns(on_time, name=_("on time"), fill_color=ON_TIME)
    highest = max((week.done for week in weeks), default=0)
    chart.set_y_scale(leather.Linear(0, max(highest, 4)))
    drawing: str = chart.to_svg(width=WIDTH, height=HEIGHT)
    scaled = drawing.replace("<svg ", f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" ', 1)
    return mark_safe(scaled)  # noqa: S308 — numbers and dates alone
