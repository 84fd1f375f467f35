"""Dagster with one asset condition a record, run in an environment of its own: `declarative_peer.py RECORDS`.

Prints the seconds it takes to tell it that every record changed and to have it evaluate what follows.
"""

from __future__ import annotations

import sys
import tempfile
import time

import dagster as dg  # type: ignore[import-not-found]  # only in the environment it is run in


def main(records: int) -> None:
    """Tell and evaluate, after everything has been evaluated once."""
    names = [f"LRG{number:07d}" for number in range(records)]
    partitions = dg.StaticPartitionsDefinition(names)

    @dg.asset(partitions_def=partitions)
    def fastqs() -> None:
        """What comes in."""

    @dg.asset(partitions_def=partitions, deps=[fastqs], automation_condition=dg.AutomationCondition.eager())
    def vcf() -> None:
        """What is to be made of it."""

    definitions = dg.Definitions(assets=[fastqs, vcf])
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        before = dg.evaluate_automation_conditions(definitions, instance)
        start = time.perf_counter()
        for name in names:
            event = dg.AssetMaterialization(asset_key="fastqs", partition=name)
            instance.report_runless_asset_event(event)
        after = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor)
        seconds = time.perf_counter() - start
    sys.stdout.write(f"{seconds} {after.get_num_requested(dg.AssetKey('vcf'))}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
