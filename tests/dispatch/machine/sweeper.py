"""Workers that can be killed between any two statements.

A process of its own, asked over its standard input: `{"sweeps": [{"kill_after": 3, "magma": "http://…"}]}`.
Each sweep is a child that does what the workers' tasks do, all at once, and says how each ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import django


def main() -> None:
    """Answer one line after another."""
    django.setup()
    _connect_later()
    for line in sys.stdin:
        children = [_fork(**sweep) for sweep in json.loads(line)["sweeps"]]
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        sys.stdout.write(json.dumps(ends) + "\n")
        sys.stdout.flush()


def _connect_later() -> None:
    """Everything is imported before the first fork, and nothing is connected."""
    from dispatch import tasks  # noqa: F401, PLC0415 — after Django's apps
    from dispatch.webhooks import tasks as told  # noqa: F401, PLC0415 — the same
    from loaders import seam  # noqa: F401, PLC0415 — the same


def _fork(*, kill_after: int | None, magma: str) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        _sweep(kill_after, magma)
        code = 0
    except Exception:  # noqa: BLE001 — told in the log: this child ends here, whatever happened
        traceback.print_exc()
    finally:
        os._exit(code)


def _sweep(kill_after: int | None, magma: str) -> None:
    """What beat asks of the workers every few seconds."""
    from django.conf import settings  # noqa: PLC0415 — after Django's apps
    from django.db import connection  # noqa: PLC0415 — the same

    from dispatch import policies, witness  # noqa: PLC0415 — the same
    from dispatch.services import due, flags  # noqa: PLC0415 — the same
    from dispatch.webhooks.services import telling  # noqa: PLC0415 — the same
    from magma import client  # noqa: PLC0415 — the same
    from magma.wire import Patience  # noqa: PLC0415 — the same
    from polyphemus_site import clock  # noqa: PLC0415 — the same

    settings.POLYPHEMUS_MAGMA_URL = magma
    key = (os.getpid(), *(str(getattr(settings, name)) for name in client.SETTINGS))
    client._clients[key] = client.Magma(
        url=magma, token=client.token_source(), projects=["dt_lung"], patience=Patience(attempts=1)
    )
    with connection.execute_wrapper(_killer(kill_after)):
        now = clock.now()  # noqa: TID251 — stands where the tasks stand
        due.sweep(witness=witness.configured(), waits=policies.waits(), now=now)
        flags.sweep(admins=[], patience=policies.poll_patience(), now=now)
        telling.tell(site_url=settings.POLYPHEMUS_URL, now=now)


def _killer(after: int | None) -> Callable[..., Any]:
    """End this process, as a lack of memory would, before its statement number `after`."""
    count = 0

    def run(execute: Callable[..., Any], sql: Any, values: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if count == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, values, many, context)

    return run


if __name__ == "__main__":
    main()
