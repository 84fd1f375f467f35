"""What this process and its PostgreSQL backend compute, which a busy machine distorts less than the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection


def both_cpu(action: Callable[[], object]) -> float:
    """Seconds this process and the backend of its connection compute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
    return cpu_with_backend(action, pid)


def cpu_with_backend(action: Callable[[], object], pid: int) -> float:
    """Seconds this process and that backend compute."""
    backend, own = _backend_seconds(pid), time.process_time()
    action()
    spent = time.process_time() - own
    return spent + _backend_seconds(pid) - backend


def _backend_seconds(pid: int) -> float:
    """What the PostgreSQL process behind a connection has computed so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
