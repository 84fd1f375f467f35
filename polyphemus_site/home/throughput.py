"""How many requests ended each week, and how many of them on time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, DateTimeField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import TruncWeek

from dispatch.models import AnalysisRequest
from dispatch.states import Outcome

WEEKS = 12
SECOND = Value(timedelta(seconds=1), output_field=DurationField())
ESTIMATE = ExpressionWrapper(F("estimate_seconds") * SECOND, output_field=DurationField())
ON_TIME = Q(ended_at__lte=ExpressionWrapper(F("started_at") + ESTIMATE, output_field=DateTimeField()))


@dataclass(frozen=True, slots=True)
class Week:
    """One week, by its Monday: requests that were done, those of them on time, and those cancelled."""

    monday: date
    done: int = 0
    on_time: int = 0
    cancelled: int = 0


def throughput(project: str, *, now: datetime) -> list[Week]:
    """The last weeks, the oldest first, empty ones included."""
    this_monday = (now - timedelta(days=now.weekday())).date()
    mondays = [this_monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    was_done = ~Q(outcome=Outcome.CANCELLED)
    rows = (
        AnalysisRequest.objects.filter(project=project, ended_at__date__gte=mondays[0])
        .annotate(monday=TruncWeek("ended_at"))
        .values("monday")
        .annotate(
            done=Count("pk", filter=was_done),
            on_time=Count("pk", filter=was_done & ON_TIME),
            cancelled=Count("pk", filter=~was_done),
        )
    )
    known = {
        row["monday"].date(): Week(row["monday"].date(), row["done"], row["on_time"], row["cancelled"])
        for row in rows
    }
    return [known.get(monday, Week(monday)) for monday in mondays]
