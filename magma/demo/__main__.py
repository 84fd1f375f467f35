"""Run the demo warehouse: `python -m magma.demo --janus-public-key FILE [--url-file F] ...`."""

from __future__ import annotations

import argparse
import signal
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from magma.demo.answers import Reply
from magma.demo.janus import Janus
from magma.demo.journal import Journal
from magma.demo.kept import KeptWarehouse
from magma.demo.server import Application, serving
from magma.demo.signing import Signer
from magma.demo.tokens import KeyPair
from magma.demo.warehouse import Request, Warehouse, utc_now


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m magma.demo", description="A warehouse to try things out on."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--url-file", type=Path, help="the address is written here once it answers")
    parser.add_argument(
        "--janus-public-key", type=Path, required=True, help="PEM that tokens are verified with"
    )
    parser.add_argument(
        "--janus-private-key", type=Path, help="PEM; with it, a demo Janus answers here as well"
    )
    account = "EMAIL=PERM=PUBLIC_KEY_FILE: an account of the demo Janus"
    parser.add_argument("--service", type=read_service, action="append", default=[], help=account)
    parser.add_argument("--cookie", default="JANUS_TOKEN", help="the cookie that may carry a token")
    parser.add_argument("--journal-url", help="where updates are pushed to")
    parser.add_argument("--etna-key", help="the key pushes are signed with, as the service `magma`")
    parser.add_argument("--database-url", help="keep the rows there, laid out as Magma lays out its own")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="start at this instant instead of now")
    return parser.parse_args()


def read_service(text: str) -> tuple[str, tuple[str, str]]:
    """A service's account at the demo Janus."""
    email, perm, path = text.split("=")
    return email, (perm, Path(path).read_text(encoding="ascii"))


def open_janus(options: argparse.Namespace, public_key: str) -> Janus | None:
    """A demo Janus, if there is a key for it to sign with."""
    if options.janus_private_key is None:
        return None
    keys = KeyPair(options.janus_private_key.read_text(encoding="ascii"), public_key)
    return Janus(keys, cookie=options.cookie, services=dict(options.service))


def both(warehouse: Warehouse, janus: Janus | None) -> Application:
    """One server for the two of them."""

    def answer(request: Request) -> Reply:
        return (janus and janus.answer(request)) or warehouse.answer(request)

    return answer


def open_warehouse(options: argparse.Namespace) -> Warehouse:
    """A seeded warehouse as the options want it."""
    ahead = options.clock.astimezone(UTC) - utc_now() if options.clock else timedelta()
    public_key = options.janus_public_key.read_text(encoding="ascii")
    plain: dict[str, Any] = {"clock": lambda: utc_now() + ahead, "cookie": options.cookie}
    if not options.database_url:
        warehouse = Warehouse(public_key, **plain)
        warehouse.seed()
        return warehouse
    kept = KeptWarehouse(public_key, url=options.database_url, **plain)
    kept.seed()
    kept.open()
    return kept


def announce(path: Path, url: str) -> None:
    """Write the address whole or not at all: somebody may be watching the file."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(url, encoding="ascii")
    draft.replace(path)


def main() -> None:
    """Serve until a signal says stop."""
    options = arguments()
    stops = {signal.SIGTERM, signal.SIGINT}
    # Blocked before any thread starts, so that only the sigwait below ever sees them.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    warehouse = open_warehouse(options)
    with ExitStack() as stack:
        if options.journal_url:
            journal = Journal(options.journal_url, Signer("magma", options.etna_key or ""), utc_now)
            warehouse.journal = stack.enter_context(closing(journal))
        application = both(warehouse, open_janus(options, warehouse.public_key))
        server = stack.enter_context(serving(application, options.host, options.port))
        if options.url_file:
            announce(options.url_file, server.url)
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
