"""What Janus's tokens tell of people."""

from __future__ import annotations

from django.dispatch import Signal

#: sent once an hour and token in each process, with: person (who holds it; never a task token's)
person_came_by = Signal()
