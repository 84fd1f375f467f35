#!/usr/bin/env python3
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db.utils import OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisError


def main() -> None:
    """Run the command; a server that doesn't answer ends it with one sentence."""
    try:
        execute_from_command_line(sys.argv)
    except (OperationalError, BrokerError, RedisError):
        from polyphemus_site import startup  # noqa: PLC0415 — settings may be the very thing that is wrong

        if sentences := startup.unreachable():
            startup.stop(sentences)
        raise


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")
    main()
