"""`python -m polyphemus_site.embedded run [--fresh] [--data DIR] -- COMMAND...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from polyphemus_site.embedded.errors import EmbeddedError, InterruptedStartError
from polyphemus_site.embedded.supervisor import SIGNAL_EXIT_BASE, run
from polyphemus_site.env import EnvironmentVariableError

CHECKOUT = Path(__file__).resolve().parents[2]


def arguments(argv: list[str]) -> argparse.Namespace:
    """The command line, understood."""
    parser = argparse.ArgumentParser(prog="python -m polyphemus_site.embedded", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="run")
    verb = verbs.add_parser(
        "run", help="start what DATABASE_URL and REDIS_URL do not name, and run a command"
    )
    verb.add_argument("--fresh", action="store_true", help="servers thrown away at the end")
    verb.add_argument(
        "--data", type=Path, default=CHECKOUT / ".polyphemus", help="where the servers' data lies"
    )
    verb.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND...")
    parsed = parser.parse_args(argv)
    parsed.command = parsed.command[1:] if parsed.command[:1] == ["--"] else parsed.command
    if not parsed.command:
        parser.error("name the command to run after --")
    return parsed


def main(argv: list[str]) -> int:
    """Run; what goes wrong is said in one sentence."""
    chosen = arguments(argv)
    try:
        return run(chosen.command, folder=chosen.data, fresh=chosen.fresh)
    except (EmbeddedError, EnvironmentVariableError) as error:
        sys.stderr.write(f"polyphemus: {error}\n")
        return 1
    except InterruptedStartError as interruption:
        return SIGNAL_EXIT_BASE + interruption.signum


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
