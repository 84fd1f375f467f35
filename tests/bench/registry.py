"""Every benchmark by name. To add one: a module with a function that gives rows, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from tests.bench.results import Row


@dataclass(frozen=True)
class Bench:
    """`module:function`, and the names of the rows it gives."""

    target: str
    rows: tuple[str, ...]

    def load(self) -> Callable[[], Iterable[Row]]:
        """The function; imported only when it is run."""
        module, _, function = self.target.partition(":")
        found: Callable[[], Iterable[Row]] = getattr(import_module(module), function)
        return found


BENCHES: dict[str, Bench] = {
    "scans": Bench(
        "tests.bench.scans:rows",
        (
            "scan_memory_1m_over_100k",
            "scan_memory_1m",
            "first_scan_over_decode",
            "scan_1m_over_decode",
            "rescan_1m_over_decode",
            "rescan_rows_written",
            "incremental_01_over_full",
            "incremental_01_over_rescan",
            "incremental_1_over_01",
        ),
    ),
    "backlog": Bench(
        "tests.bench.scans:backlog_rows", ("backlog_first_scan_over_decode", "backlog_scan_over_decode")
    ),
    "sharing": Bench("tests.bench.sharing:rows", ("one_worker_over_two",)),
    "dagster": Bench("tests.bench.declarative:rows", ("dagster_over_ours_per_record",)),
    "dispatch": Bench(
        "tests.bench.dispatch:rows",
        (
            "bid_cpu_over_bare_claim",
            "bid_cpu_over_claim_on_twins",
            "losing_bid_over_winning",
            "ticket_over_bid",
            "poll_304_cpu_over_bare",
            "poll_304_10k_over_100",
            "list_10k_over_json_agg",
            "list_10k_second_reader",
            "page_n_over_page_1",
            "sweep_idle_3m_over_30k",
            "sweep_row_over_update",
        ),
    ),
    "rates": Bench(
        "tests.bench.rates:rows",
        (
            "bids_over_pgbench",
            "bids_over_textbook_view",
            "pairs_over_celery_drain",
            "pairs_over_procrastinate",
        ),
    ),
    "crowd": Bench("tests.bench.crowd:rows", ("crowd_of_16_on_1000",)),
    "burst": Bench("tests.bench.burst:rows", ("burst_judged_per_record",)),
    "events": Bench("tests.bench.events:rows", ("event_to_suggestion_p95_s",)),
    "story": Bench("tests.bench.fresh_clone:rows", ("story_s",)),
    "removals": Bench(
        "tests.bench.removals:rows",
        ("removal_over_bare_delete", "removal_over_batched_delete", "removal_with_bundles_over_bare_delete"),
    ),
    "forms": Bench("tests.bench.forms:rows", ("sarek_form_over_django_form", "sarek_form_cpu_s")),
    "journal": Bench("tests.bench.journal:rows", ("journal_write_p95_s", "journal_write_31mb_s")),
    "pages": Bench("tests.bench.site_pages:rows", ("page_statements", "page_s")),
    "walk": Bench(
        "tests.bench.walks:rows",
        (
            "walk_over_fetch_and_decode",
            "walk_in_rows_over_fetch_and_decode",
            "walk_memory_1m_over_100k",
            "walk_memory_1m",
        ),
    ),
}


class UnknownBenchError(LookupError):
    """No benchmark and no row has this name."""


def chosen(names: Iterable[str]) -> list[str]:
    """The benchmarks named, or those that give the rows named; all of them when nothing is named."""
    wanted = set(names)
    known = {one for name, bench in BENCHES.items() for one in (name, *bench.rows)}
    if unknown := wanted - known:
        raise UnknownBenchError(
            f"No benchmark gives {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}."
        )
    return [name for name, bench in BENCHES.items() if not wanted or wanted & {name, *bench.rows}]
