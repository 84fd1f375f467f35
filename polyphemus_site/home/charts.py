"""Charts as SVG in the page itself: no script, nothing fetched, the same numbers in a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import leather
from django.utils.safestring import SafeString, mark_safe
from leather import theme

from polyphemus_site.home.throughput import Week

WIDTH, HEIGHT = 720, 240
FONT = "Open Sans, system-ui, sans-serif"
DONE, ON_TIME = "#b8860b", "#066306"

theme.background_color = "#ffffff"
theme.label_color = theme.title_color = theme.legend_color = "#33333c"
theme.tick_font_family = theme.title_font_family = theme.axis_title_font_family = FONT
theme.legend_font_family = FONT


def throughput_chart(weeks: Sequence[Week]) -> SafeString:
    """Two lines over the weeks: done, and done on time."""
    chart = leather.Chart()
    chart.add_line([(week.monday, week.done) for week in weeks], name="done", stroke_color=DONE)
    chart.add_line([(week.monday, week.on_time) for week in weeks], name="on time", stroke_color=ON_TIME)
    highest = max((week.done for week in weeks), default=0)
    chart.set_y_scale(leather.Linear(Decimal(0), Decimal(max(highest, 4))))
    drawing: str = chart.to_svg(width=WIDTH, height=HEIGHT)
    scaled = drawing.replace("<svg ", f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" ', 1)
    return mark_safe(scaled)  # noqa: S308 — numbers and dates alone
